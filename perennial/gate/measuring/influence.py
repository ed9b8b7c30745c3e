"""Figures of many groups of rows in one pass, each with what every row adds to its error.

A figure's influence function says how much one row moves it; the sum of the squares over a group's rows is the
squared standard error, and the same of the differences row by row is that of two models' difference, paired. For
means and quotients this is the delta method (Hampel 1974; van der Vaart 1998, chapter 20), for the area under the ROC
curve it is DeLong, DeLong and Clarke-Pearson 1988. It costs one pass where a bootstrap costs hundreds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
_SMALLEST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Grouped:
    """`value` and `size` (the rows that carry the figure) of each group, (groups,); `influence` of each row, (n,).

    A group's squared standard error is the sum of its rows' influences squared. NaN where the figure is not defined.
    """

    value: Floats
    size: Floats
    influence: Floats


class Statistic(Protocol):
    """A figure that can be computed for many groups at once."""

    def of(self, codes: Codes, groups: int) -> Grouped:
        """`codes`: the group of each row, (n,), from 0 on; rows with -1 are in none."""


class Quotient:
    """The sum of `above` over the sum of `below`, both (n,), such as a mean (below is 1), precision or f1."""

    def __init__(self, above: Any, below: Any = 1.0, root: bool = False) -> None:
        """`root`: the square root of that, as in rmse."""
        self._above = np.asarray(above, dtype=np.float64)
        self._below = np.broadcast_to(np.asarray(below, dtype=np.float64), self._above.shape)
        self._carries = self._below > 0
        self._root = root

    def of(self, codes: Codes, groups: int) -> Grouped:
        """See Statistic."""
        above, below, size = (_total(codes, groups, each) for each in (self._above, self._below, self._carries))
        value = np.divide(above, below, out=np.full(groups, np.nan), where=below > 0)
        influence = _spread((self._above - _each(value, codes) * self._below), below, codes)
        if self._root:
            value = np.sqrt(value)
            influence = _spread(influence, 2 * value, codes)
        return Grouped(value, size, influence)


class Explained:
    """The share of a group's own variance that is explained, r2, of numbers `actual` and their predictions, (n,)."""

    def __init__(self, actual: Floats, value: Floats) -> None:
        self._actual, self._square = actual, (value - actual) ** 2

    def of(self, codes: Codes, groups: int) -> Grouped:
        """See Statistic."""
        count = _total(codes, groups, np.ones(len(codes)))
        mean = np.divide(_total(codes, groups, self._actual), count, out=np.full(groups, np.nan), where=count > 0)
        unexplained = Quotient(self._square, np.nan_to_num((self._actual - _each(mean, codes)) ** 2)).of(codes, groups)
        return Grouped(1 - unexplained.value, count, -unexplained.influence)


class Area:
    """The area under the ROC curve of rows that are positive or not, and their scores, (n,)."""

    def __init__(self, actual: NDArray[np.bool_], score: Floats) -> None:
        self._actual = actual
        self._order = np.argsort(score, kind="stable")
        _, self._rank = np.unique(score, return_inverse=True)

    def of(self, codes: Codes, groups: int) -> Grouped:
        """See Statistic. `size` is the number of rows of the rarer class."""
        rows = self._order[codes[self._order] >= 0]
        if groups < 2**16:  # NumPy sorts short integers by their digits, in a tenth of the time
            rows = rows[np.argsort(codes[rows].astype(np.uint16), kind="stable")]
        else:
            rows = rows[np.argsort(codes[rows], kind="stable")]
        cells, positive = codes[rows], self._actual[rows]
        counts = np.bincount(cells, minlength=groups)
        positives = _total(cells, groups, positive)
        negatives = counts - positives
        below = self._below(rows, cells, ~positive, counts)
        above = positives[cells] - self._below(rows, cells, positive, counts)
        others = np.where(positive, negatives[cells], positives[cells])
        placed = np.divide(np.where(positive, below, above), others, out=np.full(len(rows), np.nan), where=others > 0)
        defined = (positives > 0) & (negatives > 0)
        won = np.bincount(cells, weights=np.where(positive, placed, 0.0), minlength=groups)
        value = np.divide(won, positives, out=np.full(groups, np.nan), where=defined)
        influence = np.zeros(len(codes))
        influence[rows] = (placed - value[cells]) / np.where(positive, positives[cells], negatives[cells])
        return Grouped(value, np.minimum(positives, negatives), np.nan_to_num(influence))

    def _below(self, rows: Any, cells: Codes, counted: NDArray[np.bool_], counts: Any) -> Floats:
        """For each row, the rows to be counted in its cell that score lower, those that tie by half."""
        if not len(rows):
            return np.empty(0)
        weight = counted.astype(np.float64)
        before = np.cumsum(weight) - weight
        starts = np.cumsum(counts) - counts
        ranks = self._rank[rows]
        first = np.append(True, (ranks[1:] != ranks[:-1]) | (cells[1:] != cells[:-1]))
        ties = np.flatnonzero(first)
        tied = np.add.reduceat(weight, ties)
        place = np.cumsum(first) - 1
        at_start = before[np.minimum(starts, len(rows) - 1)][cells]
        return np.asarray((before[ties] + 0.5 * tied)[place] - at_start, dtype=np.float64)


def statistic_of(metric: str, outcomes: Any) -> tuple[Statistic, bool]:
    """(the statistic to search slices by, is it the metric itself?). For other metrics a loss of each row stands in."""
    exact = _EXACT[outcomes.problem]
    if metric in exact:
        return exact[metric](outcomes), True
    return exact["mae" if outcomes.problem == "regression" else _STAND_INS.get(metric, "log_loss")](outcomes), False


def losses(probability_of_the_truth: Floats) -> Floats:
    """Minus the logarithm, of probabilities at least one step away from 0 and 1."""
    return -np.log(np.clip(probability_of_the_truth, _SMALLEST, 1 - _SMALLEST))


_STAND_INS = {"average_precision": "roc_auc", "mcc": "accuracy", "balanced_accuracy": "accuracy"}
_EXACT: dict[str, dict[str, Any]] = {
    "binary": {
        "roc_auc": lambda o: Area(o.actual, o.probability),
        "accuracy": lambda o: Quotient(o.said == o.actual),
        "precision": lambda o: Quotient(o.said & o.actual, o.said),
        "recall": lambda o: Quotient(o.said & o.actual, o.actual),
        "f1": lambda o: Quotient(2 * (o.said & o.actual), o.said.astype(np.int64) + o.actual),
        "log_loss": lambda o: Quotient(losses(np.where(o.actual, o.probability, 1 - o.probability))),
        "brier": lambda o: Quotient((o.probability - o.actual) ** 2),
    },
    "multiclass": {
        "accuracy": lambda o: Quotient(o.said == o.actual),
        "log_loss": lambda o: Quotient(losses(o.probabilities[np.arange(o.rows), o.actual])),
    },
    "regression": {
        "mae": lambda o: Quotient(np.abs(o.value - o.actual)),
        "rmse": lambda o: Quotient((o.value - o.actual) ** 2, root=True),
        "r2": lambda o: Explained(o.actual, o.value),
    },
}


def _total(codes: Codes, groups: int, values: Any) -> Floats:
    """The sum of each group; rows in no group are counted in a first, which is dropped."""
    return np.bincount(codes + 1, weights=values, minlength=groups + 1)[1:].astype(np.float64)


def _each(of_groups: Floats, codes: Codes) -> Floats:
    """Each row's group's value; NaN for rows in none."""
    return np.append(of_groups, np.nan)[codes]


def _spread(values: Floats, by_group: Floats, codes: Codes) -> Floats:
    """Each row's value over its group's, 0 where there is none."""
    divisor = _each(by_group, codes)
    return np.divide(values, divisor, out=np.zeros(len(values)), where=divisor > 0)
