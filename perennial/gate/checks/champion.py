"""The candidate against the model now serving, both scored on the same held-out rows.

The interval of the difference, turned so that positive is better, is held against the margin. Non-inferiority: it must
not reach below minus the margin. Superiority: all of it must lie above the margin. Where the rows cannot tell, the
champion stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.contract.metrics import greater_is_better
from perennial.figures import plain
from perennial.gate.check import Check, number, part, reading, turned, verdict

NAME = "champion"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """One check, or none where no champion serves yet."""
    if isinstance(evaluation, Mapping) and "champion" in evaluation and evaluation["champion"] is None:
        return ()
    if _is_the_same(evaluation):
        sentence = (
            f"The candidate is {part(part(evaluation, 'champion'), 'version')} itself: there is nothing to release."
        )
        return (Check(NAME, 0.0, _limit(policy), None, None, "failed", sentence),)
    doubt = _doubt(evaluation, policy)
    if doubt:
        sentence = f"Cannot tell, so the champion stays: {doubt}."
        return (Check(NAME, None, _limit(policy), None, None, "unsure", sentence),)
    return (_comparison(evaluation, policy),)


def _limit(policy: Gate) -> float:
    return policy.margin if policy.test == "superior" else -policy.margin


def _comparison(evaluation: Mapping[str, Any], policy: Gate) -> Check:
    seen = turned(reading(part(evaluation, "difference"), policy.metric), greater_is_better(policy.metric))
    limit = _limit(policy)
    if seen.value is None or seen.low is None or seen.high is None or not seen.low <= seen.high:
        sentence = f"Cannot tell, so the champion stays: the difference in {policy.metric} has no usable interval."
        return Check(NAME, seen.value, limit, seen.low, seen.high, "unsure", sentence)
    superior = policy.test == "superior"
    passed = seen.low > limit if superior else seen.low >= limit
    sentence = (
        f"{_standing(evaluation, policy, seen.value)}; the difference is between {plain(seen.low)} and "
        f"{plain(seen.high)} (positive is better), "
        f"{_better(passed, policy.margin) if superior else _no_worse(passed, policy.margin)}."
    )
    return Check(NAME, seen.value, limit, seen.low, seen.high, verdict(passed), sentence)


def _no_worse(passed: bool, margin: float) -> str:
    return f"which {'stays within' if passed else 'reaches beyond'} the margin of {plain(margin)}"


def _better(passed: bool, margin: float) -> str:
    ahead = f"better by more than {plain(margin)}" if margin else "better"
    return f"so it is surely {ahead}" if passed else f"so it is not surely {ahead}, as it must be: the champion stays"


def _standing(evaluation: Mapping[str, Any], policy: Gate, difference: float) -> str:
    champion = part(evaluation, "champion")
    mine = reading(part(part(evaluation, "candidate"), "figures"), policy.metric).value
    theirs = reading(part(champion, "figures"), policy.metric).value
    word = "better than" if difference > 0 else "worse than" if difference < 0 else "level with"
    figures = f" ({plain(mine)} against {plain(theirs)})" if mine is not None and theirs is not None else ""
    return f"By {policy.metric} the candidate is {word} the champion {part(champion, 'version')}{figures}"


def _is_the_same(evaluation: Mapping[str, Any]) -> bool:
    """Training is deterministic: the same data, code and parameters give the champion again, byte for byte."""
    digest = part(part(evaluation, "candidate"), "digest")
    version = part(part(evaluation, "champion"), "version")
    return bool(digest) and bool(version) and str(version).partition("@")[2] == str(digest)[:12]


def _doubt(evaluation: Mapping[str, Any], policy: Gate) -> str | None:
    """Why the two cannot be told apart at all; None where they can."""
    champion = part(evaluation, "champion")
    if not isinstance(champion, Mapping):
        return "the evaluation does not say what the champion scored"
    reason = champion.get("reason")
    if reason:
        return f"the champion could not be scored on these rows ({str(reason).rstrip('.')})"
    return _confidence_doubt(evaluation, policy) or _size_doubt(evaluation, policy)


def _confidence_doubt(evaluation: Mapping[str, Any], policy: Gate) -> str | None:
    if "confidence" not in evaluation:
        return None
    confidence = number(evaluation["confidence"])
    if confidence is None or confidence < policy.confidence - 1e-9:
        return f"its intervals are of confidence {evaluation['confidence']}, the policy asks for {policy.confidence:g}"
    return None


def _size_doubt(evaluation: Mapping[str, Any], policy: Gate) -> str | None:
    rows = part(evaluation, "rows")
    held_out = number(part(rows, "held_out"))
    if held_out is None or held_out < policy.min_rows:
        return f"{_seen(held_out)} rows were held out, at least {policy.min_rows} are needed"
    for name, count in _sides(evaluation):
        if count is None or count < policy.min_per_class:
            return f"{_seen(count)} held-out rows are {name}, at least {policy.min_per_class} are needed"
    return None


def _sides(evaluation: Mapping[str, Any]) -> list[tuple[str, float | None]]:
    """The classes and their numbers of held-out rows. A class without any has no part in the figures, nor here."""
    rows, classes = part(evaluation, "rows"), part(part(evaluation, "candidate"), "classes")
    if part(evaluation, "problem") == "multiclass":
        if not isinstance(classes, Mapping) or not classes:
            return [("of each class", None)]
        counts = {name: number(part(entry, "rows")) for name, entry in classes.items()}
        return [(f"of the class {name}", count) for name, count in counts.items() if count != 0]
    sides = ("positives", "negatives")
    binary = part(evaluation, "problem") == "binary"
    return [(name, number(part(rows, name))) for name in sides if binary or part(rows, name) is not None]


def _seen(count: float | None) -> str:
    return "an unknown number of" if count is None else f"{count:.0f}"
