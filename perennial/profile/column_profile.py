"""Profiles: sums per column, and their JSON. Counts are LEB128 in base64; a zero is followed by its run length."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from perennial.profile.distinct import EMPTY, Distinct
from perennial.profile.grid import ColumnGrid, Grid, ProfileError

FORMAT = 2


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
    """One column's sums. `cells` has underflow, the grid's cells, overflow; `deciles` counts values up to each decile.

    For categories, `cells` counts those of the grid in its order, `other` all others, `others` some of these by name.
    `distinct` estimates the number of distinct values. `tails` sums the excess of values below and above the grid.
    """

    rows: int = 0
    nulls: int = 0
    nans: int = 0
    cells: tuple[int, ...] = ()
    deciles: tuple[int, ...] = ()
    moments: Moments = Moments()
    other: int = 0
    others: tuple[tuple[str, int], ...] = ()
    distinct: Distinct = EMPTY
    tails: tuple[float, float] = (0.0, 0.0)

    @property
    def count(self) -> int:
        """Rows with a value that was counted in a cell."""
        return self.rows - self.nulls - self.nans


@dataclass(frozen=True)
class Profile:
    """The sums of rows over a grid; `Profile.empty(grid)` is the neutral element of `merge`."""

    grid: Grid
    rows: int
    columns: Mapping[str, ColumnProfile]

    @classmethod
    def empty(cls, grid: Grid) -> "Profile":
        return cls(grid, 0, {name: _empty_column(column) for name, column in grid.columns.items()})

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values; equal profiles give equal bytes."""
        columns = {name: _column_dict(column) for name, column in self.columns.items()}
        return {"format": FORMAT, "rows": self.rows, "grid": self.grid.as_dict(), "columns": columns}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Profile":
        """The inverse of `as_dict`. Raises ProfileError for another format."""
        if data.get("format") != FORMAT:
            raise ProfileError(f"a profile of format {data.get('format')!r}, {FORMAT} is expected")
        grid = Grid.from_dict(data["grid"])
        columns = {name: _column_of(column, grid.columns[name].kept) for name, column in data["columns"].items()}
        return cls(grid, data["rows"], columns)


def _empty_column(column: ColumnGrid) -> ColumnProfile:
    cells = len(column.categories) if column.kind == "categories" else column.cells + 2
    none = Distinct(most=column.kept)
    return ColumnProfile(cells=(0,) * cells, deciles=(0,) * len(column.deciles), distinct=none)


def _column_dict(column: ColumnProfile) -> dict[str, Any]:
    moments = column.moments
    return {
        "rows": column.rows,
        "nulls": column.nulls,
        "nans": column.nans,
        "cells": pack_counts(column.cells),
        "deciles": list(column.deciles),
        "moments": [moments.count, moments.mean, moments.m2, moments.minimum, moments.maximum],
        "other": column.other,
        "others": [[name, count] for name, count in column.others],
        "distinct": column.distinct.as_text(),
        "tails": list(column.tails),
    }


def _column_of(data: Mapping[str, Any], kept: int) -> ColumnProfile:
    return ColumnProfile(
        rows=data["rows"],
        nulls=data["nulls"],
        nans=data["nans"],
        cells=unpack_counts(data["cells"]),
        deciles=tuple(data["deciles"]),
        moments=Moments(*data["moments"]),
        other=data["other"],
        others=tuple((name, count) for name, count in data["others"]),
        distinct=Distinct.from_text(data["distinct"], kept),
        tails=tuple(data["tails"]),
    )


def pack_counts(counts: Iterable[int]) -> str:
    """Counts, none negative, as one text; about two bytes each for a million rows over 1,024 cells."""
    made = bytearray()
    for count, same in groupby(counts):
        if count == 0:
            _write(made, 0)
            _write(made, sum(1 for _ in same))
            continue
        for one in same:
            _write(made, one)
    return base64.b64encode(made).decode()


def unpack_counts(text: str) -> tuple[int, ...]:
    """The inverse of `pack_counts`."""
    counts: list[int] = []
    numbers = _read(base64.b64decode(text))
    for number in numbers:
        counts += [number] if number else [0] * next(numbers)
    return tuple(counts)


def _write(made: bytearray, number: int) -> None:
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    made.append(number)


def _read(data: bytes) -> Iterator[int]:
    number = shift = 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield number
            number = shift = 0
