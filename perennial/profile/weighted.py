"""The sums of a column from its different values and their numbers."""

from bisect import bisect_left, bisect_right
from functools import lru_cache
from heapq import nsmallest
from itertools import accumulate, pairwise
from math import inf, isfinite, isnan
from operator import mul

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
    nans = counts.pop() if values and isnan(values[-1]) else 0  # one value, and the last in Polars' order
    values, hashes = values[: len(counts)], hashes[: len(counts)]
    running = [0, *accumulate(counts)]
    first, last = bisect_right(values, -inf), bisect_left(values, inf)
    finite = values[first:last], counts[first:last]
    return ColumnProfile(
        rows=running[-1] + nans + tally.nulls,
        nulls=tally.nulls,
        nans=nans,
        cells=_cells(_edges(column), values, running),
        deciles=tuple(running[bisect_right(values, edge)] for edge in column.deciles),
        moments=_moments(*finite),
        distinct=Distinct(tuple(nsmallest(K, set(hashes)))),
        tails=_tails(column, *finite),
    )


@lru_cache(maxsize=4096)
def _edges(column: ColumnGrid) -> list[float]:
    return [*(column.low + cell * column.width for cell in range(CELLS)), column.high]


def _cells(edges: list[float], values: list[float], running: list[int]) -> tuple[int, ...]:
    up_to = [0, *(running[bisect_right(values, edge)] for edge in edges), running[-1]]
    return tuple(high - low for low, high in pairwise(up_to))


def _tails(column: ColumnGrid, values: list[float], counts: list[int]) -> tuple[float, float]:
    below, above = bisect_left(values, column.low), bisect_right(values, column.high)
    under = sum((column.low - value) * count for value, count in zip(values[:below], counts[:below], strict=True))
    over = sum((value - column.high) * count for value, count in zip(values[above:], counts[above:], strict=True))
    return held(float(under)), held(float(over))


def _moments(values: list[float], counts: list[int]) -> Moments:
    if not values:
        return Moments()
    count = sum(counts)
    mean = sum(map(mul, values, counts)) / count
    if not isfinite(mean):  # the sum went beyond the floats, the mean need not
        mean = sum(value / count * number for value, number in zip(values, counts, strict=True))
    m2 = sum((value - mean) * (value - mean) * number for value, number in zip(values, counts, strict=True))
    return Moments(count, held(mean), held(m2), values[0], values[-1])
