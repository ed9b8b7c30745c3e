"""The values of a column as groups of rows: categories by value, numbers by quantile bins, nulls as one group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Codes = NDArray[np.int64]
MISSING = "missing"
#: numbers and dates with more distinct values than this are cut into quantile bins
_MOST_VALUES = 10
_BINS = 4


@dataclass(frozen=True)
class Levels:
    """`codes`: the level of each of n rows, (n,), from 0 on. `names`: the name of each level."""

    codes: Codes
    names: tuple[str, ...]

    def with_min_rows(self, min_rows: int) -> Levels:
        """Levels of at least `min_rows` rows keep a code; all other rows get -1."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))
        stay = np.flatnonzero(counts >= min_rows)
        recode = np.full(len(self.names) + 1, -1, dtype=np.int64)
        recode[stay] = np.arange(len(stay))
        return Levels(recode[self.codes], tuple(self.names[place] for place in stay.tolist()))


def text_of(value: Any) -> str:
    """A value as evaluation.json writes it: true and false as in JSON, 1.0 as 1, a date without T00:00:00."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, float | np.floating):
        return str(int(value)) if float(value).is_integer() else f"{float(value):.6g}"
    if isinstance(value, pd.Timestamp):
        return value.isoformat().removesuffix("T00:00:00")
    return str(value)


def levels(column: pd.Series, binned: bool = True) -> Levels:
    """Each row's level. `binned`: numbers, dates and datetimes with many values are cut at their quartiles."""
    values = column.reset_index(drop=True)
    if binned and _is_measured(values) and values.nunique() > _MOST_VALUES:
        return _bins(values)
    codes, different = pd.factorize(values, sort=True)
    names = [text_of(value) for value in different]
    return _with_nulls(np.asarray(codes, dtype=np.int64), names)


def crossed(left: Levels, right: Levels) -> Codes:
    """One code for each pair of levels, -1 where one of them is -1: left * len(right.names) + right. Shape (n,)."""
    both = (left.codes >= 0) & (right.codes >= 0)
    return np.where(both, left.codes * len(right.names) + right.codes, -1)


def _is_measured(values: pd.Series) -> bool:
    dtype = values.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return False
    return pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype)


def _bins(values: pd.Series) -> Levels:
    """Quartiles of the rows, named by their smallest and largest value."""
    known = values.notna().to_numpy()
    ranked = values[known]
    # Equal values have equal ranks: no value is on both sides of a cut.
    share = ranked.rank(method="min").to_numpy(dtype=np.float64) - 1
    raw = np.minimum((share * _BINS / len(ranked)).astype(np.int64), _BINS - 1)
    _, bins = np.unique(raw, return_inverse=True)
    grouped = ranked.groupby(bins)
    ends = zip(grouped.min(), grouped.max(), strict=True)
    codes = np.full(len(values), -1, dtype=np.int64)
    codes[known] = bins
    return _with_nulls(codes, [_span(text_of(least), text_of(most)) for least, most in ends])


def _span(least: str, most: str) -> str:
    return least if least == most else f"{least} to {most}"


def _with_nulls(codes: Codes, names: list[str]) -> Levels:
    missing = codes < 0
    if missing.any():
        codes = np.where(missing, len(names), codes)
        names = [*names, MISSING]
    return Levels(codes, tuple(names))
