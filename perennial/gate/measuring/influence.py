"""Metrics of many groups of rows in one pass, each with the influence of every row.

The influence function gives the change of a metric by one row. The sum of its squares over a group's rows is the
squared standard error; the sum of squared differences between two models is that of their paired difference. For
means and ratios this is the delta method (Hampel 1974; van der Vaart 1998, chapter 20), for the area under the ROC
curve it is DeLong, DeLong and Clarke-Pearson 1988. It costs one pass, a bootstrap costs hundreds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from perennial.gate.measuring.classification import log_losses

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Grouped:
    """`value` and `size` (the rows it is computed from) of each group, (groups,); `influence` of each row, (n,).

    A group's squared standard error is the sum of its rows' squared influences. NaN where the metric is undefined.
    """

    value: Floats
    size: Floats
    influence: Floats


class Statistic(Protocol):
    """A metric that can be computed for many groups at once."""

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
    """The coefficient of determination, r2, of the numbers `actual` and their predictions, (n,)."""

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
        self._order = np.argsort(score, kind="stable")
        self._actual = actual[self._order]
        ranked = score[self._order]
        self._new = np.append(True, ranked[1:] != ranked[:-1])
        self._ties = not bool(self._new.all())

    def of(self, codes: Codes, groups: int) -> Grouped:
        """See Statistic. `size` is the number of rows of the rarer class."""
        # The ranking of each group: positions sorted by group, then by score.
        ranked = codes[self._order]
        # NumPy radix-sorts 16-bit integers, in a tenth of the time; rows in no group come last
        short = ranked.astype(np.uint16) if groups < 2**16 - 1 else np.where(ranked < 0, groups, ranked)
        places = np.argsort(short, kind="stable")[: int((ranked >= 0).sum())]
        cells, positive = ranked[places], self._actual[places]
        side = 2 * cells + positive
        sides = np.bincount(side, minlength=2 * groups)
        negatives, positives = sides[0::2], sides[1::2]
        lower, lower_positive = self._lower(places, cells, positive, negatives + positives, positives)
        # The rows of the other class that each row beats: for a positive those below it, for a negative those above.
        won = np.where(positive, lower - lower_positive, positives[cells] - lower_positive)
        other = np.column_stack([positives, negatives]).ravel()[side]
        share = np.divide(won, other, out=np.zeros(len(won)), where=other > 0)
        defined = (positives > 0) & (negatives > 0)
        total = np.bincount(side, weights=share, minlength=2 * groups)[1::2]
        value = np.divide(total, positives, out=np.full(groups, np.nan), where=defined)
        influence = np.zeros(len(codes))
        influence[self._order[places]] = (share - np.where(defined, value, 0.0)[cells]) / sides[side]
        return Grouped(value, np.minimum(positives, negatives).astype(np.float64), influence)

    def _lower(
        self, places: Any, cells: Codes, positive: NDArray[np.bool_], counts: Codes, positives: Codes
    ) -> tuple[Floats, Floats]:
        """For each row, the rows of its group, and the positives, with a lower score; equal scores count half."""
        rows: Floats = np.arange(len(places), dtype=np.float64)
        found: Floats = np.cumsum(positive).astype(np.float64) - positive
        if self._ties and len(places):
            rank = np.cumsum(self._new)[places]
            first = np.flatnonzero(np.append(True, (rank[1:] != rank[:-1]) | (cells[1:] != cells[:-1])))
            size = np.diff(np.append(first, len(places)))
            tied = np.add.reduceat(positive.astype(np.float64), first)
            rows, found = np.repeat(first + 0.5 * size, size), np.repeat(found[first] + 0.5 * tied, size)
        before, before_positive = (np.cumsum(each) - each for each in (counts, positives))
        return rows - before[cells], found - before_positive[cells]


def statistic_of(metric: str, outcomes: Any) -> tuple[Statistic, bool]:
    """(the statistic to search slices by, whether it is the metric itself); other metrics have a substitute."""
    exact = _EXACT[outcomes.problem]
    if metric in exact:
        return exact[metric](outcomes), True
    stand_in = _STAND_INS.get(metric, "log_loss")
    return exact[stand_in if stand_in in exact else "log_loss"](outcomes), False


_STAND_INS = {"average_precision": "roc_auc", "mcc": "accuracy"}
_EXACT: dict[str, dict[str, Any]] = {
    "binary": {
        "roc_auc": lambda o: Area(o.actual, o.probability),
        "accuracy": lambda o: Quotient(o.predicted == o.actual),
        "precision": lambda o: Quotient(o.predicted & o.actual, o.predicted),
        "recall": lambda o: Quotient(o.predicted & o.actual, o.actual),
        "f1": lambda o: Quotient(2 * (o.predicted & o.actual), o.predicted.astype(np.int64) + o.actual),
        "log_loss": lambda o: Quotient(log_losses(np.where(o.actual, o.probability, 1 - o.probability))),
        "brier": lambda o: Quotient((o.probability - o.actual) ** 2),
    },
    "multiclass": {
        "accuracy": lambda o: Quotient(o.predicted == o.actual),
        "log_loss": lambda o: Quotient(log_losses(o.probabilities[np.arange(o.rows), o.actual])),
        "brier": lambda o: Quotient(((o.probabilities - (o.actual[:, None] == np.arange(o.classes))) ** 2).sum(axis=1)),
    },
    "regression": {
        "mae": lambda o: Quotient(np.abs(o.value - o.actual)),
        "rmse": lambda o: Quotient((o.value - o.actual) ** 2, root=True),
        "pinball": lambda o: Quotient(o.pinball),
        "r2": lambda o: Explained(o.actual, o.value),
    },
}


def _total(codes: Codes, groups: int, values: Any) -> Floats:
    """The sum of each group; rows in no group are excluded."""
    return np.bincount(codes + 1, weights=values, minlength=groups + 1)[1:].astype(np.float64)


def _each(of_groups: Floats, codes: Codes) -> Floats:
    """The value of each row's group; NaN for rows in no group."""
    return np.append(of_groups, np.nan)[codes]


def _spread(values: Floats, by_group: Floats, codes: Codes) -> Floats:
    """Each row's value divided by its group's; 0 where that is not positive."""
    divisor = _each(by_group, codes)
    return np.divide(values, divisor, out=np.zeros(len(values)), where=divisor > 0)
