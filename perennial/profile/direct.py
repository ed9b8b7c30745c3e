"""The sums of columns of numbers whose values mostly differ: one pass over the rows for each sum."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import polars as pl

from perennial.profile.distinct import Distinct, K, hashes, likely
from perennial.profile.grid import CELLS, ColumnGrid
from perennial.profile.merging import held
from perennial.profile.numbers import number
from perennial.profile.sums import ColumnProfile, Moments


def of_rows(
    rows: pl.DataFrame, columns: Mapping[str, ColumnGrid], ceilings: Mapping[str, int]
) -> dict[str, ColumnProfile]:
    """The profiles of some columns of typed rows, without hashes that are greater than a column's ceiling."""
    sums = _numeric_sums(rows, columns)
    hashed = _smallest_hashes(rows, {name: ceilings[name] for name in columns})
    return {name: _numeric(name, column, sums, hashed[name]) for name, column in columns.items()}


def _numeric_sums(rows: pl.DataFrame, columns: Mapping[str, ColumnGrid]) -> dict[str, Any]:
    numbers = rows.select(number(pl.col(name), column.type).alias(name) for name, column in columns.items())
    sums = _row(numbers, [sum_ for name, column in columns.items() for sum_ in _sums(name, column)])
    odd = [name for name in columns if not isfinite(sums[f"mean {name}"] or 0.0)]
    return sums | _row(numbers, [sum_ for name in odd for sum_ in _sums(name, columns[name], finite=False)])


def _smallest_hashes(rows: pl.DataFrame, ceilings: Mapping[str, int]) -> dict[str, Distinct]:
    """By column the smallest hashes of its values; a bound that is likely to leave enough of them is tried first."""
    bounds = {name: min(ceiling, likely(rows.height)) for name, ceiling in ceilings.items()}
    found = _row(rows, [_hashes(rows, name, bound) for name, bound in bounds.items()])
    few = [name for name, bound in bounds.items() if len(found[name]) < K and bound < ceilings[name]]
    found |= _row(rows, [_hashes(rows, name, ceilings[name]) for name in few])
    return {name: Distinct(tuple(sorted(kept))) for name, kept in found.items()}


def _hashes(rows: pl.DataFrame, name: str, below: int) -> pl.Expr:
    value = pl.col(name).fill_nan(None) if rows.schema[name].is_float() else pl.col(name)
    return hashes(value, below).implode().alias(name)


def _row(rows: pl.DataFrame, sums: list[pl.Expr]) -> dict[str, Any]:
    return rows.select(sums).row(0, named=True) if sums else {}


def _sums(name: str, column: ColumnGrid, finite: bool = True) -> list[pl.Expr]:
    """All sums of a column. A mean that is no number tells that not all values are finite: then call it once more.

    Floats that are no number are counted apart, infinite ones fall into the outer cells and into no moment.
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
        "mean": measured.mean() if finite else (measured / measured.count()).sum(),  # the sum may go beyond the floats
        "variance": measured.var(ddof=0),
        "minimum": measured.min(),
        "maximum": measured.max(),
        "below": (column.low - measured.filter(measured <= column.low)).sum(),
        "above": (measured.filter(measured > column.high) - column.high).sum(),
    }
    made |= {f"decile {place}": (value <= column.reach(edge)).sum() for place, edge in enumerate(column.deciles)}
    return [sum_.alias(f"{what} {name}") for what, sum_ in made.items()]


def _cells(value: pl.Expr, column: ColumnGrid) -> pl.Expr:
    """Counts between the cells' edges; the values at or below the first and above the last are in the outer two.

    Polars counts over uniform edges in one pass, exactly, but takes them from the values: so both ends are put in.
    """
    ends = pl.lit(pl.Series([column.low, column.high], dtype=pl.Float64))
    return value.clip(column.low, column.high).append(ends).hist(bin_count=CELLS).implode()


def _numeric(name: str, column: ColumnGrid, sums: Mapping[str, Any], distinct: Distinct) -> ColumnProfile:
    rows, nulls = sums[f"rows {name}"], sums[f"nulls {name}"]
    least, beyond = sums[f"least {name}"], sums[f"beyond {name}"]
    cells = list(sums[f"cells {name}"])
    cells[0] -= least + 1  # of the grid's own two ends, one is in the first and one in the last cell
    cells[-1] -= beyond + 1
    count = sums[f"count {name}"]
    moments = Moments()
    if count:
        low, high = sums[f"minimum {name}"], sums[f"maximum {name}"]
        moments = Moments(count, held(sums[f"mean {name}"]), held(sums[f"variance {name}"] * count), low, high)
    return ColumnProfile(
        rows=rows,
        nulls=nulls,
        nans=rows - nulls - sums[f"counted {name}"],
        cells=(least, *cells, beyond),
        deciles=tuple(sums[f"decile {place} {name}"] for place in range(len(column.deciles))),
        moments=moments,
        distinct=distinct,
        tails=(held(sums[f"below {name}"]), held(sums[f"above {name}"])),
    )
