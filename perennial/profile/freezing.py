"""Freezes a grid from a sample of typed rows."""

from typing import TYPE_CHECKING

import polars as pl

from perennial.dtypes import DTYPES
from perennial.profile.grid import ColumnGrid, Grid, Kind, Role
from perennial.profile.numbers import number

if TYPE_CHECKING:
    from perennial.contract.dataset import Contract

CATEGORIES = 128
_NAMES_BYTES = 4096  # of all categories of a column together: a profile stays small
_WIDEST = 8e307  # so that the range between the cells' ends is still a float
_DECILES = tuple(tenth / 10 for tenth in range(1, 10))


def freeze(sample: pl.DataFrame, contract: "Contract") -> Grid:
    """The grid for a contract's columns, from typed rows; a column that the sample lacks gets cells around zero."""
    columns: dict[str, ColumnGrid] = {}
    for name, column in contract.columns.items():
        role: Role = "feature" if contract.is_feature(name) else "other"
        if name == contract.target:
            role = "target"
        elif name == contract.event_time:  # time always moves on; that is no drift
            role = "other"
        values = sample[name] if name in sample.columns else pl.Series(name, [], dtype=DTYPES[column.type])
        columns[name] = _freeze(values, column.type, role)
    return Grid(columns)


def _freeze(values: pl.Series, type_: str, role: Role) -> ColumnGrid:
    if type_ in ("boolean", "category"):
        counts = values.drop_nulls().cast(pl.String).alias("value").value_counts()
        top = counts.sort(["count", "value"], descending=[True, False])["value"].head(CATEGORIES)
        top = top.filter(top.str.len_bytes().cum_sum() <= _NAMES_BYTES)
        names = ["false", "true"] if type_ == "boolean" else sorted(top)
        return ColumnGrid(type_, "categories", role, categories=tuple(names))
    kind: Kind = "length" if type_ == "text" else "numeric"
    numbers = pl.select(number(pl.lit(values), type_)).to_series()
    numbers = numbers.filter(numbers.is_finite()).sort()
    if not numbers.len():
        return ColumnGrid(type_, kind, role)
    low, high = (max(min(_quantile(numbers, share), _WIDEST), -_WIDEST) for share in (0.0005, 0.9995))
    if not high - low > max(abs(low) * 1e-12, 1e-290):  # a thinner range has no 1,024 cells in floats
        high = low + max(1.0, abs(low) * 1e-6)
    deciles = sorted({_quantile(numbers, tenth) for tenth in _DECILES})
    return ColumnGrid(type_, kind, role, low, high, tuple(deciles))


def _quantile(ordered: pl.Series, share: float) -> float:
    """The smallest value that at least this share of the values do not exceed."""
    place = max(-int(-(share * ordered.len()) // 1) - 1, 0)
    return float(ordered[min(place, ordered.len() - 1)])
