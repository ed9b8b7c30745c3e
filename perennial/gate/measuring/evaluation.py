"""Metrics with intervals, and the difference of two models on the same rows.

Candidate and champion are resampled together: a row's effect on both cancels in the difference.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.intervals import MetricInterval, bootstrapped
from perennial.gate.measuring.outcomes import CLASS_METRICS, Binary, Floats, Multiclass, Outcomes, Regression

__all__ = ["Binary", "Comparison", "Measured", "Multiclass", "Outcomes", "Regression", "evaluate"]

# Rows times classes times resamples. 20,000 rows, 1,000 resamples and two classes take a second or two for two models
# on one core; from five times as many rows on, the number of resamples falls, to _FEWEST at least.
_BUDGET = 100_000_000
_FEWEST = 200


@dataclass(frozen=True)
class Measured:
    """A model's metrics by name, and precision, recall and f1 of each class, in class order."""

    metrics: dict[str, MetricInterval] = field(default_factory=dict)
    classes: tuple[dict[str, MetricInterval], ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Both models' metrics, and candidate minus champion by metric, not oriented."""

    candidate: Measured
    champion: Measured | None = None
    difference: dict[str, MetricInterval] = field(default_factory=dict)


class DifferentRowsError(ValueError):
    """The outcomes of two models are of different rows."""


def affordable(outcomes: Outcomes, requested: int) -> int:
    """The number of resamples within the budget, at most `requested`. It depends on the data's size only."""
    curves = outcomes.classes if outcomes.problem == "multiclass" else 1
    return min(requested, max(_FEWEST, _BUDGET // max(1, outcomes.rows * curves)))


def evaluate(candidate: Outcomes, champion: Outcomes | None, confidence: float, resamples: Resamples) -> Comparison:
    """Every metric of the problem with its interval, for one model or for two on the same rows.

    `confidence` in (0, 1), e.g. 0.95. The same resamples give the same intervals. Raises DifferentRowsError.
    """
    models = [candidate] if champion is None else [candidate, champion]
    if len({(model.rows, model.problem) for model in models} | {(resamples.rows, candidate.problem)}) > 1:
        entry = " and ".join(f"{model.rows} {model.problem} rows" for model in models)
        raise DifferentRowsError(f"models were scored on {entry}, resamples are of {resamples.rows} rows")

    def work(weights: Floats) -> Floats:
        return np.concatenate([model.vectors(weights) for model in models], axis=1)

    points = work(np.ones((1, candidate.rows)))[0]
    intervals = _Intervals(points, resamples.replicate(work), resamples.left_out(work), confidence)
    width = len(points) // len(models)
    measured = [_measured(candidate, intervals.of(start, width)) for start in range(0, len(points), width)]
    if champion is None:
        return Comparison(measured[0])
    names = list(measured[0].metrics)
    difference = dict(zip(names, intervals.differences(len(names), width), strict=True))
    return Comparison(measured[0], measured[1], difference)


@dataclass(frozen=True)
class _Intervals:
    """Metrics as columns: of the original rows (k,), of each resample and with each group left out (m, k)."""

    points: Floats
    draws: Floats
    left_out: Floats
    confidence: float

    def of(self, start: int, width: int) -> list[MetricInterval]:
        """The intervals of columns `start` to `start + width`."""
        return [
            bootstrapped(self.points[k], self.draws[:, k], self.confidence, self.left_out[:, k])
            for k in range(start, start + width)
        ]

    def differences(self, count: int, width: int) -> list[MetricInterval]:
        """The intervals of the first `count` columns minus the columns `width` further on."""
        first, other = slice(0, count), slice(width, width + count)
        pairs = (self.points[first] - self.points[other], self.draws[:, first] - self.draws[:, other])
        return _Intervals(*pairs, self.left_out[:, first] - self.left_out[:, other], self.confidence).of(0, count)


def _measured(model: Outcomes, metrics: list[MetricInterval]) -> Measured:
    names = list(model.points())
    rest, step = metrics[len(names) :], len(CLASS_METRICS)
    classes = [dict(zip(CLASS_METRICS, rest[at : at + step], strict=True)) for at in range(0, len(rest), step)]
    return Measured(dict(zip(names, metrics, strict=False)), tuple(classes))
