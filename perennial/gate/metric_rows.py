"""The metrics of an evaluation side by side: candidate, champion and their difference, each with its interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from perennial.contract.metrics import names
from perennial.contract.values import rounded
from perennial.gate.check import MetricValue, member, read_metric


@dataclass(frozen=True)
class MetricRow:
    """One metric of both models on the same held-out rows; what was not measured is empty."""

    name: str
    candidate: MetricValue
    champion: MetricValue
    difference: MetricValue

    def to_json(self) -> dict[str, Any]:
        """The row as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> MetricRow:
        """The inverse of `to_json`."""
        values = {part: MetricValue(**data[part]) for part in ("candidate", "champion", "difference")}
        return cls(str(data["name"]), **values)


def rows(evaluation: object) -> tuple[MetricRow, ...]:
    """The rows of an evaluation.json: the metric that the gate compares first. Malformed parts are empty."""
    candidate = member(member(evaluation, "candidate"), "metrics")
    champion = member(member(evaluation, "champion"), "metrics")
    difference = member(evaluation, "difference")
    first = member(evaluation, "metric")
    found = [name for name in _ordered(first) if read_metric(candidate, name).value is not None]
    return tuple(
        MetricRow(name, read_metric(candidate, name), read_metric(champion, name), read_metric(difference, name))
        for name in found
    )


def sentence(name: str, metric: MetricValue) -> str:
    """The metric in words: `roc_auc 0.7551 (0.7434 to 0.7661)`; '' where there is none."""
    return f"{name} {with_interval(metric)}" if metric.value is not None else ""


def with_interval(metric: MetricValue) -> str:
    """The value and its interval: `0.7551 (0.7434 to 0.7661)`; '' where there is none."""
    if metric.value is None:
        return ""
    if metric.low is None or metric.high is None:
        return rounded(metric.value)
    return f"{rounded(metric.value)} ({rounded(metric.low)} to {rounded(metric.high)})"


def _ordered(first: object) -> Iterator[str]:
    known = names()
    if isinstance(first, str) and first in known:
        yield first
    yield from (name for name in known if name != first)
