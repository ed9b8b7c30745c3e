"""A population with the properties of real tables, and resamples of it as profiles, made without reading its rows
again.

A resample of n rows with replacement has, in a profile, multinomial counts: each row falls into a cell of the profile
with the cell's share of the population. So the counts of a resample are drawn at once, with the same distribution as if
its rows had been drawn and counted. Sums of values (for means, deviations and the excess outside the grid) use the mean
and variance of the population's values in each cell, and real values outside the grid, where a few of them decide.
Columns are independent of each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perennial.profile import CELLS, ColumnGrid, ColumnProfile, Grid, Moments, Profile

Floats = NDArray[np.float64]
CHUNK = 250  # resamples drawn at once


@dataclass(frozen=True)
class Numbers:
    """The parts of a column of numbers between edges and deciles; the last part is the nulls."""

    shares: Floats
    cells: NDArray[np.int64]
    tenths: NDArray[np.int64]
    means: Floats
    squares: Floats
    center: float
    outside: tuple[Floats, Floats]
    grid: ColumnGrid

    @classmethod
    def of(cls, values: pl.Series, grid: ColumnGrid) -> "Numbers":
        found = values.drop_nulls().cast(pl.Float64).to_numpy()
        center = float(found.mean())
        places = np.clip(np.ceil((found - grid.low) / grid.width), 0, CELLS + 1).astype(np.int64)
        tenths = np.searchsorted(np.array(grid.deciles), found, side="left")
        parts, which, counts = np.unique(places * 16 + tenths, return_inverse=True, return_counts=True)
        means = np.bincount(which, found - center) / counts
        squares = np.bincount(which, (found - center) ** 2) / counts
        shares = np.append(counts, values.null_count()) / values.len()
        outside = found[places == 0], found[places == CELLS + 1]
        return cls(shares, parts // 16, parts % 16, means, squares, center, outside, grid)

    def draw(self, rows: int, size: int, chance: np.random.Generator) -> Iterator[ColumnProfile]:
        """Draws resamples of a number of rows."""
        for first in range(0, size, CHUNK):
            counts = chance.multinomial(rows, self.shares, size=min(CHUNK, size - first))
            yield from self._profiles(counts[:, :-1], counts[:, -1], rows, chance)

    def _profiles(
        self, counts: NDArray[np.int64], nulls: NDArray[np.int64], rows: int, chance: np.random.Generator
    ) -> Iterator[ColumnProfile]:
        cells = np.zeros((len(counts), CELLS + 2), dtype=np.int64)
        tenths = np.zeros((len(counts), len(self.grid.deciles) + 1), dtype=np.int64)
        for part, (cell, tenth) in enumerate(zip(self.cells, self.tenths, strict=True)):
            cells[:, cell] += counts[:, part]
            tenths[:, tenth] += counts[:, part]
        inside = (self.cells > 0) & (self.cells <= CELLS)
        sums, squares = counts[:, inside] @ self.means[inside], counts[:, inside] @ self.squares[inside]
        for index, missing in enumerate(nulls.tolist()):
            excess = [0.0, 0.0]
            total, square, count = float(sums[index]), float(squares[index]), rows - missing
            for side, (edge, cell) in enumerate(((self.grid.low, 0), (self.grid.high, CELLS + 1))):
                if number := int(cells[index, cell]):
                    drawn = chance.choice(self.outside[side], number)
                    excess[side] = float(np.abs(drawn - edge).sum())
                    total += float((drawn - self.center).sum())
                    square += float(((drawn - self.center) ** 2).sum())
            mean = total / count if count else 0.0
            moments = Moments(count, mean + self.center, max(square - count * mean * mean, 0.0))
            deciles = tuple(np.cumsum(tenths[index])[:-1].tolist())
            yield ColumnProfile(
                rows, missing, 0, tuple(cells[index].tolist()), deciles, moments, tails=(excess[0], excess[1])
            )


@dataclass(frozen=True)
class Categories:
    """The shares of the grid's categories, of all others, and of the nulls."""

    shares: Floats

    @classmethod
    def of(cls, values: pl.Series, grid: ColumnGrid) -> "Categories":
        texts = values.cast(pl.String)
        counts = dict(texts.drop_nulls().alias("value").value_counts().iter_rows())
        known = [counts.get(name, 0) for name in grid.categories]
        nulls = texts.null_count()
        return cls(np.array([*known, texts.len() - nulls - sum(known), nulls]) / texts.len())

    def draw(self, rows: int, size: int, chance: np.random.Generator) -> Iterator[ColumnProfile]:
        for first in range(0, size, CHUNK):
            for drawn in chance.multinomial(rows, self.shares, size=min(CHUNK, size - first)).tolist():
                *cells, other, nulls = drawn
                yield ColumnProfile(rows, nulls, 0, tuple(cells), other=other)


Parts = dict[str, Numbers | Categories]


def parts(population: pl.DataFrame, grid: Grid) -> Parts:
    """The shares of all cells of the grid's columns that the population has."""
    return {
        name: (Categories if column.kind == "categories" else Numbers).of(population[name], column)
        for name, column in grid.columns.items()
        if name in population.columns
    }


def resamples(drawn: Parts, grid: Grid, rows: int, size: int, seed: int) -> Iterator[Profile]:
    """Profiles of resamples of a number of rows."""
    chance = np.random.default_rng(seed)
    for columns in zip(*(drawn[name].draw(rows, size, chance) for name in grid.columns), strict=True):
        yield Profile(grid, rows, dict(zip(grid.columns, columns, strict=True)))
