"""One question the gate asks, and the careful reading of figures that nobody promised are there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["passed", "failed", "unsure", "noted"]


@dataclass(frozen=True)
class Check:
    """`figure` against `limit`; `low` and `high` are the figure's interval. None where there is none.

    'unsure' is a question that the rows cannot answer: it keeps the champion, or asks a person. 'noted' is no
    question, but something a reader of the decision should know.
    """

    name: str
    figure: float | None
    limit: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    sentence: str

    @property
    def passed(self) -> bool:
        """Does it let the candidate through?"""
        return self.verdict in ("passed", "noted")


def verdict(passed: bool) -> Verdict:
    """'passed' or 'failed'."""
    return "passed" if passed else "failed"


@dataclass(frozen=True)
class Reading:
    """A figure as it was found: finite numbers or None, never anything else."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


def reading(figures: object, name: str) -> Reading:
    """The figure of that name out of {"name": {"value", "low", "high"}}; empty where it is absent or malformed."""
    figure = figures.get(name) if isinstance(figures, Mapping) else None
    if not isinstance(figure, Mapping):
        return Reading()
    return Reading(number(figure.get("value")), number(figure.get("low")), number(figure.get("high")))


def turned(seen: Reading, greater_is_better: bool) -> Reading:
    """A difference whose positive side is the better one."""
    if greater_is_better:
        return seen
    return Reading(*(None if value is None else -value for value in (seen.value, seen.high, seen.low)))


def part(evaluation: object, name: str) -> Any:
    """A member of a mapping, None where there is no such thing."""
    return evaluation.get(name) if isinstance(evaluation, Mapping) else None


def number(value: object) -> float | None:
    """A finite number, or None. True is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None
