"""Profiles of high-cardinality numeric columns: one pass over the rows for each sum."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import polars as pl

from perennial.profile.column_profile import ColumnProfile, Moments
from perennial.profile.distinct import Distinct, hashes, likely_bound
from perennial.profile.freezing import as_number
from perennial.profile.grid import ColumnGrid
from perennial.profile.merging import clip_to_float


def profile_from_rows(
    rows: pl.DataFrame, columns: Mapping[str, ColumnGrid], ceilings: Mapping[str, int]
) -> dict[str, ColumnProfile]:
    """The profiles of some columns of typed rows, without hashes above a column's ceiling."""
    sums = _numeric_sums(rows, columns)
    hashed = _smallest_hashes(rows, columns, ceilings)
    return {name: _numeric(name, column, sums, hashed[name]) for name, column in columns.items()}


def _numeric_sums(rows: pl.DataFrame, columns: Mapping[str, ColumnGrid]) -> dict[str, Any]:
    numbers = rows.select(as_number(pl.col(name), column.type).alias(name) for name, column in columns.items())
    sums = _row(numbers, [sum_ for name, column in columns.items() for sum_ in _sums(name, column)])
    nonfinite = [name for name in columns if not isfinite(sums[f"mean {name}"] or 0.0)]
    return sums | _row(numbers, [sum_ for name in nonfinite for sum_ in _sums(name, columns[name], finite=False)])


def _smallest_hashes(
    rows: pl.DataFrame, columns: Mapping[str, ColumnGrid], ceilings: Mapping[str, int]
) -> dict[str, Distinct]:
    """The smallest hashes of each column's values; a bound that probably leaves enough of them is tried first."""
    bounds = {name: min(ceilings[name], likely_bound(rows.height)) for name in columns}
    schema = rows.schema  # Polars makes it anew at each call, in a time that grows with the columns
    found = _row(rows, [_hashes(name, schema[name], bound) for name, bound in bounds.items()])
    low_cardinality = [
        name for name, bound in bounds.items() if len(found[name]) < columns[name].kept and bound < ceilings[name]
    ]
    found |= _row(rows, [_hashes(name, schema[name], ceilings[name]) for name in low_cardinality])
    return {
        name: Distinct(tuple(sorted(keep_smallest)[: columns[name].kept]), columns[name].kept)
        for name, keep_smallest in found.items()
    }


def _hashes(name: str, dtype: pl.DataType, below: int) -> pl.Expr:
    value = pl.col(name).fill_nan(None) if dtype.is_float() else pl.col(name)
    return hashes(value, below).implode().alias(name)


def _row(rows: pl.DataFrame, sums: list[pl.Expr]) -> dict[str, Any]:
    return rows.select(sums).row(0, named=True) if sums else {}


def _sums(name: str, column: ColumnGrid, finite: bool = True) -> list[pl.Expr]:
    """All sums of a column. If the mean is not finite, some values are not: then call it again with `finite=False`.

    NaN is counted separately; infinite values are counted in the outer cells and excluded from the moments.
    """
    value = pl.col(name) if finite else pl.col(name).fill_nan(None)
    measured = value if finite else pl.when(value.is_finite()).then(value)
    made = {
        "cells": _cells(value, column),
        "least": (value <= column.reach(column.low)).sum(),
        "beyond": (value > column.reach(column.high)).sum(),
        "rows": pl.len(),
        "nulls": pl.col(name).null_count(),
        "counted": value.count(),
        "count": measured.count(),
        "mean": measured.mean() if finite else (measured / measured.count()).sum(),  # the sum may overflow
        "variance": measured.var(ddof=0),
        "minimum": measured.min(),
        "maximum": measured.max(),
        "below": (column.low - measured.filter(measured < column.low - column.tolerance(column.low))).sum(),
        "above": (measured.filter(measured > column.reach(column.high)) - column.high).sum(),
    }
    made |= {f"decile {place}": (value <= column.reach(edge)).sum() for place, edge in enumerate(column.deciles)}
    return [sum_.alias(f"{what} {name}") for what, sum_ in made.items()]


def _cells(value: pl.Expr, column: ColumnGrid) -> pl.Expr:
    """A histogram over the cells; values at or below the first edge and above the last are in the outer two cells.

    Polars counts over uniform edges in one pass, exactly, but derives them from the values: both ends are appended.
    """
    ends = pl.lit(pl.Series([column.low, column.high], dtype=pl.Float64))
    return value.clip(column.low, column.high).append(ends).hist(bin_count=column.cells).implode()


def _numeric(name: str, column: ColumnGrid, sums: Mapping[str, Any], distinct: Distinct) -> ColumnProfile:
    rows, nulls = sums[f"rows {name}"], sums[f"nulls {name}"]
    least, beyond = sums[f"least {name}"], sums[f"beyond {name}"]
    cells = list(sums[f"cells {name}"])
    cells[0] -= least + 1  # of the two appended ends, one is in the first and one in the last cell
    cells[-1] -= beyond + 1
    count = sums[f"count {name}"]
    moments = Moments()
    if count:
        low, high = sums[f"minimum {name}"], sums[f"maximum {name}"]
        moments = Moments(
            count, clip_to_float(sums[f"mean {name}"]), clip_to_float(sums[f"variance {name}"] * count), low, high
        )
    return ColumnProfile(
        rows=rows,
        nulls=nulls,
        nans=rows - nulls - sums[f"counted {name}"],
        cells=(least, *cells, beyond),
        deciles=tuple(sums[f"decile {place} {name}"] for place in range(len(column.deciles))),
        moments=moments,
        distinct=distinct,
        tails=(clip_to_float(sums[f"below {name}"]), clip_to_float(sums[f"above {name}"])),
    )
