"""Declared and discovered slices: their gap to the other rows and their difference to the champion.

Many comparisons find a bad slice by chance. Every interval of a gap or a difference therefore has the confidence
1 - (1 - confidence) / comparisons (Bonferroni; Dunn 1961, "Multiple comparisons among means"). Percentiles of a
bootstrap are unreliable far in the tails, so an interval is Student's t times the standard error, from the influence
functions or, for metrics without one, from the bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from perennial.contract.gate import Gate
from perennial.contract.metrics import greater_is_better
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.columns import Table
from perennial.gate.measuring.estimates import Estimate, Estimator
from perennial.gate.measuring.influence import statistic_of
from perennial.gate.measuring.intervals import MetricInterval, metric_value
from perennial.gate.measuring.levels import levels, rows_where
from perennial.gate.measuring.outcomes import Outcomes
from perennial.gate.measuring.search import FEWEST_OF_A_KIND, FoundSlice, Search, search


def measure(
    policy: Gate,
    rows: Table,
    candidate: Outcomes,
    champion: Outcomes | None,
    resamples: Resamples,
    features: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The 'slices' of evaluation.json. `rows`: the n rows of the outcomes, all columns.

    The policy's columns are searched, or `features`, or all columns. `worst` are the slices significantly worse than
    the other rows, `lost` those significantly worse than with the champion; at most ten of each.
    """
    wanted = policy.slices
    metric = wanted.metric or policy.metric
    names = (
        wanted.columns
        if wanted.columns is not None
        else (features if features is not None else [str(name) for name in rows.columns])
    )
    mine, _ = statistic_of(metric, candidate)
    theirs = None if champion is None else statistic_of(metric, champion)[0]
    sign = 1 if greater_is_better(metric) else -1
    found = search({name: levels(rows[name]) for name in names}, wanted.min_rows, mine, theirs, sign)
    named = [FoundSlice(*rows_where(each.where, rows)) for each in wanted.named]
    judged = sum(int(each.rows.sum()) >= wanted.min_rows for each in named)
    estimator = Estimator(metric, candidate, champion, resamples)
    writer = _EntryWriter(policy, sign, max(1, found.examined + judged), candidate)
    floors = {each.name: each.floor for each in wanted.named}
    return {
        "metric": metric,
        "named": [
            writer.entry(each, estimator.of(each.rows), name, floors[name])
            for name, each in zip(floors, named, strict=True)
        ],
        **_worst(found, estimator, writer),
        "looked_at": found.examined + judged,
        "too_small": found.too_small + len(named) - judged,
        "min_rows": wanted.min_rows,
    }


def _worst(found: Search, estimator: Estimator, writer: _EntryWriter) -> dict[str, list[dict[str, Any]]]:
    worst = [writer.entry(each, estimator.of(each.rows)) for each in found.worst]
    lost = [writer.entry(each, estimator.of(each.rows)) for each in found.lost]
    return {
        "worst": sorted(worst, key=lambda each: _end(each["gap"])),
        "lost": sorted(lost, key=lambda each: _end(each["difference"])),
    }


def _end(turned: MetricInterval | None) -> float:
    """The upper end of the interval, by which slices are ordered."""
    high = turned["high"] if turned else None
    return float("inf") if high is None else float(high)


@dataclass(frozen=True)
class _EntryWriter:
    """Writes slices as evaluation.json has them; the confidence is corrected for `comparisons`."""

    policy: Gate
    sign: int
    comparisons: int
    candidate: Outcomes

    def entry(
        self, found: FoundSlice, seen: Estimate, name: str | None = None, floor: float | None = None
    ) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "name": name or ", ".join(f"{column}={value}" for column, value in found.where.items()),
            "where": dict(found.where),
            "rows": int(found.rows.sum()),
        }
        if self.candidate.problem == "binary":
            entry["positives"] = int((self.candidate.actual & found.rows).sum())  # type: ignore[attr-defined]
        enough = seen.size >= FEWEST_OF_A_KIND
        return entry | {
            "metric": self._interval(seen.value, seen.error, seen.size, 1),
            "rest": metric_value(seen.rest)["value"],
            "gap": self._interval(self.sign * (seen.value - seen.rest), seen.gap_error, seen.size if enough else 0),
            "champion": metric_value(seen.champion)["value"],
            "difference": None
            if not np.isfinite(seen.champion)
            else self._interval(
                self.sign * (seen.value - seen.champion), seen.difference_error, seen.size if enough else 0
            ),
            "floor": floor,
        }

    def _interval(self, value: float, error: float, size: float, comparisons: int | None = None) -> MetricInterval:
        """The value with the interval of Student's t; without one for fewer than two rows."""
        if size < 2:
            return metric_value(value)
        doubt = (1 - self.policy.confidence) / (self.comparisons if comparisons is None else comparisons)
        reach = float(-stdtrit(size - 1, doubt / 2)) * error
        return metric_value(value, value - reach, value + reach)
