"""Merges profiles of one grid, and the kept names of values outside the grid's categories.

Of these names the ones with the smallest hashes are kept. A kept name was kept in every part in which it occurs, so
its count is exact. Names longer than NAME_BYTES are counted and not kept, which bounds the size of a profile.
"""

from collections.abc import Mapping
from functools import reduce
from math import copysign, isfinite
from sys import float_info

import polars as pl

from perennial.profile.column_profile import ColumnProfile, Moments, Profile
from perennial.profile.distinct import HASH_SEED, K, union
from perennial.profile.grid import ProfileError

OTHERS = 32  # of K kept hashes; fewer with fewer
NAME_BYTES = 64

Others = tuple[tuple[str, int], ...]


def merge(*profiles: Profile) -> Profile:
    """The profile of all rows. Counts are exact in any order; means are exact within float rounding."""
    if not profiles:
        raise ProfileError("no profile to merge")
    return reduce(_merged, profiles)


def _merged(one: Profile, two: Profile) -> Profile:
    if one.grid is not two.grid and one.grid.digest != two.grid.digest:
        raise ProfileError("profiles of different grids cannot be merged")
    columns = {name: merge_columns(one.columns[name], two.columns[name]) for name in one.grid.columns}
    return Profile(one.grid, one.rows + two.rows, columns)


def merge_columns(one: ColumnProfile, two: ColumnProfile) -> ColumnProfile:
    """The sums of one column over all rows of both."""
    return ColumnProfile(
        one.rows + two.rows,
        one.nulls + two.nulls,
        one.nans + two.nans,
        tuple(map(int.__add__, one.cells, two.cells)),
        tuple(map(int.__add__, one.deciles, two.deciles)),
        _merged_moments(one.moments, two.moments),
        one.other + two.other,
        _merged_others(one.others, two.others, min(one.distinct.most, two.distinct.most)),
        union(one.distinct, two.distinct),
        (clip_to_float(one.tails[0] + two.tails[0]), clip_to_float(one.tails[1] + two.tails[1])),
    )


def _merged_moments(one: Moments, two: Moments) -> Moments:
    """Chan, Golub and LeVeque (1979), symmetric in its arguments."""
    count = one.count + two.count
    if not one.count or not two.count:
        return one if one.count else two
    delta = two.mean - one.mean
    mean = clip_to_float(one.mean * (one.count / count) + two.mean * (two.count / count))
    m2 = clip_to_float((one.m2 + two.m2) + delta * delta * (one.count * two.count / count))
    lows = [low for low in (one.minimum, two.minimum) if low is not None]
    highs = [high for high in (one.maximum, two.maximum) if high is not None]
    return Moments(count, mean, m2, min(lows, default=None), max(highs, default=None))


def clip_to_float(value: float) -> float:
    """The value, or the greatest float if a sum overflowed: JSON has no infinity. -0.0 becomes 0.0."""
    return value + 0.0 if isfinite(value) else copysign(float_info.max, value)


def _merged_others(one: Others, two: Others, kept: int) -> Others:
    counts = dict(one)
    for name, count in two:
        counts[name] = counts.get(name, 0) + count
    return keep_smallest(counts, kept)


def keep_smallest(counts: Mapping[str, int], kept: int = K) -> Others:
    """The names with the smallest hashes and their counts, sorted by name."""
    most = _names(kept)
    if len(counts) <= most:
        return tuple(sorted(counts.items()))
    names = pl.Series("name", list(counts), dtype=pl.String)
    smallest = pl.DataFrame([names, names.hash(HASH_SEED).alias("hash")]).sort("hash", "name")["name"].head(most)
    return tuple(sorted((name, counts[name]) for name in smallest))


def _names(kept: int) -> int:
    """The number of names that go with so many kept hashes."""
    return kept * OTHERS // K


def keep_smallest_of(counts: pl.DataFrame, kept: int = K) -> Others:
    """The same for a frame with `value`, `count` and the value's `hash`."""
    short = counts.filter(pl.col("value").str.len_bytes() <= NAME_BYTES)
    if short.height > (most := _names(kept)):
        short = short.sort("hash", "value").head(most)
    return tuple(sorted(zip(short["value"], short["count"], strict=True)))
