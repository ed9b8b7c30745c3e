"""The first step of a saved pipeline: typed columns in, one matrix of numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from perennial.contract.columns import Column
from training.encoders import Calendar, Codes, Encoder, Flags, Joined, Matrix, Numbers, Scaled
from training.ngrams import NGrams
from training.target_means import TargetMeans
from training.words import Words

# HistGradientBoosting takes 255 bins; one is for others, one for missing values.
MOST_CODES = 253
MOST_FLAGS = 50


class Features(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """`ordinal` keeps nulls as NaN and categories as codes, for trees; `dense` imputes, scales and one-hot encodes.

    `both` has the numbers of `ordinal`, and behind them those of `dense`.

    `ways` are the encodings of columns for which there is a choice (`training.encodings`); `classes` is the number of
    classes, 1 for a regression.
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        encoding: Literal["ordinal", "dense", "both"] = "dense",
        ways: Mapping[str, str] | None = None,
        classes: int = 1,
        seed: int = 0,
    ) -> None:
        self.columns = columns
        self.encoding = encoding
        self.ways = ways
        self.classes = classes
        self.seed = seed

    def fit(self, rows: pd.DataFrame, target: Any = None) -> Self:
        """Fits each column's encoder to the training rows. `target`: numbers, or places of classes, (n,)."""
        self._fit_encoders(rows, target)
        self._leave_out_empty(self._encoded(rows))
        return self

    def fit_transform(self, rows: pd.DataFrame, target: Any = None, groups: Any = None, **_: Any) -> Matrix:
        """The matrix of the training rows: a number that is from targets is not from the row's own.

        `groups` (n,): whole numbers; a number from a text's words is not from the row's group either.
        """
        self._fit_encoders(rows, target)
        matrix = np.column_stack([_learnt(encoder, rows[name], target, groups) for name, encoder in self.encoders_])
        self._leave_out_empty(matrix)
        matrix[:, self.empty_] = 0.0
        return matrix

    def transform(self, rows: pd.DataFrame) -> Matrix:
        """A matrix of shape (rows, numbers)."""
        matrix = self._encoded(rows)
        matrix[:, self.empty_] = 0.0
        return matrix

    def _fit_encoders(self, rows: pd.DataFrame, target: Any) -> None:
        self.encoders_: list[tuple[str, Encoder]] = [
            (name, self._encoder(name, dense).fit(rows[name], target))
            for dense in {"ordinal": (False,), "dense": (True,), "both": (False, True)}[self.encoding]
            for name in self.columns
        ]

    def _leave_out_empty(self, matrix: Matrix) -> None:
        """A column without values is left out: it has no information, and some estimators fail on it."""
        self.empty_ = np.isnan(matrix).all(axis=0)

    def _encoded(self, rows: pd.DataFrame) -> Matrix:
        return np.column_stack([encoder.transform(rows[name]) for name, encoder in self.encoders_])

    def get_feature_names_out(self, input_features: object = None) -> list[str]:
        """One name per number of the matrix."""
        return [part for name, encoder in self.encoders_ for part in encoder.names(name)]

    def _encoder(self, name: str, dense: bool) -> Encoder:
        way = (self.ways or {}).get(name)
        return _encoder(self.columns[name], dense, way, self.classes, self.seed)


def code_places(columns: Mapping[str, Column], ways: Mapping[str, str] | None = None, classes: int = 1) -> list[int]:
    """The indices of category codes in the ordinal matrix; known before the fit."""
    encoders, starts = _ordinal(columns, ways, classes)
    return [int(at) for encoder, at in zip(encoders, starts, strict=False) if isinstance(encoder, Codes)]


def words_places(columns: Mapping[str, Column], ways: Mapping[str, str] | None = None, classes: int = 1) -> list[int]:
    """The indices in the ordinal matrix of numbers that are the answers of `Words`; known before the fit."""
    encoders, starts = _ordinal(columns, ways, classes)
    found: list[int] = []
    for name, encoder, start in zip(columns, encoders, starts, strict=False):
        at = int(start)
        for part in encoder.parts if isinstance(encoder, Joined) else ():
            width = len(part.names(name))
            found += range(at, at + width) if isinstance(part, Words) else ()
            at += width
    return found


def ordinal_width(columns: Mapping[str, Column], ways: Mapping[str, str] | None = None, classes: int = 1) -> int:
    """The number of columns of the ordinal matrix; known before the fit."""
    return int(_ordinal(columns, ways, classes)[1][-1])


def _ordinal(columns: Mapping[str, Column], ways: Mapping[str, str] | None, classes: int) -> tuple[list[Encoder], Any]:
    """The unfitted encoders, and where the numbers of each start, with the end of all."""
    encoders = {
        name: _encoder(column, dense=False, way=(ways or {}).get(name), classes=classes)
        for name, column in columns.items()
    }
    return list(encoders.values()), np.cumsum([0, *[len(each.names(name)) for name, each in encoders.items()]])


def _encoder(column: Column, dense: bool, way: str | None, classes: int, seed: int = 0) -> Encoder:
    if column.type == "text" or (column.type == "category" and way is not None):
        parts = [_part(kind, classes, seed) for kind in ("ngrams" if way is None else way).split("+") if kind]
        return Joined([Scaled(part) for part in parts] if dense else parts)
    match column.type:
        case "category":
            return Flags(MOST_FLAGS) if dense else Codes(MOST_CODES)
        case "date" | "datetime":
            calendar = Calendar(clock=column.type == "datetime")
            return Scaled(calendar) if dense else calendar
    return Scaled(Numbers()) if dense else Numbers()


def _part(kind: str, classes: int, seed: int) -> Encoder:
    match kind:
        case "means":
            return TargetMeans(classes, seed)
        case "words":
            return Words(classes)
    return NGrams(seed)


def _learnt(encoder: Encoder, values: pd.Series, target: Any, groups: Any) -> Matrix:
    """The numbers of the rows that the encoder was fitted to."""
    match encoder:
        case TargetMeans():
            return encoder.crossed(values, target)
        case Words():
            return encoder.crossed(values, target, groups)
        case Scaled():
            return encoder.scaled(_learnt(encoder.inner, values, target, groups))
        case Joined():
            parts = [_learnt(part, values, target, groups) for part in encoder.parts]
            return np.column_stack([np.zeros((len(values), 0)), *parts])
    return encoder.transform(values)
