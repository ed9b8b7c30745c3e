"""How far a column of numbers moved."""

from math import log, sqrt
from statistics import NormalDist

from perennial.drift.bins import binned, filled, lumped
from perennial.drift.sentences import told_numbers
from perennial.drift.shape import Shape, bins, shape
from perennial.profile import ColumnGrid, ColumnProfile

Measured = tuple[dict[str, float], dict[str, float], dict[str, str]]


def numbers(grid: ColumnGrid, one: ColumnProfile, two: ColumnProfile, sigmas: float) -> Measured:
    before, after = shape(grid, one, two), shape(grid, two, one)
    noise = 1 / one.count + 1 / two.count
    shares = filled(*lumped(bins(one), bins(two)))
    figures, floors = binned(*shares, noise, sigmas)
    deviation = one.moments.deviation or two.moments.deviation or 1.0
    figures["ks"] = max(abs(a - b) for a, b in zip(before.shares, after.shares, strict=True))
    floors["ks"] = sqrt(max(-log((1 - NormalDist().cdf(sigmas)) / 2) / 2, 0.0) * noise)
    figures["wasserstein"] = _area(before, after) / deviation
    floors["wasserstein"] = sigmas * _spread(before, after) * sqrt(noise) / deviation
    said = told_numbers(grid, one, two, figures)
    return figures, floors, dict.fromkeys(figures, said)


def _area(before: Shape, after: Shape) -> float:
    """The area between two piecewise linear distribution functions over the same places: Wasserstein's distance."""
    area = 0.0
    gaps = [b - a for a, b in zip(before.shares, after.shares, strict=True)]
    for place in range(1, len(gaps)):
        width = before.places[place] - before.places[place - 1]
        left, right = gaps[place - 1], gaps[place]
        if left * right >= 0:
            area += width * abs(left + right) / 2
        else:
            area += width * (left * left + right * right) / (2 * (abs(left) + abs(right)))
    return area


def _spread(before: Shape, after: Shape) -> float:
    """The integral of sqrt(F(1-F)) of the pooled distribution: how much chance moves Wasserstein's distance."""
    total = 0.0
    for place in range(1, len(before.places)):
        share = (before.shares[place] + before.shares[place - 1] + after.shares[place] + after.shares[place - 1]) / 4
        total += (before.places[place] - before.places[place - 1]) * sqrt(max(share * (1 - share), 0.0))
    return total
