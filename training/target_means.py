"""A category as the mean of the target among its rows, shrunk towards the mean of all rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import KFold
from sklearn.preprocessing import TargetEncoder

Matrix = NDArray[np.float64]
_FOLDS = 5


class TargetMeans:
    """scikit-learn's TargetEncoder of one column: one number, of more than two classes a share for each of them.

    A null is NaN, an unseen category the mean of all rows. `means` (categories, outputs) belong to `categories`,
    `overall` (outputs,) to an unseen one.
    """

    def __init__(self, classes: int, seed: int = 0) -> None:
        """`classes`: the number of classes, 1 for a regression."""
        self.classes = classes
        self.seed = seed
        self.categories: list[str] = []
        self.means: Matrix = np.zeros((0, self.outputs))
        self.overall: Matrix = np.zeros(self.outputs)

    @property
    def outputs(self) -> int:
        """The number of numbers."""
        return self.classes if self.classes > 2 else 1

    def fit(self, values: pd.Series, target: Any = None) -> TargetMeans:
        """Learns the means of all rows. `target`: numbers, or places of classes, (n,)."""
        known = values.notna().to_numpy(dtype=bool)
        if known.any():
            given = _column(values, known)
            learnt = [self._encoder().fit(given, answers) for answers in self._answers(target, known)]
            self.categories = [str(name) for name in learnt[0].categories_[0]]
            overall = np.array([each.target_mean_ for each in learnt], dtype=np.float64)
            self.overall = np.where(np.isfinite(overall), overall, 0.0)
            means = np.column_stack([each.encodings_[0] for each in learnt])
            self.means = np.where(np.isfinite(means), means, self.overall)  # of targets whose squares are too large
        return self

    def crossed(self, values: pd.Series, target: Any) -> Matrix:
        """The numbers (n, outputs) of the training rows, each by rows of other folds: without a row's own target."""
        known = values.notna().to_numpy(dtype=bool)
        found = np.full((len(values), self.outputs), np.nan)
        if known.sum() >= _FOLDS:
            given = _column(values, known)
            parts = [self._encoder().fit_transform(given, answers) for answers in self._answers(target, known)]
            found[known] = np.column_stack(parts)
        return found

    def transform(self, values: pd.Series) -> Matrix:
        """Numbers of shape (n, outputs)."""
        places = pd.Index(self.categories, dtype=object).get_indexer(
            pd.Index(values.to_numpy(dtype=object), dtype=object)
        )
        found = np.vstack([self.means, self.overall])[places]  # -1 is the last: the mean of all rows
        found[values.isna().to_numpy(dtype=bool)] = np.nan
        return np.asarray(found, dtype=np.float64)

    def names(self, column: str) -> list[str]:
        """One name per number."""
        return [f"{column}.mean"] if self.outputs == 1 else [f"{column}.mean{place}" for place in range(self.outputs)]

    def _encoder(self) -> TargetEncoder:
        # The mean of 0 and 1 is the share of a class, shrunk by the same formula as the mean of numbers.
        folds = KFold(_FOLDS, shuffle=True, random_state=self.seed)
        return TargetEncoder(target_type="continuous", cv=folds)

    def _answers(self, target: Any, known: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
        """The numbers that are averaged, (n,) for each output."""
        truth = np.asarray(target)[known]
        if self.outputs == 1:
            return [truth.astype(np.float64)]
        return [(truth == place).astype(np.float64) for place in range(self.outputs)]


def _column(values: pd.Series, known: NDArray[np.bool_]) -> NDArray[Any]:
    return values.to_numpy(dtype=object)[known][:, None]
