"""Figures for evaluation.json: a value and its interval, finite numbers or None, never NaN."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Fig = dict[str, Any]


def figure(value: float, low: float = float("nan"), high: float = float("nan")) -> Fig:
    """{"value", "low", "high"}. Without a value there is no interval, and an interval is whole or absent."""
    if not np.isfinite(value):
        return {"value": None, "low": None, "high": None}
    whole = bool(np.isfinite(low) and np.isfinite(high))
    return {"value": float(value), "low": float(low) if whole else None, "high": float(high) if whole else None}


def percentile(value: float, draws: Floats, confidence: float) -> Fig:
    """A figure with the percentile interval of its resamples (Efron and Tibshirani 1993, chapter 13).

    `draws`: (resamples,), NaN where a resample has no such figure; most of them must have one.
    """
    defined = draws[np.isfinite(draws)]
    if not len(defined) or len(defined) * 2 < len(draws):
        return figure(value)
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return figure(value, float(low), float(high))
