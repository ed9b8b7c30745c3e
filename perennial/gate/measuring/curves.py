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
    and a few operations over the positives. Resamples are handled at once, as rows of one array.
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

    def roc_auc(self, weights: Floats) -> Floats:
        """(b,): the area under the ROC curve; NaN where the weighted rows hold one class only."""
        return self.areas(weights)[0]

    def areas(self, weights: Floats) -> tuple[Floats, Floats]:
        """(roc_auc, average precision), each (b,), with row i counted `weights[:, i]` times; `weights`: (b, n), >= 0.

        Both are NaN without a positive; roc_auc is NaN without a negative.
        """
        unknown = np.full(len(weights), _NAN)
        if not len(self._positives):
            return unknown, unknown
        rows = self._running(weights)
        gained = weights.take(self._positives, axis=1)
        hits = np.cumsum(gained, axis=1)
        positives = hits[:, -1]
        negatives = rows[:, -1] - positives
        to = rows.take(self._ends - 1, axis=1)
        if self._ties:
            hits = hits.take(self._positives_to - 1, axis=1)
            gained = np.diff(hits, prepend=0.0, axis=1)
            above = np.where(self._starts > 0, rows.take(self._starts - 1, axis=1), 0.0)
        else:
            above = to - gained
        # Each positive loses against the negatives ranked above it, and against half of those with an equal score.
        lost_to = (gained * ((to - hits) + (above - (hits - gained)))).sum(axis=1) / 2
        defined = positives > 0
        share = np.divide(lost_to, positives * negatives, out=unknown.copy(), where=defined & (negatives > 0))
        precision = np.divide(hits, to, out=np.zeros(to.shape), where=to > 0)
        average = np.divide((gained * precision).sum(axis=1), positives, out=unknown, where=defined)
        return 1 - share, average

    def _running(self, weights: Floats) -> Floats:
        """The cumulative weight at each rank, in a buffer that each thread reuses: allocating pages costs time."""
        rows: Floats | None = getattr(self._scratch, "rows", None)
        if rows is None or rows.shape != weights.shape:
            rows = self._scratch.rows = np.empty(weights.shape)
        weights.take(self._order, axis=1, out=rows, mode="clip")  # mode="raise" copies; no index is out of range
        return np.cumsum(rows, axis=1, out=rows)
