"""A quantile of a number, and two further ones for the ends of its interval, each by boosted trees of its own.

The ends are those of conformalised quantile regression (Romano, Patterson and Candes 2019,
https://arxiv.org/abs/1905.03222); `training.intervals` corrects them on the held-out rows.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor

Floats = NDArray[np.float64]


class QuantileBoosting(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """HistGradientBoostingRegressor with loss quantile: once for the answer, and twice for the ends of an interval.

    Args:
        quantile: the quantile that is the answer; 0.5 is the median.
        share: the share of rows between the ends; None for an answer alone.
        max_iter, learning_rate, max_leaf_nodes, min_samples_leaf, l2_regularization, max_features,
            categorical_features, random_state: as in scikit-learn's class.
    """

    def __init__(
        self,
        quantile: float = 0.5,
        share: float | None = None,
        *,
        max_iter: int = 100,
        learning_rate: float = 0.1,
        max_leaf_nodes: int | None = 31,
        min_samples_leaf: int = 20,
        l2_regularization: float = 0.0,
        max_features: float = 1.0,
        categorical_features: Any = None,
        random_state: int | None = None,
    ) -> None:
        self.quantile, self.share, self.max_iter, self.learning_rate = quantile, share, max_iter, learning_rate
        self.max_leaf_nodes, self.min_samples_leaf = max_leaf_nodes, min_samples_leaf
        self.l2_regularization, self.max_features = l2_regularization, max_features
        self.categorical_features, self.random_state = categorical_features, random_state

    def fit(self, numbers: Floats, target: Floats) -> Self:
        """Fits one model, or three. The errors are those of scikit-learn."""
        settings = {name: value for name, value in self.get_params().items() if name not in ("quantile", "share")}
        tail = () if self.share is None else ((1 - self.share) / 2, (1 + self.share) / 2)
        self.models_ = [
            HistGradientBoostingRegressor(loss="quantile", quantile=each, early_stopping=False, **settings).fit(
                numbers, target
            )
            for each in (self.quantile, *tail)
        ]
        return self

    def predict(self, numbers: Floats) -> Floats:
        """The answers (n,)."""
        return np.asarray(self.models_[0].predict(numbers), dtype=np.float64)

    def predict_all(self, numbers: Floats) -> Floats:
        """The answers, and of a model with ends the lower and the upper one: (n, 1) or (n, 3)."""
        return np.column_stack([model.predict(numbers) for model in self.models_])

    # The members of a boosting with several outputs, as `training.fast.extraction` reads them.

    @property
    def n_features_in_(self) -> int:
        """The number of columns of numbers."""
        return int(self.models_[0].n_features_in_)

    @property
    def is_categorical_(self) -> Any:
        """The columns that hold codes of categories."""
        return self.models_[0].is_categorical_

    @property
    def _preprocessor(self) -> Any:
        return self.models_[0]._preprocessor

    @property
    def _baseline_prediction(self) -> Floats:
        return np.concatenate([np.ravel(model._baseline_prediction) for model in self.models_])

    @property
    def _predictors(self) -> list[list[Any]]:
        """By iteration the tree of each model."""
        return [
            [tree for one in trees for tree in one]
            for trees in zip(*(m._predictors for m in self.models_), strict=True)
        ]


def has_ends(pipeline: Any) -> bool:
    """True for a fitted pipeline whose estimator has ends of its own for each row."""
    return isinstance(pipeline[-1], QuantileBoosting) and pipeline[-1].share is not None


def answers(pipeline: Any, rows: Any) -> Floats:
    """The answers of a pipeline and their ends, (n, 3), for typed rows."""
    return QuantileBoosting.predict_all(pipeline[-1], pipeline[:-1].transform(rows))
