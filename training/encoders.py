"""Encoders: each turns one column into numbers. A fitted encoder holds only plain arrays.

Each takes a typed pandas column and returns an array of shape (n, width); a null or an unseen category becomes NaN or
the code for others, never an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
# Some estimators compute in 32-bit floats, in which a larger number is infinite.
_LARGEST = 3e38


class Encoder(Protocol):
    """Base of encoders: fitted to a column, then turns it into numbers."""

    def fit(self, values: pd.Series, target: Any = None) -> Encoder:
        """Fits to the training rows. `target`: numbers, or places of classes, (n,); few encoders use it."""

    def transform(self, values: pd.Series) -> Matrix:
        """Numbers of shape (n, width)."""

    def names(self, column: str) -> list[str]:
        """One name per number."""


class Numbers:
    """A number, an integer, or a boolean as 0 and 1. Infinity counts as missing."""

    def fit(self, values: pd.Series, target: Any = None) -> Numbers:
        return self

    def transform(self, values: pd.Series) -> Matrix:
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return np.clip(np.where(np.isinf(numbers), np.nan, numbers), -_LARGEST, _LARGEST)[:, None]

    def names(self, column: str) -> list[str]:
        return [column]


class Codes:
    """Categories as integer codes, the most frequent first; from `most` on they share the code for others."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.categories: list[str] = []
        self.capped = False

    def fit(self, values: pd.Series, target: Any = None) -> Codes:
        self.categories, self.capped = _frequent(values, self.most)
        return self

    def transform(self, values: pd.Series) -> Matrix:
        codes = _places(values, self.categories).astype(np.float64)
        present = values.notna().to_numpy(dtype=bool)
        codes[codes < 0] = np.nan
        if self.capped:
            codes[np.isnan(codes) & present] = len(self.categories)
        return codes[:, None]

    def names(self, column: str) -> list[str]:
        return [column]


class Flags:
    """One-hot encoding of categories for linear models; the last column is for others. A null is 0 everywhere."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.categories: list[str] = []
        self.capped = False

    def fit(self, values: pd.Series, target: Any = None) -> Flags:
        self.categories, self.capped = _frequent(values, self.most)
        return self

    def transform(self, values: pd.Series) -> Matrix:
        places = _places(values, self.categories)
        places[places < 0] = len(self.categories)
        flags = np.zeros((len(values), len(self.categories) + 1))
        present = np.flatnonzero(values.notna().to_numpy(dtype=bool))
        flags[present, places[present]] = 1.0
        return flags

    def names(self, column: str) -> list[str]:
        return [*[f"{column}={category}" for category in self.categories], f"{column}.other"]


class Calendar:
    """A date or a moment (in UTC) as its periodic parts."""

    _DATE = ("year", "month", "day", "dayofweek", "dayofyear")

    def __init__(self, clock: bool) -> None:
        self.parts = (*self._DATE, "hour", "minute") if clock else self._DATE

    def fit(self, values: pd.Series, target: Any = None) -> Calendar:
        return self

    def transform(self, values: pd.Series) -> Matrix:
        return np.column_stack([getattr(values.dt, part).to_numpy(dtype=np.float64) for part in self.parts])

    def names(self, column: str) -> list[str]:
        return [f"{column}.{part}" for part in self.parts]


class Joined:
    """Several encoders of one column, side by side; without any the column is left out."""

    def __init__(self, parts: Sequence[Encoder]) -> None:
        self.parts = list(parts)

    def fit(self, values: pd.Series, target: Any = None) -> Joined:
        for part in self.parts:
            part.fit(values, target)
        return self

    def transform(self, values: pd.Series) -> Matrix:
        return np.column_stack([np.zeros((len(values), 0)), *[part.transform(values) for part in self.parts]])

    def names(self, column: str) -> list[str]:
        return [name for part in self.parts for name in part.names(column)]


class Scaled:
    """Another encoder's numbers standardized; missing ones get the median and, if the training rows had any, a mark."""

    def __init__(self, inner: Encoder) -> None:
        self.inner = inner
        self.middle: Matrix = np.zeros(0)
        self.mean: Matrix = np.zeros(0)
        self.deviation: Matrix = np.ones(0)
        self.gaps: NDArray[np.bool_] = np.zeros(0, dtype=np.bool_)

    def fit(self, values: pd.Series, target: Any = None) -> Scaled:
        numbers = self.inner.fit(values, target).transform(values)
        missing = np.isnan(numbers)
        self.gaps = np.asarray(missing.any(axis=0))
        known = [column[~gap] for column, gap in zip(numbers.T, missing.T, strict=True)]
        self.middle = np.array([np.median(column) if len(column) else 0.0 for column in known])
        filled = np.where(missing, self.middle, numbers)
        self.mean = filled.mean(axis=0)
        deviation = filled.std(axis=0)
        self.deviation = np.where(np.isfinite(deviation) & (deviation > 0), deviation, 1.0)
        return self

    def transform(self, values: pd.Series) -> Matrix:
        return self.scaled(self.inner.transform(values))

    def scaled(self, numbers: Matrix) -> Matrix:
        """The inner encoder's numbers standardized."""
        missing = np.isnan(numbers)
        scaled = (np.where(missing, self.middle, numbers) - self.mean) / self.deviation
        return np.column_stack([scaled, missing[:, self.gaps].astype(np.float64)])

    def names(self, column: str) -> list[str]:
        names = self.inner.names(column)
        return [*names, *[f"{name}.missing" for name, gap in zip(names, self.gaps, strict=True) if gap]]


def _frequent(values: pd.Series, most: int) -> tuple[list[str], bool]:
    """The most frequent categories, ties in the order of their names, and whether some were left out."""
    counts = values.dropna().value_counts()
    ranked = sorted(zip((-counts).tolist(), counts.index.tolist(), strict=True))
    return [category for _, category in ranked[:most]], len(ranked) > most


def _places(values: pd.Series, categories: list[str]) -> NDArray[np.intp]:
    """The index of each value among the categories, -1 for another value."""
    return pd.Index(categories, dtype=object).get_indexer(pd.Index(values.to_numpy(dtype=object), dtype=object))
