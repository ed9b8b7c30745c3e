"""The sums of columns from their different values and the numbers of these."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from math import inf, isfinite, isnan
from operator import sub

import polars as pl

from perennial.profile.distinct import HASH_SEED, Distinct, K
from perennial.profile.grid import CELLS, ColumnGrid
from perennial.profile.merging import held
from perennial.profile.numbers import number
from perennial.profile.others import kept_of
from perennial.profile.sums import ColumnProfile, Moments
from perennial.profile.tally import Tally, joined


def of_tallies(columns: Mapping[str, ColumnGrid], tallies: Mapping[str, Sequence[Tally]]) -> dict[str, ColumnProfile]:
    """What counting the rows of some batches would give: counts exactly, moments to the last bits of a float."""
    plans = [_prepared(columns[name], joined(parts)) for name, parts in tallies.items()]
    made = {}
    for (name, parts), found in zip(tallies.items(), pl.collect_all(plans), strict=True):
        nulls = sum(part.nulls for part in parts)
        of_values = _of_categories if columns[name].kind == "categories" else _of_numbers
        made[name] = of_values(columns[name], found, nulls)
    return made


def _prepared(column: ColumnGrid, counted: pl.LazyFrame) -> pl.LazyFrame:
    """The values as they are summed up (`value`, `count`, `hash`); numbers ascend, not-a-number is last."""
    value = pl.col("value")
    if column.kind == "categories":
        return counted.with_columns(value.cast(pl.String)).with_columns(hash=value.hash(HASH_SEED))
    numbers = counted.select(number(value, column.type).alias("value"), "count", value.hash(HASH_SEED).alias("hash"))
    # in one order, so that sums of floats come out the same; many texts are of one length
    return numbers.sort("value", "count") if column.kind == "length" else numbers.sort("value")


def _of_categories(column: ColumnGrid, counts: pl.DataFrame, nulls: int) -> ColumnProfile:
    known = counts["value"].is_in(pl.Series(column.categories, dtype=pl.String).implode())
    by_name: dict[str, int] = dict(counts.filter(known).select("value", "count").iter_rows())
    rest = counts.filter(~known)
    return ColumnProfile(
        rows=int(counts["count"].sum()) + nulls,
        nulls=nulls,
        cells=tuple(by_name.get(name, 0) for name in column.categories),
        other=int(rest["count"].sum()),
        others=kept_of(rest),
        distinct=Distinct(tuple(counts["hash"].sort().head(K))),
    )


def _of_numbers(column: ColumnGrid, found: pl.DataFrame, nulls: int) -> ColumnProfile:
    rows = int(found["count"].sum())
    if found.height and isnan(found["value"][-1]):  # one value, and the last in Polars' order
        found = found.head(-1)
    values = found["value"].to_list()
    running = [0, *accumulate(found["count"].to_list())]
    first, below = bisect_right(values, -inf), bisect_left(values, column.low)
    above, last = bisect_right(values, column.high), bisect_left(values, inf)
    edges = [running[bisect_right(values, edge)] for edge in _edges(column)]
    return ColumnProfile(
        rows=rows + nulls,
        nulls=nulls,
        nans=rows - running[-1],
        cells=tuple(map(sub, [*edges, running[-1]], [0, *edges])),
        deciles=tuple(running[bisect_right(values, column.reach(edge))] for edge in column.deciles),
        moments=_moments(found[first:last]),
        distinct=Distinct(tuple(found["hash"].unique().sort().head(K).to_list())),
        tails=(_beyond(found[first:below], column.low), _beyond(found[above:last], column.high)),
    )


@lru_cache(maxsize=4096)
def _edges(column: ColumnGrid) -> list[float]:
    inner = (column.low + cell * column.width for cell in range(1, CELLS))
    return [column.reach(column.low), *inner, column.reach(column.high)]


def _beyond(found: pl.DataFrame, end: float) -> float:
    """By how much the values, all on one side of an end, lie beyond it."""
    return held(abs(float(((found["value"] - end) * found["count"]).sum())))


def _moments(found: pl.DataFrame) -> Moments:
    values, counts = found["value"], found["count"]
    if not found.height:
        return Moments()
    count = int(counts.sum())
    mean = float((values * counts).sum()) / count
    if not isfinite(mean):  # the sum went beyond the floats, the mean need not
        mean = float((values / count * counts).sum())
    m2 = float(((values - mean) * (values - mean) * counts).sum())
    return Moments(count, held(mean), held(m2), held(values[0]), held(values[-1]))
