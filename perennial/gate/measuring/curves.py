"""Areas under curves for weighted rows: sorted once, then computed again for every resample.

Fawcett 2006, "An introduction to ROC analysis"; average precision without interpolation, as in scikit-learn. Rows
that tie in the score are one threshold. No BLAS here: its threads cost more than they bring on short vectors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Ranking:
    """n rows ranked by score, the highest first."""

    def __init__(self, actual: NDArray[np.bool_], score: Floats) -> None:
        """`actual`: which rows are positive. `score`: the higher the more likely positive. Both of shape (n,)."""
        self._order = np.argsort(-score, kind="stable")
        ranked = score[self._order]
        self._positive = actual[self._order].astype(np.float64)
        last_of_tie = np.append(ranked[1:] != ranked[:-1], True)
        self._ends = None if bool(last_of_tie.all()) else np.flatnonzero(last_of_tie)

    def roc_auc(self, weights: Floats) -> float:
        """Area under the ROC curve; NaN where the weighted rows hold one class only. `weights`: whole numbers, (n,)."""
        return self.areas(weights, also_average_precision=False)[0]

    def areas(self, weights: Floats, also_average_precision: bool = True) -> tuple[float, float]:
        """(roc_auc, average precision) with row i counted `weights[i]` times; NaN where not defined."""
        weight = weights[self._order]
        gained = weight * self._positive
        lost = weight - gained
        if self._ends is not None:
            gained, lost = self._by_threshold(gained), self._by_threshold(lost)
        misses = np.cumsum(lost)
        positives, negatives = float(gained.sum()), float(misses[-1])
        if positives == 0:
            return float("nan"), float("nan")
        # Each positive beats the negatives ranked below it, and half of those that it ties with.
        lost_to = float((gained * (misses - 0.5 * lost)).sum())
        area = 1 - lost_to / (positives * negatives) if negatives else float("nan")
        if not also_average_precision:
            return area, float("nan")
        hits = np.cumsum(gained)
        precision = hits / np.maximum(hits + misses, 1.0)
        return area, float((gained * precision).sum() / positives)

    def _by_threshold(self, counts: Floats) -> Floats:
        return np.diff(np.cumsum(counts)[self._ends], prepend=0.0)
