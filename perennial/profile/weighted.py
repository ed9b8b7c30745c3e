"""The sums of a column from its different values and their numbers."""

from bisect import bisect_left, bisect_right
from functools import lru_cache
from heapq import nsmallest
from itertools import accumulate
from math import isfinite, isnan

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
    ).sort("value")  # so that sums of floats come out the same; not-a-number is last
    values, counts, hashes = (list(found[name]) for name in ("value", "count", "hash"))
    sound = next((place for place, one in enumerate(values) if isnan(one)), len(values))
    values, counts = values[:sound], counts[:sound]
    total = int(found["count"].sum())
    running = [0, *accumulate(counts)]
    finite = [(one, count) for one, count in zip(values, counts, strict=True) if isfinite(one)]
    return ColumnProfile(
        rows=total + tally.nulls,
        nulls=tally.nulls,
        nans=total - running[-1],
        cells=_cells(_edges(column), values, counts),
        deciles=tuple(running[bisect_right(values, edge)] for edge in column.deciles),
        moments=_moments(finite),
        distinct=Distinct(tuple(nsmallest(K, set(hashes[:sound])))),
        tails=_tails(column, finite),
    )


@lru_cache(maxsize=4096)
def _edges(column: ColumnGrid) -> list[float]:
    return [*(column.low + cell * column.width for cell in range(CELLS)), column.high]


def _cells(edges: list[float], values: list[float], counts: list[int]) -> tuple[int, ...]:
    cells = [0] * (CELLS + 2)
    for value, count in zip(values, counts, strict=True):
        cells[bisect_left(edges, value)] += count
    return tuple(cells)


def _tails(column: ColumnGrid, finite: list[tuple[float, int]]) -> tuple[float, float]:
    below = sum((column.low - value) * count for value, count in finite if value < column.low)
    above = sum((value - column.high) * count for value, count in finite if value > column.high)
    return held(float(below)), held(float(above))


def _moments(finite: list[tuple[float, int]]) -> Moments:
    if not finite:
        return Moments()
    count = sum(number for _, number in finite)
    mean = sum(value * number for value, number in finite) / count
    if not isfinite(mean):  # the sum went beyond the floats, the mean need not
        mean = sum(value / count * number for value, number in finite)
    m2 = sum((value - mean) * (value - mean) * number for value, number in finite)
    return Moments(count, held(mean), held(m2), finite[0][0], finite[-1][0])
