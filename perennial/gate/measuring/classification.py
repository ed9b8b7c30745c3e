"""Scores of classifiers for weighted rows: the confusion matrix, log loss and the calibration error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_SMALLEST = float(np.finfo(np.float64).eps)
BINS = 10


class Confusion:
    """A confusion matrix of n rows with a true and a predicted class, both numbered from 0 to K - 1."""

    def __init__(self, actual: Ints, predicted: Ints, classes: int) -> None:
        """`actual` and `predicted`: (n,)."""
        self._cells, self._classes = np.asarray(actual * classes + predicted, dtype=np.int64), classes

    def table(self, weights: Floats) -> Floats:
        """(K, K) with row i counted `weights[i]` times; rows are true classes, columns predicted ones."""
        counts = np.bincount(self._cells, weights=weights, minlength=self._classes**2).astype(np.float64)
        return counts.reshape(self._classes, self._classes)


def accuracy(table: Floats) -> float:
    """The share of the diagonal."""
    return float(np.trace(table) / table.sum())


def by_class(table: Floats) -> Floats:
    """(3, K): precision, recall and f1 of each class; 0 where not defined, as in scikit-learn with zero_division=0."""
    hits, predicted, actual = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    return np.stack([_ratio(hits, predicted), _ratio(hits, actual), _ratio(2 * hits, predicted + actual)])


def matthews(table: Floats) -> float:
    """Matthews' correlation for K classes (Gorodkin 2004); 0 where one side has a single class, as in scikit-learn."""
    predicted, actual, total = table.sum(axis=0), table.sum(axis=1), table.sum()
    # Counts decide: the variance of a single class, summed in floats, is not exactly 0.
    if np.count_nonzero(predicted) < 2 or np.count_nonzero(actual) < 2:
        return 0.0
    covariance = np.trace(table) * total - predicted @ actual
    spreads = (total**2 - predicted @ predicted, total**2 - actual @ actual)
    return float(covariance / (np.sqrt(spreads[0]) * np.sqrt(spreads[1])))


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def log_losses(probability_of_the_truth: Floats) -> Floats:
    """In nats, (n,); probabilities are kept away from 0 and 1 by the float's epsilon, as in scikit-learn."""
    return -np.log(np.clip(probability_of_the_truth, _SMALLEST, 1 - _SMALLEST))


def means(columns: Floats, weights: Floats) -> Floats:
    """(k,): the weighted mean of each of k columns (k, n), without BLAS, whose threads cost more than they save."""
    return np.asarray(np.einsum("ij,j->i", columns, weights) / weights.sum(), dtype=np.float64)


def bins(probability: Floats) -> NDArray[np.int64]:
    """The index of each row's bin, (n,), of ten equally wide bins that include their upper edge, as in scikit-learn."""
    return np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], probability).astype(np.int64)


class Calibration:
    """The expected calibration error over ten equally wide bins (Naeini, Cooper and Hauskrecht 2015)."""

    def __init__(self, probability: Floats, came_true: NDArray[np.bool_]) -> None:
        """The predicted probability of n rows, and whether the predicted event occurred."""
        self._bins, self._excess = bins(probability), probability - came_true

    def error(self, weights: Floats) -> float:
        """The mean over all rows of the difference between their bin's mean probability and its observed frequency."""
        excess = np.bincount(self._bins, weights=self._excess * weights, minlength=BINS)
        return float(np.abs(excess).sum() / weights.sum())
