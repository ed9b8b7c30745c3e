"""Adds profiles of one grid."""

from functools import reduce
from math import copysign, isfinite
from sys import float_info

from perennial.profile.distinct import united
from perennial.profile.grid import ProfileError
from perennial.profile.others import Others, kept
from perennial.profile.sums import ColumnProfile, Moments, Profile


def merge(*profiles: Profile) -> Profile:
    """The profile of all rows together. Counts are exact whatever the order; means to the last bits of a float."""
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
        _merged_others(one.others, two.others),
        united(one.distinct, two.distinct),
        (held(one.tails[0] + two.tails[0]), held(one.tails[1] + two.tails[1])),
    )


def _merged_moments(one: Moments, two: Moments) -> Moments:
    """Chan, Golub and LeVeque (1979), symmetric in its arguments."""
    count = one.count + two.count
    if not one.count or not two.count:
        return one if one.count else two
    delta = two.mean - one.mean
    mean = held(one.mean * (one.count / count) + two.mean * (two.count / count))
    m2 = held((one.m2 + two.m2) + delta * delta * (one.count * two.count / count))
    lows = [low for low in (one.minimum, two.minimum) if low is not None]
    highs = [high for high in (one.maximum, two.maximum) if high is not None]
    return Moments(count, mean, m2, min(lows, default=None), max(highs, default=None))


def held(value: float) -> float:
    """The value, or the greatest float where a sum went beyond it: JSON has no infinity. Both zeros are one."""
    return value + 0.0 if isfinite(value) else copysign(float_info.max, value)


def _merged_others(one: Others, two: Others) -> Others:
    counts = dict(one)
    for name, count in two:
        counts[name] = counts.get(name, 0) + count
    return kept(counts)
