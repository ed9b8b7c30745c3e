"""Figures with intervals, and the difference of two models on the very same rows.

Intervals are percentile bootstraps (Efron and Tibshirani 1993, chapter 13). Candidate and champion are resampled
together, so that what a row does to both cancels in the difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from perennial.gate.measuring.outcomes import Binary, Figures, Floats, Multiclass, Outcomes, Regression

__all__ = ["Binary", "Comparison", "Figure", "Multiclass", "Outcomes", "Regression", "evaluate"]

# Rows times classes times resamples: less than a second of work for two models.
_BUDGET = 8_000_000
_FEWEST, _MOST = 200, 500


@dataclass(frozen=True)
class Figure:
    """A figure and its interval. None where it is not defined, for example roc_auc of rows of one class."""

    value: float | None
    low: float | None
    high: float | None

    def as_dict(self) -> dict[str, float | None]:
        """Ready for JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Comparison:
    """The figures of both models and candidate minus champion, by metric; the sign is the metric's own."""

    candidate: dict[str, Figure]
    champion: dict[str, Figure] = field(default_factory=dict)
    difference: dict[str, Figure] = field(default_factory=dict)


class DifferentRowsError(ValueError):
    """Two models' outcomes are not of the same rows."""


def evaluate(candidate: Outcomes, champion: Outcomes | None, confidence: float, seed: int) -> Comparison:
    """Every figure of the problem with its interval, for one model or for two on the same rows.

    `confidence` in (0, 1), e.g. 0.95. The same seed gives the same intervals. Raises DifferentRowsError.
    """
    if champion is None:
        draws = [candidate.resampled(weights) for weights in _resamples(candidate, seed)]
        return Comparison(_figures(candidate.points(), draws, confidence))
    if (candidate.rows, candidate.problem) != (champion.rows, champion.problem):
        mine, theirs = f"{candidate.rows} {candidate.problem}", f"{champion.rows} {champion.problem}"
        raise DifferentRowsError(f"the candidate was scored on {mine} rows, the champion on {theirs} rows")
    pairs = [(candidate.resampled(w), champion.resampled(w)) for w in _resamples(candidate, seed)]
    points, other = candidate.points(), champion.points()
    return Comparison(
        _figures(points, [pair[0] for pair in pairs], confidence),
        _figures(other, [pair[1] for pair in pairs], confidence),
        _figures(_minus(points, other), [_minus(*pair) for pair in pairs], confidence),
    )


def _resamples(outcomes: Outcomes, seed: int) -> Iterator[Floats]:
    """How often each row is drawn, n draws with replacement; as many resamples as the budget allows."""
    rows = outcomes.rows
    if rows == 0:
        return
    rng = np.random.default_rng(seed)
    curves = outcomes.classes if outcomes.problem == "multiclass" else 1
    for _ in range(int(np.clip(_BUDGET // (rows * curves), _FEWEST, _MOST))):
        yield np.bincount(rng.integers(0, rows, rows), minlength=rows).astype(np.float64)


def _minus(left: Figures, right: Figures) -> Figures:
    return {name: left[name] - right[name] for name in left}


def _figures(points: Figures, draws: list[Figures], confidence: float) -> dict[str, Figure]:
    return {
        name: _figure(value, np.array([draw[name] for draw in draws]), confidence) for name, value in points.items()
    }


def _figure(value: float, draws: NDArray[np.float64], confidence: float) -> Figure:
    """A figure is given only whole: without a value, or with most resamples undefined, there is no interval."""
    defined = draws[np.isfinite(draws)]
    if not np.isfinite(value):
        return Figure(None, None, None)
    if len(defined) * 2 < len(draws) or not len(defined):
        return Figure(float(value), None, None)
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Figure(float(value), float(low), float(high))
