"""Metrics for evaluation.json: a value and its bootstrap interval, finite numbers or None, never NaN.

The interval is BCa, the bias-corrected and accelerated bootstrap (Efron 1987, "Better bootstrap confidence intervals";
DiCiccio and Efron 1996). The acceleration comes from a jackknife that leaves out groups of rows.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MetricInterval = dict[str, Any]
_NORMAL = NormalDist()
# With a larger acceleration the formula is not monotonic; no metric here comes near.
_MOST_ACCELERATION = 0.2


def metric_value(value: float, low: float = float("nan"), high: float = float("nan")) -> MetricInterval:
    """{"value", "low", "high"}. Without a value there is no interval; an interval has both ends or none."""
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    whole = bool(np.isfinite(low) and np.isfinite(high))
    return {"value": float(value), "low": float(low) if whole else None, "high": float(high) if whole else None}


def bootstrapped(value: float, draws: Floats, confidence: float, left_out: Floats | None = None) -> MetricInterval:
    """A metric with the BCa interval of its resamples.

    `draws`: (resamples,), NaN where the metric is undefined; most must be defined. `left_out`: the metric with each
    group of rows left out, from `Resamples.left_out`; without it the interval is corrected for bias alone.
    """
    defined = draws[np.isfinite(draws)]
    if not np.isfinite(value) or not len(defined) or len(defined) * 2 < len(draws):
        return metric_value(value)
    return metric_value(value, *interval(float(value), defined, confidence, left_out))


def interval(value: float, draws: Floats, confidence: float, left_out: Floats | None = None) -> tuple[float, float]:
    """(low, high) around `value` from at least one finite replicate; see `bootstrapped`."""
    below = (np.count_nonzero(draws < value) + 0.5 * np.count_nonzero(draws == value)) / len(draws)
    bias = _NORMAL.inv_cdf(float(np.clip(below, 0.5 / len(draws), 1 - 0.5 / len(draws))))
    acceleration = 0.0 if left_out is None else _acceleration(left_out)
    shares = [_share(bias, acceleration, _NORMAL.inv_cdf((1 + side * confidence) / 2)) for side in (-1, 1)]
    low, high = np.quantile(draws, shares)
    # A metric that resampling always makes worse (the calibration error) may lie outside its own replicates.
    return min(float(low), value), max(float(high), value)


def _share(bias: float, acceleration: float, normal: float) -> float:
    """The quantile of the replicates at one end of the interval; DiCiccio and Efron's equation 2.3."""
    return _NORMAL.cdf(bias + (bias + normal) / max(1e-9, 1 - acceleration * (bias + normal)))


def _acceleration(left_out: Floats) -> float:
    """A sixth of the skewness of each group's contribution to the metric, over the root of the number of groups."""
    pulls = left_out[np.isfinite(left_out)]
    pulls = pulls.mean() - pulls if len(pulls) else pulls
    largest = float(np.abs(pulls).max(initial=0.0))
    if largest == 0:
        return 0.0
    pulls = pulls / largest  # scaled, because cubes of small numbers underflow
    acceleration = float((pulls**3).sum()) / (6 * float((pulls**2).sum()) ** 1.5)
    return float(np.clip(acceleration, -_MOST_ACCELERATION, _MOST_ACCELERATION))
