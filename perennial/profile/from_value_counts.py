"""Profiles of columns from their value counts."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from math import inf, isfinite, isnan
from operator import sub

import polars as pl

from perennial.profile.column_profile import ColumnProfile, Moments
from perennial.profile.distinct import HASH_SEED, Distinct
from perennial.profile.freezing import as_number
from perennial.profile.grid import ColumnGrid
from perennial.profile.merging import clip_to_float, keep_smallest_of
from perennial.profile.value_counts import ValueCounts, combine


def profile_from_value_counts(
    columns: Mapping[str, ColumnGrid], by_column: Mapping[str, Sequence[ValueCounts]]
) -> dict[str, ColumnProfile]:
    """The profiles of some batches: counts are exact, moments within float rounding."""
    plans = [_prepared(columns[name], combine(parts)) for name, parts in by_column.items()]
    made = {}
    for (name, parts), found in zip(by_column.items(), pl.collect_all(plans), strict=True):
        nulls = sum(part.nulls for part in parts)
        of_values = _of_categories if columns[name].kind == "categories" else _of_numbers
        made[name] = of_values(columns[name], found, nulls)
    return made


def _prepared(column: ColumnGrid, counted: pl.LazyFrame) -> pl.LazyFrame:
    """The values to sum (`value`, `count`, `hash`); numbers ascending, NaN last."""
    value = pl.col("value")
    if column.kind == "categories":
        return counted.with_columns(value.cast(pl.String)).with_columns(hash=value.hash(HASH_SEED))
    numbers = counted.select(as_number(value, column.type).alias("value"), "count", value.hash(HASH_SEED).alias("hash"))
    # a fixed order, so that sums of floats are reproducible; many texts have the same length
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
        others=keep_smallest_of(rest, column.kept),
        distinct=Distinct(tuple(counts["hash"].sort().head(column.kept)), column.kept),
    )


def _of_numbers(column: ColumnGrid, found: pl.DataFrame, nulls: int) -> ColumnProfile:
    rows = int(found["count"].sum())
    if found.height and isnan(found["value"][-1]):  # NaN is one value, and the last in Polars' order
        found = found.head(-1)
    values = found["value"].to_list()
    running = [0, *accumulate(found["count"].to_list())]
    first, below = bisect_right(values, -inf), bisect_left(values, column.low - column.tolerance(column.low))
    above, last = bisect_right(values, column.reach(column.high)), bisect_left(values, inf)
    edges = [running[bisect_right(values, edge)] for edge in _edges(column)]
    return ColumnProfile(
        rows=rows + nulls,
        nulls=nulls,
        nans=rows - running[-1],
        cells=tuple(map(sub, [*edges, running[-1]], [0, *edges])),
        deciles=tuple(running[bisect_right(values, column.reach(edge))] for edge in column.deciles),
        moments=_moments(found[first:last]),
        distinct=Distinct(tuple(found["hash"].unique().sort().head(column.kept).to_list()), column.kept),
        tails=(_beyond(found[first:below], column.low), _beyond(found[above:last], column.high)),
    )


@lru_cache(maxsize=4096)
def _edges(column: ColumnGrid) -> list[float]:
    low, width = column.low, column.width
    return [column.reach(low), *(low + cell * width for cell in range(1, column.cells)), column.reach(column.high)]


def _beyond(found: pl.DataFrame, end: float) -> float:
    """The summed excess of values outside one end of the grid."""
    return clip_to_float(abs(float(((found["value"] - end) * found["count"]).sum())))


def _moments(found: pl.DataFrame) -> Moments:
    values, counts = found["value"], found["count"]
    if not found.height:
        return Moments()
    count = int(counts.sum())
    mean = float((values * counts).sum()) / count
    if not isfinite(mean):  # the sum overflowed, the mean may not
        mean = float((values / count * counts).sum())
    m2 = float(((values - mean) * (values - mean) * counts).sum())
    return Moments(count, clip_to_float(mean), clip_to_float(m2), clip_to_float(values[0]), clip_to_float(values[-1]))
