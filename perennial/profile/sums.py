"""What a profile holds: sums of rows, column by column, and their JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from perennial.profile.distinct import NONE, Distinct
from perennial.profile.grid import CELLS, ColumnGrid, Grid, ProfileError
from perennial.profile.packing import packed, unpacked

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
    """One column's sums. `cells` has underflow, 1,024 cells, overflow; `deciles` counts values up to each decile.

    Of categories, `cells` counts those of the grid in its order, `other` all others, `others` some of these by name.
    `distinct` knows how many different values there are. `tails` sums by how much values lie below and above the grid.
    """

    rows: int = 0
    nulls: int = 0
    nans: int = 0
    cells: tuple[int, ...] = ()
    deciles: tuple[int, ...] = ()
    moments: Moments = Moments()
    other: int = 0
    others: tuple[tuple[str, int], ...] = ()
    distinct: Distinct = NONE
    tails: tuple[float, float] = (0.0, 0.0)

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
        """Plain JSON values; equal profiles give equal bytes."""
        columns = {name: _column_dict(column) for name, column in self.columns.items()}
        return {"format": FORMAT, "rows": self.rows, "grid": self.grid.as_dict(), "columns": columns}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Profile":
        """The profile that as_dict gave. ProfileError for another format."""
        if data.get("format") != FORMAT:
            raise ProfileError(f"a profile of format {data.get('format')!r}, {FORMAT} is expected")
        grid = Grid.from_dict(data["grid"])
        return cls(grid, data["rows"], {name: _column_of(column) for name, column in data["columns"].items()})


def _nothing(column: ColumnGrid) -> ColumnProfile:
    cells = len(column.categories) if column.kind == "categories" else CELLS + 2
    return ColumnProfile(cells=(0,) * cells, deciles=(0,) * len(column.deciles))


def _column_dict(column: ColumnProfile) -> dict[str, Any]:
    moments = column.moments
    return {
        "rows": column.rows,
        "nulls": column.nulls,
        "nans": column.nans,
        "cells": packed(column.cells),
        "deciles": list(column.deciles),
        "moments": [moments.count, moments.mean, moments.m2, moments.minimum, moments.maximum],
        "other": column.other,
        "others": [[name, count] for name, count in column.others],
        "distinct": column.distinct.as_text(),
        "tails": list(column.tails),
    }


def _column_of(data: Mapping[str, Any]) -> ColumnProfile:
    return ColumnProfile(
        rows=data["rows"],
        nulls=data["nulls"],
        nans=data["nans"],
        cells=unpacked(data["cells"]),
        deciles=tuple(data["deciles"]),
        moments=Moments(*data["moments"]),
        other=data["other"],
        others=tuple((name, count) for name, count in data["others"]),
        distinct=Distinct.from_text(data["distinct"]),
        tails=tuple(data["tails"]),
    )
