"""Counts typed rows over a grid."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from perennial.profile.distinct import HASH_SEED, Distinct, K, hashes, likely
from perennial.profile.grid import CELLS, ColumnGrid, Grid, ProfileError
from perennial.profile.merging import held, merge
from perennial.profile.numbers import number
from perennial.profile.others import kept_of
from perennial.profile.sums import ColumnProfile, Moments, Profile


class Profiler:
    """Adds batches up. It hashes less than profile() of each would: it knows which hashes change nothing any more."""

    def __init__(self, grid: Grid) -> None:
        self._total = Profile.empty(grid)

    def add(self, rows: pl.DataFrame) -> None:
        """Typed rows. ProfileError for a missing column."""
        self._total = merge(self._total, _counted(rows, self._total))

    def result(self) -> Profile:
        """The profile of all rows so far."""
        return self._total


def profile(rows: pl.DataFrame, grid: Grid) -> Profile:
    """The sums of typed rows. Any slicing of the same rows gives the same counts. ProfileError for a missing column."""
    return _counted(rows, Profile.empty(grid))


def _counted(rows: pl.DataFrame, seen: Profile) -> Profile:
    """The sums of these rows alone, without hashes that are too great to be among those of `seen` and these rows."""
    grid = seen.grid
    missing = [name for name in grid.columns if name not in rows.columns]
    if missing:
        raise ProfileError(f"the data has no column '{missing[0]}', which the profile's grid counts")
    numeric = {name: column for name, column in grid.columns.items() if column.kind != "categories"}
    ceilings = {name: seen.columns[name].distinct.ceiling for name in numeric}
    below = {name: min(ceiling, likely(rows.height)) for name, ceiling in ceilings.items()}
    sums = _row(rows, [sum_ for name, column in numeric.items() for sum_ in _sums(name, column, below[name])])
    few = [name for name in numeric if len(sums[f"hashes {name}"]) < K and below[name] < ceilings[name]]
    sums |= _row(rows, [_hashes(name, numeric[name], ceilings[name]) for name in few])
    columns = {
        name: _numeric(name, column, sums, rows.height) if name in numeric else _categorical(rows[name], column)
        for name, column in grid.columns.items()
    }
    return Profile(grid, rows.height, columns)


def _row(rows: pl.DataFrame, sums: list[pl.Expr]) -> dict[str, Any]:
    return rows.select(sums).row(0, named=True) if sums else {}


def _hashes(name: str, column: ColumnGrid, below: int) -> pl.Expr:
    value = pl.col(name).fill_nan(None) if column.type == "number" else pl.col(name)
    return hashes(value, below).implode().alias(f"hashes {name}")


def _sums(name: str, column: ColumnGrid, below: int) -> list[pl.Expr]:
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
    return [_hashes(name, column, below), *(sum_.alias(f"{what} {name}") for what, sum_ in made.items())]


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
    distinct = Distinct(tuple(sorted(sums[f"hashes {name}"])))
    nans = rows - nulls - sums[f"counted {name}"]
    return ColumnProfile(rows, nulls, nans, tuple(cells), deciles, moments, distinct=distinct)


def _categorical(values: pl.Series, column: ColumnGrid) -> ColumnProfile:
    counts = values.drop_nulls().cast(pl.String).alias("value").value_counts()
    counts = counts.with_columns(hash=pl.col("value").hash(HASH_SEED))
    known = counts["value"].is_in(pl.Series(column.categories, dtype=pl.String).implode())
    by_name: dict[str, int] = dict(counts.filter(known).select("value", "count").iter_rows())
    rest = counts.filter(~known)
    return ColumnProfile(
        rows=values.len(),
        nulls=values.null_count(),
        cells=tuple(by_name.get(name, 0) for name in column.categories),
        other=int(rest["count"].sum()),
        others=kept_of(rest),
        distinct=Distinct(tuple(counts["hash"].sort().head(K))),
    )
