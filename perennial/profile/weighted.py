"""The sums of a column from its different values and their numbers."""

from math import isfinite

import polars as pl

from perennial.profile.distinct import HASH_SEED, Distinct, K
from perennial.profile.grid import CELLS, ColumnGrid
from perennial.profile.merging import held
from perennial.profile.numbers import number
from perennial.profile.others import kept_of
from perennial.profile.sums import ColumnProfile, Moments
from perennial.profile.tally import Tally


def of_tally(column: ColumnGrid, tally: Tally) -> ColumnProfile:
    """What counting the rows themselves would give: counts exactly, moments to the last bits of a float."""
    return _of_categories(column, tally) if column.kind == "categories" else _of_numbers(column, tally)


def _of_categories(column: ColumnGrid, tally: Tally) -> ColumnProfile:
    counts = tally.values.with_columns(pl.col("value").cast(pl.String))
    counts = counts.with_columns(hash=pl.col("value").hash(HASH_SEED))
    known = counts["value"].is_in(pl.Series(column.categories, dtype=pl.String).implode())
    by_name: dict[str, int] = dict(counts.filter(known).select("value", "count").iter_rows())
    rest = counts.filter(~known)
    return ColumnProfile(
        rows=int(counts["count"].sum()) + tally.nulls,
        nulls=tally.nulls,
        cells=tuple(by_name.get(name, 0) for name in column.categories),
        other=int(rest["count"].sum()),
        others=kept_of(rest),
        distinct=Distinct(tuple(counts["hash"].sort().head(K))),
    )


def _of_numbers(column: ColumnGrid, tally: Tally) -> ColumnProfile:
    value = pl.col("value")
    found = tally.values.select(
        number(value, column.type).alias("value"), pl.col("count").cast(pl.Int64), value.hash(HASH_SEED).alias("hash")
    ).sort("value")
    total = int(found["count"].sum())
    some = found.filter(value.is_not_nan())
    finite = some.filter(value.is_finite())
    values, counts = some["value"], some["count"]
    return ColumnProfile(
        rows=total + tally.nulls,
        nulls=tally.nulls,
        nans=total - int(counts.sum()),
        cells=_cells(column, values, counts),
        deciles=_up_to(column.deciles, values, counts),
        moments=_moments(finite),
        distinct=Distinct(tuple(some["hash"].unique().sort().head(K))),
        tails=_tails(column, finite["value"], finite["count"]),
    )


def _cells(column: ColumnGrid, values: pl.Series, counts: pl.Series) -> tuple[int, ...]:
    edges = pl.Series([*(column.low + cell * column.width for cell in range(CELLS)), column.high], dtype=pl.Float64)
    places = edges.search_sorted(values, side="left")
    cells = [0] * (CELLS + 2)
    for place, count in pl.DataFrame([places.alias("place"), counts]).group_by("place").sum().iter_rows():
        cells[place] = count
    return tuple(cells)


def _up_to(edges: tuple[float, ...], values: pl.Series, counts: pl.Series) -> tuple[int, ...]:
    running = [0, *counts.cum_sum()]
    return tuple(running[int(values.search_sorted(edge, side="right"))] for edge in edges)


def _tails(column: ColumnGrid, values: pl.Series, counts: pl.Series) -> tuple[float, float]:
    below, above = (column.low - values).clip(0.0) * counts, (values - column.high).clip(0.0) * counts
    return held(float(below.sum())), held(float(above.sum()))


def _moments(finite: pl.DataFrame) -> Moments:
    if not finite.height:
        return Moments()
    values, counts = finite["value"], finite["count"]
    count = int(counts.sum())
    mean = float((values * counts).sum()) / count
    if not isfinite(mean):  # the sum went beyond the floats, the mean need not
        mean = float((values / count * counts).sum())
    apart = values - mean
    return Moments(count, held(mean), held(float((apart * apart * counts).sum())), float(values[0]), float(values[-1]))
