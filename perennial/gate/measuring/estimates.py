"""A metric of the candidate inside and outside a slice, and of the champion inside it, with standard errors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from perennial.contract.metrics import metrics_of
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.influence import Floats, statistic_of
from perennial.gate.measuring.outcomes import Outcomes

_NAN = float("nan")
#: enough for a standard error within 10% (Efron and Tibshirani 1993, section 6.4)
_DRAWS = 50


@dataclass(frozen=True)
class Estimate:
    """`value` in the slice, `rest` of all other rows, `champion` in the slice; NaN where not defined.

    `size`: the rows that the metric is computed from. Errors are standard errors: of the value, of value - rest, and
    of value - champion on the same rows.
    """

    value: float
    rest: float
    champion: float
    size: float
    error: float
    gap_error: float
    difference_error: float


class Estimator:
    """Estimates one metric in slices, from the outcomes of one or two models on the same n rows."""

    def __init__(self, metric: str, candidate: Outcomes, champion: Outcomes | None, resamples: Resamples) -> None:
        self._metric, self._candidate, self._champion, self._resamples = metric, candidate, champion, resamples
        self._place = [each.name for each in metrics_of(candidate.problem)].index(metric)
        self._mine, self._exact = statistic_of(metric, candidate)
        self._theirs = None if champion is None else statistic_of(metric, champion)[0]

    def of(self, rows: NDArray[np.bool_]) -> Estimate:
        """The estimate for one slice. `rows`: its mask (n,)."""
        return self._by_influence(rows) if self._exact else self._by_resampling(rows)

    def _by_influence(self, rows: NDArray[np.bool_]) -> Estimate:
        codes = rows.astype(np.int64)
        mine = self._mine.of(codes, 2)
        inside, gap = self._variance(mine.influence * rows), self._variance(mine.influence * np.where(rows, 1, -1))
        champion, paired = _NAN, _NAN
        if self._theirs is not None:
            theirs = self._theirs.of(codes, 2)
            champion = float(theirs.value[1])
            paired = self._variance((mine.influence - theirs.influence) * rows)
        return Estimate(
            float(mine.value[1]),
            float(mine.value[0]),
            champion,
            float(mine.size[1]),
            float(inside**0.5),
            float(gap**0.5),
            float(paired**0.5),
        )

    def _variance(self, influence: Floats) -> float:
        """The squared standard error: rows of one group of the resamples are not independent, so they add up first."""
        groups = self._resamples.groups
        totals = influence if groups is None else np.bincount(groups, weights=influence)
        return float((totals**2).sum())

    def _by_resampling(self, rows: NDArray[np.bool_]) -> Estimate:
        def work(weights: Floats) -> Floats:
            return self._metrics(rows, weights)

        value, rest, champion = work(np.ones((1, len(rows))))[0].tolist()
        draws = replace(self._resamples, count=min(_DRAWS, self._resamples.count)).replicate(work)
        size = self._mine.of(rows.astype(np.int64), 2).size[1]
        return Estimate(
            value,
            rest,
            champion,
            float(size),
            _error(draws[:, 0]),
            _error(draws[:, 0] - draws[:, 1]),
            _error(draws[:, 0] - draws[:, 2]),
        )

    def _metrics(self, rows: NDArray[np.bool_], weights: Floats) -> Floats:
        """(b, 3): the candidate's metric inside and outside, and the champion's inside."""
        inside = weights * rows
        champion = np.full(len(weights), _NAN) if self._champion is None else self._interval(self._champion, inside)
        mine = [self._interval(self._candidate, each) for each in (inside, weights - inside)]
        return np.column_stack([*mine, champion])

    def _interval(self, outcomes: Outcomes, weights: Floats) -> Floats:
        return outcomes.vectors(weights)[:, self._place]


def _error(draws: Floats) -> float:
    """The standard error; NaN where the metric is undefined in most resamples."""
    defined = draws[np.isfinite(draws)]
    return float(defined.std(ddof=1)) if len(defined) > 1 and len(defined) * 2 >= len(draws) else _NAN
