"""The result of one gate check, and readers of the metrics in an evaluation that may be malformed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["passed", "failed", "unsure", "noted"]


@dataclass(frozen=True)
class Check:
    """The `value` of a metric against its `limit`; `low` and `high` are its interval. None where there is none.

    'unsure': the held-out rows do not decide the check, so the champion stays or approval is required. 'noted': the
    result informs the reader and decides nothing.
    """

    name: str
    value: float | None
    limit: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    sentence: str

    @property
    def passed(self) -> bool:
        """True unless the check blocks the candidate."""
        return self.verdict in ("passed", "noted")


def verdict(passed: bool) -> Verdict:
    """'passed' or 'failed'."""
    return "passed" if passed else "failed"


@dataclass(frozen=True)
class MetricValue:
    """A metric and its interval: finite numbers or None."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


def read_metric(metrics: object, name: str) -> MetricValue:
    """The metric of that name in {"name": {"value", "low", "high"}}; empty if it is absent or malformed."""
    metric = metrics.get(name) if isinstance(metrics, Mapping) else None
    if not isinstance(metric, Mapping):
        return MetricValue()
    return MetricValue(number(metric.get("value")), number(metric.get("low")), number(metric.get("high")))


def oriented(seen: MetricValue, greater_is_better: bool) -> MetricValue:
    """The difference with the sign that makes positive better."""
    if greater_is_better:
        return seen
    return MetricValue(*(None if value is None else -value for value in (seen.value, seen.high, seen.low)))


def member(evaluation: object, name: str) -> Any:
    """A member of a mapping; None if it is absent or `evaluation` is not a mapping."""
    return evaluation.get(name) if isinstance(evaluation, Mapping) else None


def number(value: object) -> float | None:
    """A finite number, or None. Booleans are not numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) else None
