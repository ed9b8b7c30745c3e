"""The values of a column as groups of rows: categories by value, numbers by quantile bins, nulls as one group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.gate.measuring.columns import Table, Values, text_of, values_of

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


def levels(column: Any, binned: bool = True) -> Levels:
    """Each row's level; `column` is of pandas or Polars.

    `binned`: numbers, dates and datetimes with many values are cut at their quartiles.
    """
    found = values_of(column)
    different, codes = np.unique(found.values, return_inverse=True)
    if binned and found.is_measured() and len(different) > _MOST_VALUES:
        return _bins(found)
    return _with_nulls(found, codes, [found.text(value) for value in different])


def rows_where(where: Mapping[str, Any], rows: Table) -> tuple[dict[str, str], NDArray[np.bool_]]:
    """The conditions of a declared slice, as text, and its rows as a mask (n,)."""
    mask, entry = np.ones(len(rows), dtype=np.bool_), {}
    for column, wanted in where.items():
        texts = [text_of(value) for value in (wanted if isinstance(wanted, list | tuple) else [wanted])]
        found = levels(rows[column], binned=False)
        among = np.array([name in texts for name in found.names], dtype=np.bool_)
        mask &= among[found.codes]
        entry[column] = " or ".join(texts)
    return entry, mask


def crossed(left: Levels, right: Levels) -> Codes:
    """One code for each pair of levels, -1 where one of them is -1: left * len(right.names) + right. Shape (n,)."""
    both = (left.codes >= 0) & (right.codes >= 0)
    return np.where(both, left.codes * len(right.names) + right.codes, -1)


def _bins(found: Values) -> Levels:
    """Quartiles of the rows, named by their smallest and largest value."""
    ordered = np.sort(found.values)
    # Equal values have equal ranks: no value is on both sides of a cut.
    share = np.searchsorted(ordered, found.values, side="left").astype(np.float64)
    raw = np.minimum((share * _BINS / len(ordered)).astype(np.int64), _BINS - 1)
    different, bins = np.unique(raw, return_inverse=True)
    groups = [found.values[bins == place] for place in range(len(different))]
    names = [_span(found.text(group.min()), found.text(group.max())) for group in groups]
    return _with_nulls(found, bins, names)


def _span(least: str, most: str) -> str:
    return least if least == most else f"{least} to {most}"


def _with_nulls(found: Values, codes: Codes, names: list[str]) -> Levels:
    if found.known.all():
        return Levels(np.asarray(codes, dtype=np.int64), tuple(names))
    every = np.full(len(found.known), len(names), dtype=np.int64)
    every[found.known] = codes
    return Levels(every, (*names, MISSING))
