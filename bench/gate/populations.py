"""Populations with exactly known metrics, and samples of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Binormal:
    """Scores are normal with deviation 1, around 0 for negatives and `skill` for positives (Green and Swets 1966)."""

    skill: float = 1.0
    positives: float = 0.2
    threshold: float = 0.7

    def roc_auc(self) -> float:
        """The probability that a positive scores above a negative."""
        return _NORMAL.cdf(self.skill / 2**0.5)

    def average_precision(self) -> float:
        """Precision, integrated over recall, by the trapezoidal rule on 200,000 thresholds."""
        cuts = np.linspace(-9, 9 + self.skill, 200_001)
        recall, false = _above(cuts - self.skill), _above(cuts)
        hits, misses = self.positives * recall, (1 - self.positives) * false
        precision = hits / (hits + misses)
        return float(-np.trapezoid(precision, recall))

    def true_positive_rate(self) -> float:
        """The share of positives that score above the threshold."""
        return _NORMAL.cdf(self.skill - self.threshold)

    def drawn(self, rows: int, rng: np.random.Generator) -> tuple[NDArray[np.bool_], Floats]:
        """(actual, score) of a number of rows."""
        actual = rng.random(rows) < self.positives
        return actual, rng.normal(0, 1, rows) + self.skill * actual


def skill_of(roc_auc: float) -> float:
    """The distance between the two normal distributions for that area."""
    return _NORMAL.inv_cdf(roc_auc) * 2**0.5


def rivals(
    rows: int, areas: tuple[float, float], alike: float, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], tuple[Floats, Floats]]:
    """(actual, both models' scores); their noise has the correlation `alike`, as for a model and its successor."""
    actual = rng.random(rows) < Binormal.positives
    shared = rng.normal(0, 1, rows) * alike**0.5
    one, other = (shared + rng.normal(0, 1, rows) * (1 - alike) ** 0.5 + skill_of(area) * actual for area in areas)
    return actual, (one, other)


def _above(cuts: Floats) -> Floats:
    """The upper tail of the standard normal distribution."""
    return np.array([erfc(cut / 2**0.5) / 2 for cut in cuts.tolist()])
