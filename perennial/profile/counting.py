"""Counts typed rows over a grid, batch by batch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from perennial.profile.direct import of_rows
from perennial.profile.grid import Grid, ProfileError
from perennial.profile.merging import merge_columns
from perennial.profile.sums import ColumnProfile, Profile
from perennial.profile.tally import Tally, tallies
from perennial.profile.weighted import of_tallies

#: a column of which more than this share of a batch's values differ is no longer tallied
_MANY = 0.25
#: the different values of a column that wait to be summed up
_WAITING = 65_536


@dataclass(frozen=True, slots=True)
class Counted:
    """One batch: the different values of most columns, and the sums of those with too many of them."""

    rows: int
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    sums: Mapping[str, ColumnProfile] = field(default_factory=dict)


class Profiler:
    """Adds batches up, in memory that does not grow with the rows."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._rows = 0
        self._sums = dict(Profile.empty(grid).columns)
        self._waiting: dict[str, list[Tally]] = {name: [] for name in grid.columns}
        self._many: set[str] = set()

    def add(self, rows: pl.DataFrame) -> None:
        """Typed rows. ProfileError for a missing column."""
        self.take(self.count(rows))

    def count(self, rows: pl.DataFrame) -> Counted:
        """What a batch adds, without adding it. ProfileError for a missing column."""
        missing = [name for name in self._grid.columns if name not in rows.columns]
        if missing:
            raise ProfileError(f"the data has no column '{missing[0]}', which the profile's grid counts")
        categories = [name for name, column in self._grid.columns.items() if column.kind == "categories"]
        few = tallies(rows, [name for name in self._grid.columns if name not in self._many], always=categories)
        many = {name: column for name, column in self._grid.columns.items() if name not in few}
        ceilings = {name: self._sums[name].distinct.ceiling for name in many}
        return Counted(rows.height, few, of_rows(rows, many, ceilings))

    def take(self, counted: Counted) -> None:
        """Adds what a batch was counted to be."""
        self._rows += counted.rows
        for name, sums in counted.sums.items():
            self._many.add(name)
            self._sums[name] = merge_columns(self._sums[name], sums)
        for name, tally in counted.tallies.items():
            self._waiting[name].append(tally)
            different = tally.values.height
            if self._grid.columns[name].kind != "categories" and different > max(counted.rows * _MANY, 1000):
                self._many.add(name)
            if sum(waiting.values.height for waiting in self._waiting[name]) > _WAITING:
                self._sum_up([name])

    def result(self) -> Profile:
        """The profile of all rows so far."""
        self._sum_up(self._grid.columns)
        return Profile(self._grid, self._rows, dict(self._sums))

    def _sum_up(self, names: Iterable[str]) -> None:
        waiting = {name: self._waiting[name] for name in names if self._waiting[name]}
        for name, added in of_tallies(self._grid.columns, waiting).items():
            self._sums[name] = merge_columns(self._sums[name], added)
            self._waiting[name] = []


def profile(rows: pl.DataFrame, grid: Grid) -> Profile:
    """The sums of typed rows. Any slicing of the same rows gives the same counts. ProfileError for a missing column."""
    profiler = Profiler(grid)
    profiler.add(rows)
    return profiler.result()
