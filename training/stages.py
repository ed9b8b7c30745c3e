"""The answers of a boosted estimator after fewer iterations than it was fitted with, without another fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from training.ensemble import LogTarget

ALL = (0,)  # the stages of an estimator without iterations
_QUARTERS = 4

Floats = NDArray[np.float64]


def quarters(estimator: Any) -> tuple[int, ...]:
    """The numbers of iterations after each quarter of a boosted estimator's own; ALL for another one.

    One that stops early has its number from the rows, and so has ALL.
    """
    is_boosted = isinstance(estimator, HistGradientBoostingClassifier | HistGradientBoostingRegressor)
    if not is_boosted or estimator.early_stopping is not False:
        return ALL
    return tuple(sorted({max(1, estimator.max_iter * part // _QUARTERS) for part in range(1, _QUARTERS + 1)}))


def staged(estimator: Any, method: str, numbers: Floats, stages: tuple[int, ...]) -> Floats:
    """The answers (stages, n) or (stages, n, K) of `method`, predict or predict_proba."""
    if stages == ALL:
        return np.asarray(getattr(estimator, method)(numbers), dtype=np.float64)[None]
    if isinstance(estimator, LogTarget):
        return np.stack([estimator.answer(each) for each in staged(estimator.inner, method, numbers, stages)])
    found = enumerate(getattr(estimator, f"staged_{method}")(numbers), 1)
    return np.stack([np.asarray(each, dtype=np.float64) for done, each in found if done in stages])
