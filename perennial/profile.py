"""Additive profiles of columns: counts over frozen edges, so that many files are many workers and one sum.

A Grid is frozen once, from a sample; every Profile made with it can be merged with and compared to any other.
Numbers, dates and lengths of texts are counted in 1,024 uniform cells between the sample's 0.05th and 99.95th
percentiles, with one cell below and one above, and at the sample's exact deciles. Categories are counted one by one
up to a cap; the rest is OTHER, of which the names with the smallest hashes are kept, with exact counts.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from math import copysign, isfinite
from sys import float_info
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

if TYPE_CHECKING:
    from perennial.validation.contract import Contract

FORMAT = 1
CELLS = 1024
CATEGORIES = 128
OTHERS = 32
_HASH_SEED = 17
_DECILES = tuple(tenth / 10 for tenth in range(1, 10))

Kind = Literal["numeric", "length", "categories"]
Role = Literal["target", "feature", "other"]


class ProfileError(ValueError):
    """Profiles of different grids were merged, or the data lacks a column of the grid."""


@dataclass(frozen=True, slots=True)
class ColumnGrid:
    """How one column is counted. `low`, `high`, `deciles` are numbers; dates are days and moments microseconds."""

    type: str
    kind: Kind
    role: Role
    low: float = 0.0
    high: float = 1.0
    deciles: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def width(self) -> float:
        """Of one cell; finite even where the range is not."""
        return self.high / CELLS - self.low / CELLS


@dataclass(frozen=True)
class Grid:
    """The frozen cells of all columns. Two grids with one digest count alike."""

    columns: Mapping[str, ColumnGrid]

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.as_dict(), sort_keys=True).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        return {"format": FORMAT, "columns": {name: _grid_dict(column) for name, column in self.columns.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Grid":
        """The grid that as_dict gave. ProfileError for another format."""
        if data.get("format") != FORMAT:
            raise ProfileError(f"a grid of format {data.get('format')!r}, {FORMAT} is expected")
        return cls({name: _grid_of(column) for name, column in data["columns"].items()})


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, mean, sum of squared differences from it, and extremes of the finite values."""

    count: int = 0
    mean: float = 0.0
    m2: float = 0.0
    minimum: float | None = None
    maximum: float | None = None

    @property
    def deviation(self) -> float:
        """The standard deviation of the values as a population; 0 without values."""
        return (self.m2 / self.count) ** 0.5 if self.count else 0.0


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column's sums. `cells` has underflow, 1,024 cells, overflow; `deciles` counts values up to each decile.

    Of categories, `cells` counts those of the grid in its order, `other` all others, `others` some of these by name.
    """

    rows: int = 0
    nulls: int = 0
    nans: int = 0
    cells: tuple[int, ...] = ()
    deciles: tuple[int, ...] = ()
    moments: Moments = Moments()
    other: int = 0
    others: tuple[tuple[str, int], ...] = ()

    @property
    def count(self) -> int:
        """Rows with a value that was counted in a cell."""
        return self.rows - self.nulls - self.nans


@dataclass(frozen=True)
class Profile:
    """The sums of some rows over a grid; an empty one is `Profile.empty(grid)`, the neutral element of merge."""

    grid: Grid
    rows: int
    columns: Mapping[str, ColumnProfile]

    @classmethod
    def empty(cls, grid: Grid) -> "Profile":
        return cls(grid, 0, {name: _nothing(column) for name, column in grid.columns.items()})

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; equal profiles give equal bytes. Runs of empty cells are one negative number."""
        columns = {name: _column_dict(column) for name, column in self.columns.items()}
        return {"format": FORMAT, "rows": self.rows, "grid": self.grid.as_dict(), "columns": columns}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Profile":
        grid = Grid.from_dict(data["grid"])
        return cls(grid, data["rows"], {name: _column_of(column) for name, column in data["columns"].items()})


def freeze(sample: pl.DataFrame, contract: "Contract") -> Grid:
    """The grid for a contract's columns, from typed rows; a column that the sample lacks gets cells around zero."""
    columns: dict[str, ColumnGrid] = {}
    for name, column in contract.columns.items():
        role: Role = "feature" if column.feature else "other"
        if name == contract.target:
            role = "target"
        elif name == contract.event_time:  # time always moves on; that is no drift
            role = "other"
        values = sample[name] if name in sample.columns else pl.Series(name, [], dtype=column.dtype)
        columns[name] = _freeze(values, column.type, role)
    return Grid(columns)


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


def merge(*profiles: Profile) -> Profile:
    """The profile of all rows together. Counts are exact whatever the order; means to the last bits of a float."""
    if not profiles:
        raise ProfileError("no profile to merge")
    return reduce(_merged, profiles)


def _merged(one: Profile, two: Profile) -> Profile:
    if one.grid is not two.grid and one.grid.digest != two.grid.digest:
        raise ProfileError("profiles of different grids cannot be merged")
    columns = {name: _merged_columns(one.columns[name], two.columns[name]) for name in one.grid.columns}
    return Profile(one.grid, one.rows + two.rows, columns)


def _merged_columns(one: ColumnProfile, two: ColumnProfile) -> ColumnProfile:
    return ColumnProfile(
        one.rows + two.rows,
        one.nulls + two.nulls,
        one.nans + two.nans,
        tuple(map(int.__add__, one.cells, two.cells)),
        tuple(map(int.__add__, one.deciles, two.deciles)),
        _merged_moments(one.moments, two.moments),
        one.other + two.other,
        _merged_others(one.others, two.others),
    )


def _merged_moments(one: Moments, two: Moments) -> Moments:
    """Chan, Golub and LeVeque (1979), symmetric in its arguments."""
    count = one.count + two.count
    if not one.count or not two.count:
        return one if one.count else two
    delta = two.mean - one.mean
    mean = _held(one.mean * (one.count / count) + two.mean * (two.count / count))
    m2 = _held((one.m2 + two.m2) + delta * delta * (one.count * two.count / count))
    lows = [low for low in (one.minimum, two.minimum) if low is not None]
    highs = [high for high in (one.maximum, two.maximum) if high is not None]
    return Moments(count, mean, m2, min(lows, default=None), max(highs, default=None))


def _held(value: float) -> float:
    """The value, or the greatest float where a sum went beyond it: JSON has no infinity."""
    return value if isfinite(value) else copysign(float_info.max, value)


def _merged_others(one: tuple[tuple[str, int], ...], two: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    """Of all names those with the smallest hashes: a name kept in the end was kept in every part it occurs in."""
    counts = dict(one)
    for name, count in two:
        counts[name] = counts.get(name, 0) + count
    if len(counts) <= OTHERS:
        return tuple(sorted(counts.items()))
    names = pl.Series(list(counts), dtype=pl.String)
    kept = pl.DataFrame({"name": names, "hash": names.hash(_HASH_SEED)}).sort("hash", "name")["name"].head(OTHERS)
    return tuple(sorted((name, counts[name]) for name in kept))


def _freeze(values: pl.Series, type_: str, role: Role) -> ColumnGrid:
    if type_ in ("boolean", "category"):
        counts = values.drop_nulls().cast(pl.String).alias("value").value_counts()
        top = counts.sort(["count", "value"], descending=[True, False])["value"].head(CATEGORIES)
        names = ["false", "true"] if type_ == "boolean" else sorted(top)
        return ColumnGrid(type_, "categories", role, categories=tuple(names))
    kind: Kind = "length" if type_ == "text" else "numeric"
    numbers = pl.select(_number(pl.lit(values), type_)).to_series()
    numbers = numbers.filter(numbers.is_finite()).sort()
    if not numbers.len():
        return ColumnGrid(type_, kind, role)
    low, high = _quantile(numbers, 0.0005), _quantile(numbers, 0.9995)
    if not high - low > max(abs(low) * 1e-12, 1e-290):  # a thinner range has no 1,024 cells in floats
        high = low + max(1.0, abs(low) * 1e-6)
    deciles = sorted({_quantile(numbers, tenth) for tenth in _DECILES})
    return ColumnGrid(type_, kind, role, low, high, tuple(deciles))


def _quantile(ordered: pl.Series, share: float) -> float:
    """The smallest value that at least this share of the values do not exceed."""
    place = max(-int(-(share * ordered.len()) // 1) - 1, 0)
    return float(ordered[min(place, ordered.len() - 1)])


def _number(value: pl.Expr, type_: str) -> pl.Expr:
    if type_ == "text":
        return value.str.len_chars().cast(pl.Float64)
    return (value.to_physical() if type_ in ("date", "datetime") else value).cast(pl.Float64)


def _sums(name: str, column: ColumnGrid) -> list[pl.Expr]:
    """All sums of a column; floats that are no number are counted apart, infinite ones fall into the outer cells."""
    number = _number(pl.col(name), column.type)
    value = number.fill_nan(None) if column.type == "number" else number
    finite = pl.when(value.is_finite()).then(value) if column.type == "number" else value
    width = column.width
    place = ((value - column.low) / width).ceil().clip(0, CELLS + 1).cast(pl.UInt16)
    made = {
        "cells": place.drop_nulls().alias("cell").value_counts().implode(),
        "nulls": number.null_count(),
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
        moments = Moments(count, _held(sums[f"mean {name}"]), _held(sums[f"variance {name}"] * count), low, high)
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
        rest = rest.with_columns(hash=rest["value"].hash(_HASH_SEED)).sort("hash", "value").head(OTHERS)
    others = tuple(sorted(zip(rest["value"], rest["count"], strict=True)))
    cells = tuple(by_name.get(name, 0) for name in column.categories)
    return ColumnProfile(values.len(), values.null_count(), 0, cells, other=other, others=others)


def _nothing(column: ColumnGrid) -> ColumnProfile:
    cells = len(column.categories) if column.kind == "categories" else CELLS + 2
    return ColumnProfile(cells=(0,) * cells, deciles=(0,) * len(column.deciles))


def _grid_dict(column: ColumnGrid) -> dict[str, Any]:
    common = {"type": column.type, "kind": column.kind, "role": column.role}
    if column.kind == "categories":
        return {**common, "categories": list(column.categories)}
    return {**common, "low": column.low, "high": column.high, "deciles": list(column.deciles)}


def _grid_of(data: Mapping[str, Any]) -> ColumnGrid:
    low, high = data.get("low", 0.0), data.get("high", 1.0)
    deciles, categories = tuple(data.get("deciles", ())), tuple(data.get("categories", ()))
    return ColumnGrid(data["type"], data["kind"], data["role"], low, high, deciles, categories)


def _column_dict(column: ColumnProfile) -> dict[str, Any]:
    moments = column.moments
    return {
        "rows": column.rows,
        "nulls": column.nulls,
        "nans": column.nans,
        "cells": _packed(column.cells),
        "deciles": list(column.deciles),
        "moments": [moments.count, moments.mean, moments.m2, moments.minimum, moments.maximum],
        "other": column.other,
        "others": [[name, count] for name, count in column.others],
    }


def _column_of(data: Mapping[str, Any]) -> ColumnProfile:
    others = tuple((name, count) for name, count in data["others"])
    cells, deciles = _unpacked(data["cells"]), tuple(data["deciles"])
    moments = Moments(*data["moments"])
    return ColumnProfile(data["rows"], data["nulls"], data["nans"], cells, deciles, moments, data["other"], others)


def _packed(cells: Sequence[int]) -> list[int]:
    packed: list[int] = []
    for count in cells:
        if count == 0 and packed and packed[-1] < 0:
            packed[-1] -= 1
        else:
            packed.append(count or -1)
    return packed


def _unpacked(packed: Sequence[int]) -> tuple[int, ...]:
    cells: list[int] = []
    for count in packed:
        cells += [0] * -count if count < 0 else [count]
    return tuple(cells)
