"""A figure and its interval, from the figure's bootstrap replicates.

The interval is BCa, the bias-corrected and accelerated bootstrap (Efron 1987, "Better bootstrap confidence intervals";
DiCiccio and Efron 1996). The acceleration comes from a jackknife that leaves out groups of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NORMAL = NormalDist()
# Where the acceleration is larger, the formula turns over itself; no figure here comes near.
_MOST_ACCELERATION = 0.2


@dataclass(frozen=True)
class Figure:
    """A figure and its interval. None where it is not defined, for example roc_auc of rows of one class."""

    value: float | None
    low: float | None
    high: float | None

    def as_dict(self) -> dict[str, float | None]:
        """Ready for JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


def figure(value: float, draws: Floats, confidence: float, left_out: Floats | None = None) -> Figure:
    """Never half a figure: without a value, or with most replicates undefined, there is no interval.

    `draws`: the figure of each resample, NaN where it is not defined. `left_out`: the figure with each group of rows
    left out, from `Resamples.left_out`; without it the interval is bias-corrected, not accelerated.
    """
    defined = draws[np.isfinite(draws)]
    if not np.isfinite(value):
        return Figure(None, None, None)
    if len(defined) * 2 < len(draws) or not len(defined):
        return Figure(float(value), None, None)
    low, high = interval(float(value), defined, confidence, left_out)
    return Figure(float(value), low, high)


def interval(value: float, draws: Floats, confidence: float, left_out: Floats | None = None) -> tuple[float, float]:
    """(low, high) around `value` from at least one finite replicate; see `figure`."""
    below = (np.count_nonzero(draws < value) + 0.5 * np.count_nonzero(draws == value)) / len(draws)
    bias = _NORMAL.inv_cdf(float(np.clip(below, 0.5 / len(draws), 1 - 0.5 / len(draws))))
    acceleration = 0.0 if left_out is None else _acceleration(left_out)
    shares = [_share(bias, acceleration, _NORMAL.inv_cdf((1 + side * confidence) / 2)) for side in (-1, 1)]
    low, high = np.quantile(draws, shares)
    # A figure that resampling always makes worse (a calibration error) may lie outside its own replicates.
    return min(float(low), value), max(float(high), value)


def _share(bias: float, acceleration: float, normal: float) -> float:
    """Which quantile of the replicates is the end; DiCiccio and Efron's equation 2.3."""
    return _NORMAL.cdf(bias + (bias + normal) / max(1e-9, 1 - acceleration * (bias + normal)))


def _acceleration(left_out: Floats) -> float:
    """A sixth of the skewness of what each group brings to the figure, over the root of their number."""
    pulls = left_out[np.isfinite(left_out)]
    pulls = pulls.mean() - pulls if len(pulls) else pulls
    spread = float((pulls**2).sum())
    if spread <= 0:
        return 0.0
    acceleration = float((pulls**3).sum()) / (6 * spread**1.5)
    return float(np.clip(acceleration, -_MOST_ACCELERATION, _MOST_ACCELERATION))
