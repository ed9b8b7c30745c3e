"""The distribution functions of two profiles, and the differences between them."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from math import sqrt
from operator import add, mul, sub

from perennial.profile import ColumnGrid, ColumnProfile


@dataclass(frozen=True, slots=True)
class DistributionDifference:
    """`gap`: the largest difference of the functions (Kolmogorov-Smirnov). `area`: the area between them
    (Wasserstein's first distance). `spread`: the integral of sqrt(F(1-F)) of the mixture of both.
    """

    gap: float
    area: float
    spread: float


def compare_distributions(grid: ColumnGrid, reference: ColumnProfile, current: ColumnProfile) -> DistributionDifference:
    """Both functions are exact at the grid's edges and deciles and linear between; outside the grid only the sums
    of the excess are known: their difference is the area there if one function lies above the other.
    """
    places = _places(grid)
    before, after = _shares(places, reference), _shares(places, current)
    gaps = list(map(sub, after, before))
    area = sum(map(mul, places.widths, map(abs, gaps)))
    products = list(map(mul, gaps, gaps[1:]))
    for index in (index for index, product in enumerate(products) if product < 0):
        # the functions cross: two triangles instead of a trapezoid
        width = places.ascending[index + 1] - places.ascending[index]
        area += width * products[index] / (abs(gaps[index]) + abs(gaps[index + 1]))
    mixed = [total / 2 for total in map(add, before, after)]
    spread = sum(map(mul, places.widths, [sqrt(share * (1 - share)) for share in mixed]))
    for side, cell in ((0, 0), (1, -1)):
        excess = reference.tails[side] / reference.count, current.tails[side] / current.count
        area += abs(excess[1] - excess[0])
        share = (reference.cells[cell] + current.cells[cell]) / (reference.count + current.count)
        # assumes an exponential tail outside the grid: the deviation of the excess over all rows
        spread += (excess[0] + excess[1]) / 2 * sqrt(2 / share) if share else 0.0
    return DistributionDifference(max(map(abs, gaps)), area, spread)


def decile_counts(column: ColumnProfile) -> list[int]:
    """Counts between the grid's deciles: up to the first, between each two, above the last."""
    edges = [0, *column.deciles, column.count]
    return [high - low for low, high in pairwise(edges)]


@dataclass(frozen=True, slots=True)
class _Places:
    """Edges and deciles, `ascending`; `order` is the index of each among edges followed by deciles; `widths` is half
    the distance between its neighbours, so that an integral is a sum of products.
    """

    ascending: tuple[float, ...]
    order: tuple[int, ...]
    widths: tuple[float, ...]


@lru_cache(maxsize=4096)
def _places(grid: ColumnGrid) -> _Places:
    known = [*(grid.low + grid.width * cell for cell in range(grid.cells + 1)), *grid.deciles]
    order = sorted(range(len(known)), key=known.__getitem__)
    ascending = [known[index] for index in order]
    halves = [(high - low) / 2 for low, high in pairwise(ascending)]
    widths = map(add, [0.0, *halves], [*halves, 0.0])
    return _Places(tuple(ascending), tuple(order), tuple(widths))


def _shares(places: _Places, column: ColumnProfile) -> list[float]:
    """The share of values up to each place, made monotonic where float rounding moved an edge past a value."""
    known = [*accumulate(column.cells[:-1]), *column.deciles]
    count = column.count
    return [upto / count for upto in accumulate(map(known.__getitem__, places.order), max)]
