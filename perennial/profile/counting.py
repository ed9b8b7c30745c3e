"""Counts typed rows over a grid."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from perennial.profile.grid import CELLS, ColumnGrid, Grid, ProfileError
from perennial.profile.merging import held
from perennial.profile.numbers import number
from perennial.profile.others import HASH_SEED, OTHERS
from perennial.profile.sums import ColumnProfile, Moments, Profile


def profile(rows: pl.DataFrame, grid: Grid) -> Profile:
    """The sums of typed rows. Any slicing of the same rows gives the same counts. ProfileError for a missing column."""
    missing = [name for name in grid.columns if name not in rows.columns]
    if missing:
        raise ProfileError(f"the data has no column '{missing[0]}', which the profile's grid counts")
    numeric = {name: column for name, column in grid.columns.items() if column.kind != "categories"}
    sums = rows.select(sum_ for name, column in numeric.items() for sum_ in _sums(name, column)).row(0, named=True)
    columns = {
        name: _numeric(name, column, sums, rows.height) if name in numeric else _categorical(rows[name], column)
        for name, column in grid.columns.items()
    }
    return Profile(grid, rows.height, columns)


def _sums(name: str, column: ColumnGrid) -> list[pl.Expr]:
    """All sums of a column; floats that are no number are counted apart, infinite ones fall into the outer cells."""
    numbers = number(pl.col(name), column.type)
    value = numbers.fill_nan(None) if column.type == "number" else numbers
    finite = pl.when(value.is_finite()).then(value) if column.type == "number" else value
    width = column.width
    place = ((value - column.low) / width).ceil().clip(0, CELLS + 1).cast(pl.UInt16)
    made = {
        "cells": place.drop_nulls().alias("cell").value_counts().implode(),
        "nulls": numbers.null_count(),
        "counted": value.count(),
        "count": finite.count(),
        "mean": finite.mean(),
        "variance": finite.var(ddof=0),
        "minimum": finite.min(),
        "maximum": finite.max(),
    }
    made |= {f"decile {place}": (value <= edge).sum() for place, edge in enumerate(column.deciles)}
    return [sum_.alias(f"{what} {name}") for what, sum_ in made.items()]


def _numeric(name: str, column: ColumnGrid, sums: Mapping[str, Any], rows: int) -> ColumnProfile:
    cells = [0] * (CELLS + 2)
    for cell in sums[f"cells {name}"]:
        place, count = cell.values()
        cells[place] = count
    count = sums[f"count {name}"]
    moments = Moments()
    if count:
        low, high = sums[f"minimum {name}"], sums[f"maximum {name}"]
        moments = Moments(count, held(sums[f"mean {name}"]), held(sums[f"variance {name}"] * count), low, high)
    deciles = tuple(sums[f"decile {place} {name}"] for place in range(len(column.deciles)))
    nulls = sums[f"nulls {name}"]
    return ColumnProfile(rows, nulls, rows - nulls - sums[f"counted {name}"], tuple(cells), deciles, moments)


def _categorical(values: pl.Series, column: ColumnGrid) -> ColumnProfile:
    counts = values.drop_nulls().cast(pl.String).alias("value").value_counts()
    known = counts["value"].is_in(pl.Series(column.categories, dtype=pl.String).implode())
    by_name: dict[str, int] = dict(counts.filter(known).iter_rows())
    rest = counts.filter(~known)
    other = int(rest["count"].sum())
    if rest.height > OTHERS:
        rest = rest.with_columns(hash=rest["value"].hash(HASH_SEED)).sort("hash", "value").head(OTHERS)
    others = tuple(sorted(zip(rest["value"], rest["count"], strict=True)))
    cells = tuple(by_name.get(name, 0) for name in column.categories)
    return ColumnProfile(values.len(), values.null_count(), 0, cells, other=other, others=others)
