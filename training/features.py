"""The first step of a saved pipeline: typed columns in, one matrix of numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from perennial.contract.columns import Column
from training.encoders import Calendar, Codes, Encoder, Flags, Matrix, Numbers, Scaled, Words

# HistGradientBoosting takes 255 bins; one is for others, one for missing values.
MOST_CODES = 253
_MOST_FLAGS = 50
_WORD_BUCKETS = 32


class Features(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """`ordinal` keeps nulls as NaN and categories as codes, for trees; `dense` imputes, scales and one-hot encodes."""

    def __init__(self, columns: Mapping[str, Column], encoding: Literal["ordinal", "dense"] = "dense") -> None:
        self.columns = columns
        self.encoding = encoding

    def fit(self, rows: pd.DataFrame, target: object = None) -> Self:
        """Fits each column's encoder to the training rows. `target` is not used."""
        self.encoders_: list[tuple[str, Encoder]] = [
            (name, _encoder(column, self.encoding == "dense").fit(rows[name])) for name, column in self.columns.items()
        ]
        # A column without values is left out: it has no information, and some estimators fail on it.
        self.empty_ = np.isnan(self._encoded(rows)).all(axis=0)
        return self

    def transform(self, rows: pd.DataFrame) -> Matrix:
        """A matrix of shape (rows, numbers)."""
        matrix = self._encoded(rows)
        matrix[:, self.empty_] = 0.0
        return matrix

    def _encoded(self, rows: pd.DataFrame) -> Matrix:
        return np.column_stack([encoder.transform(rows[name]) for name, encoder in self.encoders_])

    def get_feature_names_out(self, input_features: object = None) -> list[str]:
        """One name per number of the matrix."""
        return [part for name, encoder in self.encoders_ for part in encoder.names(name)]


def code_places(columns: Mapping[str, Column]) -> list[int]:
    """The indices of category codes in the ordinal matrix; known before the fit."""
    widths = [len(_encoder(column, dense=False).names(name)) for name, column in columns.items()]
    starts = np.cumsum([0, *widths])
    return [int(start) for column, start in zip(columns.values(), starts, strict=False) if column.type == "category"]


def _encoder(column: Column, dense: bool) -> Encoder:
    match column.type:
        case "category":
            return Flags(_MOST_FLAGS) if dense else Codes(MOST_CODES)
        case "text":
            return Words(_WORD_BUCKETS)
        case "date" | "datetime":
            calendar = Calendar(clock=column.type == "datetime")
            return Scaled(calendar) if dense else calendar
    return Scaled(Numbers()) if dense else Numbers()
