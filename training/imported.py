"""A model that was trained elsewhere, as it serves: typed rows in, as its signature has them; our classes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator


class Imported(BaseEstimator):  # type: ignore[misc]
    """A fitted estimator behind the contract of a model here.

    Args:
        model: the estimator, from scikit-learn.
        inputs: the columns that it reads in their order, (name, type of MLflow).
        places: for each class here, its place among those of the estimator; empty for a regression.
    """

    def __init__(self, model: Any, inputs: Sequence[tuple[str, str]], places: Sequence[int] = ()) -> None:
        self.model, self.inputs, self.places = model, inputs, places

    def fit(self, rows: pd.DataFrame, target: Any) -> Self:
        """Changes nothing: the model was fitted elsewhere."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """The numbers (n,) for typed rows."""
        return np.asarray(self.model.predict(self._columns(rows)), dtype=np.float64).reshape(len(rows))

    def predict_proba(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """The probabilities (n, K) for typed rows, in the order of the classes here."""
        found = np.asarray(self.model.predict_proba(self._columns(rows)), dtype=np.float64)
        return found[:, list(self.places)]

    def _columns(self, rows: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame({name: _as(rows[name], kind) for name, kind in self.inputs})


def _as(values: pd.Series, kind: str) -> Any:
    """A column as pandas reads it from a file, which is what a signature is inferred from."""
    match kind:
        case "boolean":
            return values.astype(bool)
        case "long" | "integer":
            return values.astype(np.int64 if kind == "long" else np.int32)
        case "double" | "float":
            return values.astype("Float64").to_numpy(
                dtype=np.float64 if kind == "double" else np.float32, na_value=np.nan
            )
        case "datetime":
            return values.dt.tz_localize(None) if values.dt.tz is not None else values
    return values.astype(object).where(values.notna(), np.nan)
