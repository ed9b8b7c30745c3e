"""Makes a grid from a sample of typed rows."""

from typing import TYPE_CHECKING, TypedDict

import polars as pl

from perennial.dtypes import DTYPES
from perennial.profile.distinct import K
from perennial.profile.grid import CELLS, ColumnGrid, Grid, Kind, Role

if TYPE_CHECKING:
    from perennial.contract.dataset import Contract

CATEGORIES = 128
_NAMES_BYTES = 4096  # of all category names of a column: bounds the size of a profile
_COLUMNS = 160  # with more columns each has half of the cells, hashes and names; from 320 on a quarter, and so on
_MOST_PARTS = 16
_WIDEST = 8e307  # so that the range is a finite float
_DECILES = tuple(tenth / 10 for tenth in range(1, 10))


def freeze(sample: pl.DataFrame, contract: "Contract") -> Grid:
    """The grid for a contract's columns, from typed rows; a column that the sample lacks gets cells around zero.

    In a wide table each column has fewer cells, so that a profile of 2,000 columns stays near 2 MB.
    """
    columns: dict[str, ColumnGrid] = {}
    part = divisor(len(contract.columns))
    known = set(sample.columns)
    for name, column in contract.columns.items():
        role: Role = "feature" if contract.is_feature(name) else "other"
        if name == contract.target:
            role = "target"
        elif name == contract.event_time:  # time always increases; that is not drift
            role = "other"
        values = sample[name] if name in known else pl.Series(name, [], dtype=DTYPES[column.type])
        columns[name] = _freeze(values, column.type, role, part)
    return Grid(columns)


def divisor(columns: int) -> int:
    """The number by which the cells, hashes and names of a column are divided in a table of so many columns."""
    part = 1
    while part < _MOST_PARTS and columns > _COLUMNS * part:
        part *= 2
    return part


class _Sizes(TypedDict):
    cells: int
    kept: int


def _freeze(values: pl.Series, type_: str, role: Role, part: int) -> ColumnGrid:
    sizes: _Sizes = {"cells": CELLS // part, "kept": K // part}
    if type_ in ("boolean", "category"):
        counts = values.drop_nulls().cast(pl.String).alias("value").value_counts()
        top = counts.sort(["count", "value"], descending=[True, False])["value"].head(CATEGORIES // part)
        top = top.filter(top.str.len_bytes().cum_sum() <= _NAMES_BYTES // part)
        names = ["false", "true"] if type_ == "boolean" else sorted(top)
        return ColumnGrid(type_, "categories", role, categories=tuple(names), **sizes)
    kind: Kind = "length" if type_ == "text" else "numeric"
    numbers = pl.select(as_number(pl.lit(values), type_)).to_series()
    numbers = numbers.filter(numbers.is_finite()).sort()
    if not numbers.len():
        return ColumnGrid(type_, kind, role, **sizes)
    low, high = (max(min(_quantile(numbers, share), _WIDEST), -_WIDEST) for share in (0.0005, 0.9995))
    if not high - low > max(abs(low) * 1e-12, 1e-290):  # a smaller range does not divide into 1,024 cells in floats
        high = low + max(1.0, abs(low) * 1e-6)
    deciles = sorted({_quantile(numbers, tenth) for tenth in _DECILES})
    return ColumnGrid(type_, kind, role, low, high, tuple(deciles), **sizes)


def _quantile(ordered: pl.Series, share: float) -> float:
    """The smallest value that at least this share of the values do not exceed."""
    place = max(-int(-(share * ordered.len()) // 1) - 1, 0)
    return float(ordered[min(place, ordered.len() - 1)])


def as_number(value: pl.Expr, type_: str) -> pl.Expr:
    if type_ == "text":
        return value.str.len_chars().cast(pl.Float64)
    return (value.to_physical() if type_ in ("date", "datetime") else value).cast(pl.Float64)
