"""Areas under the ROC and precision-recall curves for weighted rows: sorted once, computed for every resample.

Fawcett 2006, "An introduction to ROC analysis"; average precision without interpolation, as in scikit-learn. Rows
with equal scores are one threshold. No BLAS: its threads cost more than they save on short vectors.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NAN = float("nan")


class Ranking:
    """n rows ranked by score, highest first.

    Only thresholds with a positive row change the areas. A resample therefore costs one cumulative sum over all rows
    and a few operations over the positives.
    """

    def __init__(self, actual: NDArray[np.bool_], score: Floats) -> None:
        """`actual`: which rows are positive. `score`: the higher the more likely positive. Both of shape (n,)."""
        self._order = np.argsort(-score, kind="stable")
        ranked, positive = score[self._order], actual[self._order]
        starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1])[: len(ranked)])
        ends = np.append(starts[1:], len(ranked))[: len(starts)]
        positives_before = np.append(0, np.cumsum(positive))
        holds_one = positives_before[ends] > positives_before[starts]
        # For each threshold with a positive: the rows ranked above it and down to it, and the positives down to it.
        self._starts, self._ends = starts[holds_one], ends[holds_one]
        self._positives_to = positives_before[self._ends]
        self._positives = self._order[positive]
        self._ties = bool((self._ends - self._starts > 1).any())
        self._scratch = threading.local()

    def roc_auc(self, weights: Floats) -> float:
        """Area under the ROC curve; NaN where the weighted rows hold one class only. `weights`: (n,), not negative."""
        return self.areas(weights)[0]

    def areas(self, weights: Floats) -> tuple[float, float]:
        """(roc_auc, average precision) with row i counted `weights[i]` times.

        Both are NaN without a positive; roc_auc is NaN without a negative.
        """
        if not len(self._positives):
            return _NAN, _NAN
        rows = self._running(weights)
        gained = weights.take(self._positives)
        hits = np.cumsum(gained)
        positives, negatives = float(hits[-1]), float(rows[-1] - hits[-1])
        if positives <= 0:
            return _NAN, _NAN
        to = rows.take(self._ends - 1)
        if self._ties:
            hits = hits.take(self._positives_to - 1)
            gained = np.diff(hits, prepend=0.0)
            above = np.where(self._starts > 0, rows.take(self._starts - 1), 0.0)
        else:
            above = to - gained
        # Each positive loses against the negatives ranked above it, and against half of those with an equal score.
        lost_to = float((gained * ((to - hits) + (above - (hits - gained)))).sum()) / 2
        area = 1 - lost_to / (positives * negatives) if negatives > 0 else _NAN
        precision = np.divide(hits, to, out=np.zeros(len(to)), where=to > 0)
        return area, float((gained * precision).sum() / positives)

    def _running(self, weights: Floats) -> Floats:
        """The cumulative weight at each rank, in a buffer that each thread reuses: allocating pages costs time."""
        rows: Floats | None = getattr(self._scratch, "rows", None)
        if rows is None:
            rows = self._scratch.rows = np.empty(len(weights))
        weights.take(self._order, out=rows, mode="clip")  # mode="raise" copies; no index is out of range
        return np.cumsum(rows, out=rows)
