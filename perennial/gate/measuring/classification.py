"""Scores of classifiers for weighted rows: the confusion matrix, log loss and the calibration error.

`weights` are (b, n): b weightings of the same n rows, each with a positive sum. Every function handles them at once.
"""

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

    def tables(self, weights: Floats) -> Floats:
        """(b, K, K) with row i counted `weights[:, i]` times; rows are true classes, columns predicted ones."""
        return totals(self._cells, weights, self._classes**2).reshape(-1, self._classes, self._classes)


def totals(codes: Ints, values: Floats, most: int) -> Floats:
    """(b, most): the sum of `values` (b, n) over the rows of each code; `codes`: (n,), from 0 to `most` - 1."""
    count = len(values)
    if count == 1:
        return np.bincount(codes, weights=values[0], minlength=most).astype(np.float64)[None]
    places = (codes + most * np.arange(count)[:, None]).ravel()
    return np.bincount(places, weights=values.ravel(), minlength=most * count).astype(np.float64).reshape(count, most)


def accuracy(tables: Floats) -> Floats:
    """(b,): the share of the diagonal."""
    return np.asarray(_diagonal(tables).sum(axis=1) / tables.sum(axis=(1, 2)), dtype=np.float64)


def by_class(tables: Floats) -> Floats:
    """(b, 3, K): precision, recall and f1 of each class; 0 where not defined, as in scikit-learn."""
    hits, predicted, actual = _diagonal(tables), tables.sum(axis=1), tables.sum(axis=2)
    return np.stack([_ratio(hits, predicted), _ratio(hits, actual), _ratio(2 * hits, predicted + actual)], axis=1)


def matthews(tables: Floats) -> Floats:
    """(b,): Matthews' correlation for K classes (Gorodkin 2004); 0 where one side has one class, as in scikit-learn."""
    predicted, actual, total = tables.sum(axis=1), tables.sum(axis=2), tables.sum(axis=(1, 2))
    covariance = _diagonal(tables).sum(axis=1) * total - (predicted * actual).sum(axis=1)
    spreads = [np.sqrt(total**2 - (each**2).sum(axis=1)) for each in (predicted, actual)]
    # Counts decide: the variance of a single class, summed in floats, is not exactly 0.
    varied = (np.count_nonzero(predicted, axis=1) > 1) & (np.count_nonzero(actual, axis=1) > 1)
    found: Floats = np.divide(covariance, spreads[0] * spreads[1], out=np.zeros(len(tables)), where=varied)
    return found


def _diagonal(tables: Floats) -> Floats:
    return np.diagonal(tables, axis1=1, axis2=2)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def log_losses(probability_of_the_truth: Floats) -> Floats:
    """In nats, (n,); probabilities are kept away from 0 and 1 by the float's epsilon, as in scikit-learn."""
    return -np.log(np.clip(probability_of_the_truth, _SMALLEST, 1 - _SMALLEST))


def means(column: Floats, weights: Floats) -> Floats:
    """(b,): the weighted mean of a column (n,). NumPy sums each row alike, whatever their number; BLAS does not."""
    return np.asarray((weights * column).sum(axis=1) / weights.sum(axis=1), dtype=np.float64)


def bins(probability: Floats) -> NDArray[np.int64]:
    """The index of each row's bin, (n,), of ten equally wide bins that include their upper edge, as in scikit-learn."""
    return np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], probability).astype(np.int64)


class Calibration:
    """The expected calibration error over ten equally wide bins (Naeini, Cooper and Hauskrecht 2015)."""

    def __init__(self, probability: Floats, came_true: NDArray[np.bool_]) -> None:
        """The predicted probability of n rows, and whether the predicted event occurred."""
        self._bins, self._excess = bins(probability), probability - came_true

    def error(self, weights: Floats) -> Floats:
        """(b,): the mean over all rows of the difference between their bin's mean probability and its frequency."""
        excess = totals(self._bins, self._excess * weights, BINS)
        return np.asarray(np.abs(excess).sum(axis=1) / weights.sum(axis=1), dtype=np.float64)
