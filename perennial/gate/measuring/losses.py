"""What each row's probability costs, and how far probabilities are from shares."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_SMALLEST = float(np.finfo(np.float64).eps)
BINS = 10


def log_losses(probability_of_the_truth: Floats) -> Floats:
    """In nats, (n,); probabilities are kept away from 0 and 1 by the float's epsilon, as in scikit-learn."""
    return -np.log(np.clip(probability_of_the_truth, _SMALLEST, 1 - _SMALLEST))


def means(columns: Floats, weights: Floats) -> Floats:
    """(k,): the weighted mean of each of k columns (k, n), without BLAS, whose threads cost more than they bring."""
    return np.asarray(np.einsum("ij,j->i", columns, weights) / weights.sum(), dtype=np.float64)


def bins(probability: Floats) -> NDArray[np.int64]:
    """(n,): which of ten equally wide bins; a bin holds its upper edge, the first 0 too, as in scikit-learn."""
    return np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], probability).astype(np.int64)


class Calibration:
    """The expected calibration error over ten equally wide bins (Naeini, Cooper and Hauskrecht 2015)."""

    def __init__(self, probability: Floats, came_true: NDArray[np.bool_]) -> None:
        """What was said of n rows, and whether it came true."""
        self._bins, self._excess = bins(probability), probability - came_true

    def error(self, weights: Floats) -> float:
        """The mean over the rows of how far their bin's mean probability is from its share of what came true."""
        excess = np.bincount(self._bins, weights=self._excess * weights, minlength=BINS)
        return float(np.abs(excess).sum() / weights.sum())
