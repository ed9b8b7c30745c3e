"""Counts typed rows over a grid, in batches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from perennial.profile.column_profile import ColumnProfile, Profile
from perennial.profile.from_rows import profile_from_rows
from perennial.profile.from_value_counts import profile_from_value_counts
from perennial.profile.grid import Grid, ProfileError
from perennial.profile.merging import merge_columns
from perennial.profile.value_counts import ValueCounts, count_values

#: a column with a larger share of distinct values in a batch is summed directly
_MAX_DISTINCT_SHARE = 0.25
#: the distinct values of a column that are kept before they are summed
_MAX_PENDING = 65_536


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """The counts of one batch: value counts of most columns, and sums of high-cardinality columns."""

    rows: int
    value_counts: Mapping[str, ValueCounts] = field(default_factory=dict)
    sums: Mapping[str, ColumnProfile] = field(default_factory=dict)


class Profiler:
    """Accumulates batches in memory that does not grow with the rows."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._rows = 0
        self._sums = dict(Profile.empty(grid).columns)
        self._pending: dict[str, list[ValueCounts]] = {name: [] for name in grid.columns}
        self._high_cardinality: set[str] = set()

    def add(self, rows: pl.DataFrame) -> None:
        """Adds typed rows. Raises ProfileError for a missing column."""
        self.add_counts(self.count(rows))

    def count(self, rows: pl.DataFrame) -> BatchCounts:
        """The counts of a batch, without adding them. Raises ProfileError for a missing column."""
        known = set(rows.columns)
        missing = [name for name in self._grid.columns if name not in known]
        if missing:
            raise ProfileError(f"the data has no column '{missing[0]}', which the profile's grid has")
        categories = [name for name, column in self._grid.columns.items() if column.kind == "categories"]
        low_cardinality = count_values(
            rows, [name for name in self._grid.columns if name not in self._high_cardinality], always=categories
        )
        high_cardinality = {name: column for name, column in self._grid.columns.items() if name not in low_cardinality}
        ceilings = {name: self._sums[name].distinct.ceiling for name in high_cardinality}
        return BatchCounts(rows.height, low_cardinality, profile_from_rows(rows, high_cardinality, ceilings))

    def add_counts(self, counted: BatchCounts) -> None:
        """Adds the counts of a batch."""
        self._rows += counted.rows
        for name, sums in counted.sums.items():
            self._high_cardinality.add(name)
            self._sums[name] = merge_columns(self._sums[name], sums)
        for name, found in counted.value_counts.items():
            self._pending[name].append(found)
            different = found.values.height
            if self._grid.columns[name].kind != "categories" and different > max(
                counted.rows * _MAX_DISTINCT_SHARE, 1000
            ):
                self._high_cardinality.add(name)
            if sum(pending.values.height for pending in self._pending[name]) > _MAX_PENDING:
                self._flush([name])

    def result(self) -> Profile:
        """The profile of all rows so far."""
        self._flush(self._grid.columns)
        return Profile(self._grid, self._rows, dict(self._sums))

    def _flush(self, names: Iterable[str]) -> None:
        pending = {name: self._pending[name] for name in names if self._pending[name]}
        for name, added in profile_from_value_counts(self._grid.columns, pending).items():
            self._sums[name] = merge_columns(self._sums[name], added)
            self._pending[name] = []


def profile(rows: pl.DataFrame, grid: Grid) -> Profile:
    """The profile of typed rows. Batch sizes do not change it. ProfileError for a missing column."""
    profiler = Profiler(grid)
    profiler.add(rows)
    return profiler.result()
