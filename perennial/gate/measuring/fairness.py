"""Fairness metrics: the rates of each group, and the difference and ratio between groups.

Rates, differences and ratios are those of fairlearn.metrics.MetricFrame (Agarwal et al. 2018, "A reductions approach
to fair classification"), with two exceptions: a rate with a denominator of 0 is unknown here and 0 in Fairlearn; the
ratio of 0 to 0 is 1 here and unknown in Fairlearn. The two groups to compare are chosen once, on the original rows.
The interval is that of this pair; each resample's own extremes do not widen it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contract.gate import Fairness
from perennial.contract.naming import FEWEST_NAMED
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.classification import totals
from perennial.gate.measuring.columns import Table, text_of
from perennial.gate.measuring.intervals import Floats, MetricInterval, bootstrapped
from perennial.gate.measuring.levels import Codes, Levels, levels
from perennial.gate.measuring.outcomes import Outcomes

#: The fewest rows of a class for which a rate is compared; the default of the gate's `min_per_class`.
FEWEST_OF_A_KIND = 10
_NO_RATIO = ("calibration",)


def measure(
    rules: Sequence[Fairness], rows: Table, outcomes: Outcomes, resamples: Resamples, confidence: float = 0.95
) -> list[dict[str, Any]]:
    """The 'fairness' of evaluation.json, one entry for each rule. `rows`: the n rows of `outcomes`, all columns."""
    return [_measured(rule, rows, outcomes, resamples, confidence) for rule in rules]


class Rates:
    """The rates of each group, for the original rows or for a resample."""

    def __init__(self, codes: Codes, groups: int, outcomes: Any) -> None:
        """`codes`: the group of each row, (n,), from 0 on.

        Binary: all five metrics. Multiclass: error, and calibration as the mean probability of the predicted class
        minus the accuracy. Regression: error is the mean absolute error and calibration the mean error, both in the
        target's unit.
        """
        self._codes, self._groups, self._binary = codes, groups, outcomes.problem == "binary"
        if outcomes.problem == "regression":
            self._bias = outcomes.value - outcomes.actual
            self._error = np.abs(self._bias)
        elif outcomes.problem == "multiclass":
            self._error = (outcomes.predicted != outcomes.actual).astype(np.float64)
            self._bias = outcomes.probabilities.max(axis=1) - (1 - self._error)
        else:
            self._bias = outcomes.probability - outcomes.actual
            self._cells = codes * 4 + outcomes.actual * 2 + outcomes.predicted

    def of(self, weights: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
        """(rates, denominators) by metric, each (b, groups) for weights (b, n); NaN where the denominator is 0."""
        parts, wholes = self._binary_parts(weights) if self._binary else self._parts(weights)
        return {
            name: np.divide(part, wholes[name], out=np.full(part.shape, np.nan), where=wholes[name] > 0)
            for name, part in parts.items()
        }, wholes

    def _parts(self, weights: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
        parts = {"calibration": self._total(weights * self._bias), "error": self._total(weights * self._error)}
        return parts, dict.fromkeys(parts, self._total(weights))

    def _binary_parts(self, weights: Floats) -> tuple[dict[str, Floats], dict[str, Floats]]:
        counted = totals(self._cells, weights, 4 * self._groups).reshape(len(weights), self._groups, 4)
        tn, fp, fn, tp = np.moveaxis(counted, 2, 0)
        rows, positives, negatives = counted.sum(axis=2), fn + tp, tn + fp
        return {
            "selection_rate": fp + tp,
            "true_positive_rate": tp,
            "false_positive_rate": fp,
            "calibration": self._total(weights * self._bias),
            "error": fp + fn,
        }, {
            "selection_rate": rows,
            "true_positive_rate": positives,
            "false_positive_rate": negatives,
            "calibration": rows,
            "error": rows,
        }

    def _total(self, values: Floats) -> Floats:
        return totals(self._codes, values, self._groups)


def _measured(
    rule: Fairness, rows: Table, outcomes: Outcomes, resamples: Resamples, confidence: float
) -> dict[str, Any]:
    found = _groups(rule, rows)
    rates = Rates(found.codes, len(found.names), outcomes)
    points, wholes = (
        {name: each[0] for name, each in found.items()} for found in rates.of(np.ones((1, outcomes.rows)))
    )

    def work(weights: Floats) -> Floats:
        return np.concatenate(list(rates.of(weights)[0].values()), axis=1)

    shape = (-1, len(points), len(found.names))
    draws, left_out = resamples.replicate(work).reshape(shape), resamples.left_out(work).reshape(shape)
    counts = np.bincount(found.codes, minlength=len(found.names))
    large = counts >= rule.min_rows
    entry: dict[str, Any] = {"columns": list(rule.columns), "apart": {}, "ratio": {}}
    entry["groups"] = [_group(name, int(counts[at]), bool(large[at])) for at, name in enumerate(found.names)]
    for at, name in enumerate(points):
        drawn = _Resampled(points[name], draws[:, at], left_out[:, at], confidence)
        for place, group in enumerate(entry["groups"]):
            group["measures"][name] = drawn.of(place)
            if name == "true_positive_rate":
                group["positives"] = int(wholes[name][place])
        enough = wholes[name] >= min(FEWEST_OF_A_KIND, rule.min_rows)
        pair = _pair(rule, found.names, points[name], large & enough)
        if pair is not None:
            pair_names = {"between": [_group_name(found.names[place]) for place in pair]}
            entry["apart"][name] = drawn.apart(*pair) | pair_names
            entry["ratio"] |= {} if name in _NO_RATIO else {name: drawn.ratio(*pair) | pair_names}
    return entry | _named(entry["groups"])


def _named(groups: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The groups without those of few rows, unless they are judged; of these the number and the rows together."""
    few = [group for group in groups if group["rows"] < FEWEST_NAMED and not group["judged"]]
    named = {"groups": [group for group in groups if group not in few]}
    return named | ({"unnamed": {"groups": len(few), "rows": sum(group["rows"] for group in few)}} if few else {})


def _group(name: str, rows: int, judged: bool) -> dict[str, Any]:
    return {"group": name.split(_SEPARATOR), "rows": rows, "judged": judged, "measures": {}}


_SEPARATOR = "\x00"


def _group_name(name: str) -> str:
    return name.replace(_SEPARATOR, " and ")


def _groups(rule: Fairness, rows: Table) -> Levels:
    """Every group with rows; for two columns every pair of values with rows."""
    parts = [levels(rows[name], binned=rule.groups is None) for name in rule.columns]
    if len(parts) == 1:
        return parts[0]
    left, right = parts
    both = left.codes * len(right.names) + right.codes
    seen, codes = np.unique(both, return_inverse=True)
    pairs = (divmod(int(code), len(right.names)) for code in seen)
    return Levels(codes, tuple(left.names[one] + _SEPARATOR + right.names[other] for one, other in pairs))


def _pair(rule: Fairness, names: Sequence[str], points: Floats, judged: NDArray[np.bool_]) -> tuple[int, int] | None:
    """The compared groups with the greatest and the smallest metric; None if fewer than two can be compared."""
    usable = np.flatnonzero(judged & np.isfinite(points))
    if rule.groups is not None:
        allowed = {text_of(value) for value in rule.groups}
        usable = np.array([place for place in usable.tolist() if names[place] in allowed], dtype=np.intp)
    if len(usable) < 2:
        return None
    return int(usable[np.argmax(points[usable])]), int(usable[np.argmin(points[usable])])


@dataclass(frozen=True)
class _Resampled:
    """One metric of all groups: original (groups,), by resample and with rows left out (m, groups)."""

    points: Floats
    draws: Floats
    left_out: Floats
    confidence: float

    def of(self, group: int) -> MetricInterval:
        return self._interval(lambda found: found[..., group])

    def apart(self, high: int, low: int) -> MetricInterval:
        return self._interval(lambda found: found[..., high] - found[..., low])

    def ratio(self, high: int, low: int) -> MetricInterval:
        return self._interval(lambda found: _quotient(found[..., low], found[..., high]))

    def _interval(self, of: Callable[[Floats], Any]) -> MetricInterval:
        return bootstrapped(float(of(self.points)), of(self.draws), self.confidence, of(self.left_out))


def _quotient(smaller: Any, larger: Any) -> Any:
    """The ratio of the chosen pair: it exceeds 1 in a resample that reverses the order. Numbers or arrays."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.where(larger > 0, np.divide(smaller, larger), np.nan)
    return np.where((larger == 0) & (smaller == 0), 1.0, quotient)
