"""The numbers of held-out rows, in all and of each class, below which a comparison of two models is undecided.

A multiclass model is compared without its rare classes: a few rows of one class decide nothing about the others. Both
classes of a binary model are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.gate.check import Check, member, number, read_metric

NAME = "rare classes"
#: a member of the evaluation that the gate adds: True if the target is sensitive
HIDDEN = "target_hidden"
_LISTED = 5


def size_problem(evaluation: Mapping[str, Any], policy: Gate) -> str | None:
    """The reason why the held-out rows are too few for a comparison; None if they suffice."""
    rows = member(evaluation, "rows")
    held_out = number(member(rows, "held_out"))
    if held_out is None or held_out < policy.min_rows:
        return (
            f"{_count_text(held_out)} rows were held out, at least {policy.min_rows} are needed (gate.min_rows; more "
            "rows, or a larger training.held_out)"
        )
    return class_problem(evaluation, policy)


def class_problem(evaluation: Mapping[str, Any], policy: Gate) -> str | None:
    """The reason why classes have too few held-out rows for a comparison; None if they suffice."""
    rows = member(evaluation, "rows")
    if member(evaluation, "problem") == "multiclass":
        return _multiclass_problem(evaluation, policy)
    names = ("positives", "negatives")
    binary = member(evaluation, "problem") == "binary"
    for name in names:
        count = number(member(rows, name))
        if (binary or member(rows, name) is not None) and (count is None or count < policy.min_per_class):
            return (
                f"{_count_text(count)} held-out rows are {name}, at least {policy.min_per_class} are needed "
                "(gate.min_per_class; more such rows, or a larger training.held_out)"
            )
    return None


def rare_checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """A note that names the rare classes of a multiclass model with their rows; none if there are no rare ones."""
    rare = _rare(evaluation, policy)
    if not rare:
        return ()
    candidate, champion = (member(member(evaluation, name), "classes") for name in ("candidate", "champion"))
    hidden = member(evaluation, HIDDEN) is True
    listed = [_class_text(name, count, candidate, champion, hidden) for name, count in list(rare.items())[:_LISTED]]
    more = f" and {len(rare) - _LISTED} more" if len(rare) > _LISTED else ""
    sentence = (
        f"Too few held-out rows to tell, so left out of the comparison: {'; '.join(listed)}{more}. "
        f"gate.min_per_class asks for {policy.min_per_class} rows of a class; more rows of it, or a larger "
        "training.held_out, let it count."
    )
    return (Check(NAME, float(len(rare)), None, None, None, "noted", sentence),)


def without_rare(evaluation: Mapping[str, Any], policy: Gate) -> str:
    """The words for a comparison that leaves rare classes out; "" if there are none."""
    return " without the rare classes" if _rare(evaluation, policy) else ""


def _multiclass_problem(evaluation: Mapping[str, Any], policy: Gate) -> str | None:
    counts = _counts(evaluation)
    if not counts:
        return "the number of held-out rows of each class is unknown"
    unknown = [name for name, count in counts.items() if count is None]
    if unknown:
        return f"the number of held-out rows of {_the(unknown[0], evaluation)} is unknown"
    rare = _rare(evaluation, policy)
    common = sum(count is not None and count >= policy.min_per_class for count in counts.values())
    if common < 2:
        return (
            f"{common} classes have {policy.min_per_class} held-out rows, at least two are needed (gate.min_per_class; "
            "more rows, or a larger training.held_out)"
        )
    measured = member(member(evaluation, "common"), "left_out")
    if rare and set(measured if isinstance(measured, Mapping) else ()) != set(rare):
        name, count = next(iter(rare.items()))
        return (
            f"{_count_text(count)} held-out rows are of {_the(name, evaluation)}, at least {policy.min_per_class} are "
            "needed (gate.min_per_class), and the evaluation has no metrics without that class"
        )
    return None


def _counts(evaluation: Mapping[str, Any]) -> dict[str, float | None]:
    """The numbers of held-out rows of each class, without classes that have none."""
    classes = member(member(evaluation, "candidate"), "classes")
    if member(evaluation, "problem") != "multiclass" or not isinstance(classes, Mapping):
        return {}
    counts = {str(name): number(member(entry, "rows")) for name, entry in classes.items()}
    return {name: count for name, count in counts.items() if count != 0}


def _rare(evaluation: Mapping[str, Any], policy: Gate) -> dict[str, float]:
    found = {name: count for name, count in _counts(evaluation).items() if count is not None}
    return {name: count for name, count in found.items() if count < policy.min_per_class}


def _the(name: str, evaluation: Mapping[str, Any]) -> str:
    return "a class" if member(evaluation, HIDDEN) is True else f"the class {name}"


def _named(name: str, hidden: bool) -> str:
    """A class in a sentence; the classes of a sensitive target are values of persons and are not named."""
    return "a class" if hidden else f"class {name}"


def _class_text(name: str, count: float, candidate: object, champion: object, hidden: bool) -> str:
    mine, theirs = (read_metric(member(each, name), "recall").value for each in (candidate, champion))
    recall = "" if mine is None else f", recall {mine:.4g}" + ("" if theirs is None else f" against {theirs:.4g}")
    return f"{_named(name, hidden)} ({count:.0f} rows{recall})"


def _count_text(count: float | None) -> str:
    return "an unknown number of" if count is None else f"{count:.0f}"
