"""The distribution function that a profile's counts amount to."""

from dataclasses import dataclass
from itertools import pairwise

from perennial.profile import CELLS, ColumnGrid, ColumnProfile


@dataclass(frozen=True, slots=True)
class Shape:
    """`shares[i]` of the values are at most `places[i]`; places ascend from both samples' least to their greatest."""

    places: tuple[float, ...]
    shares: tuple[float, ...]


def shape(grid: ColumnGrid, column: ColumnProfile, other: ColumnProfile) -> Shape:
    """One column's distribution function at the grid's edges and deciles and at the extremes of both samples."""
    known: dict[float, int] = {}
    running = 0
    for cell in range(CELLS + 1):
        running += column.cells[cell]
        known[grid.low + grid.width * cell] = running
    known.update(zip(grid.deciles, column.deciles, strict=True))
    moments = [part.moments for part in (column, other) if part.moments.count]
    lows = [moment.minimum for moment in moments if moment.minimum is not None]
    highs = [moment.maximum for moment in moments if moment.maximum is not None]
    if lows and min(lows) < grid.low:
        known[min(lows)] = 0
    if highs and max(highs) > max(known):
        known[max(highs)] = column.count
    places = sorted(known)
    total = max(column.count, 1)
    shares, most = [], 0
    for place in places:
        most = max(most, known[place])
        shares.append(most / total)
    return Shape(tuple(places), tuple(shares))


def bins(column: ColumnProfile) -> list[int]:
    """Counts between the grid's deciles: up to the first, between each two, above the last."""
    edges = [0, *column.deciles, column.count]
    return [high - low for low, high in pairwise(edges)]
