"""What was said against what was true, counted; and the figures that follow from the counts alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Confusion:
    """n rows with a true class and a said one, both numbered from 0 to K - 1."""

    def __init__(self, actual: Ints, said: Ints, classes: int) -> None:
        """`actual` and `said`: (n,)."""
        self._cells, self._classes = np.asarray(actual * classes + said, dtype=np.int64), classes

    def table(self, weights: Floats) -> Floats:
        """(K, K) with row i counted `weights[i]` times; rows are the truth, columns what was said."""
        counts = np.bincount(self._cells, weights=weights, minlength=self._classes**2).astype(np.float64)
        return counts.reshape(self._classes, self._classes)


def accuracy(table: Floats) -> float:
    """The share of the diagonal."""
    return float(np.trace(table) / table.sum())


def by_class(table: Floats) -> Floats:
    """(3, K): precision, recall and f1 of each class; 0 where not defined, as in scikit-learn with zero_division=0."""
    hits, said, actual = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    return np.stack([_ratio(hits, said), _ratio(hits, actual), _ratio(2 * hits, said + actual)])


def matthews(table: Floats) -> float:
    """Matthews' correlation for K classes (Gorodkin 2004); 0 where one side has a single class, as in scikit-learn."""
    said, actual, total = table.sum(axis=0), table.sum(axis=1), table.sum()
    # Asked of the counts, for in sums of fractions a spread of nothing is not exactly nothing.
    if np.count_nonzero(said) < 2 or np.count_nonzero(actual) < 2:
        return 0.0
    covariance = np.trace(table) * total - said @ actual
    spreads = (total**2 - said @ said, total**2 - actual @ actual)
    return float(covariance / (np.sqrt(spreads[0]) * np.sqrt(spreads[1])))


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
