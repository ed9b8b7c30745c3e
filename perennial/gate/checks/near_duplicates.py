"""A note on the training rows that nearly equal a held-out row: their number, and the metric with and without them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.contract.gate import Gate
from perennial.contract.values import rounded
from perennial.gate.check import Check, member, number, read_metric

NAME = "near duplicates"
_REMEDY = "name the columns that identify a row as key, or those of a group as split.group"


def checks(evaluation: Mapping[str, Any], policy: Gate) -> tuple[Check, ...]:
    """One note, or none if there are no near-duplicates."""
    found = member(evaluation, "near_duplicates")
    train, held_out = (number(member(found, name)) for name in ("train", "held_out"))
    if not train or not held_out:
        return ()
    without, everything = (read_metric(_metrics(found, name), policy.metric).value for name in ("without", "with"))
    sentence = (
        f"{train:,.0f} training rows equal one of {held_out:,.0f} held-out rows in {_columns(found)}; chance gives "
        f"{number(member(found, 'by_chance')) or 0:,.0f}. They were not trained on.{_scores(found, policy.metric)} "
        f"To keep such rows on one side, {_REMEDY}."
    )
    return (Check(NAME, without, everything, None, None, "noted", sentence),)


def _metrics(found: object, name: str) -> object:
    return member(member(found, name), "candidate")


def _columns(found: object) -> str:
    """The columns on which they agree: all of those that are compared, or all but a few."""
    compared, most = number(member(found, "compared")), number(member(found, "most"))
    differing = member(found, "differing")
    if not isinstance(differing, Mapping) or not differing:
        return f"all {compared or 0:.0f} columns that are not part of the key, and in the target"
    names = ", ".join(str(name) for name in list(differing)[:3])
    return f"all but at most {most or 0:.0f} of {compared or 0:.0f} columns ({names}), and in the target"


def _scores(found: object, metric: str) -> str:
    without, everything = (read_metric(_metrics(found, name), metric).value for name in ("without", "with"))
    rows = number(member(member(found, "without"), "rows"))
    if without is None or everything is None or rows is None:
        return ""
    told = f" {metric} is {rounded(without)} without such held-out rows ({rows:,.0f} are left), {rounded(everything)}"
    seen = number(member(found, "judged_without"))
    judged = " Models are judged without them: the champion may have been trained on rows like these." if seen else ""
    return f"{told} with them.{judged}"
