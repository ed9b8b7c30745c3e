"""How far a column of numbers moved."""

from perennial.drift.bins import binned
from perennial.drift.chance import Chance, noise
from perennial.drift.measured import Measured
from perennial.drift.sentences import told_numbers
from perennial.drift.shape import between, bins
from perennial.profile import ColumnGrid, ColumnProfile


def numbers(grid: ColumnGrid, one: ColumnProfile, two: ColumnProfile, chance: Chance) -> Measured:
    """PSI and JS over the grid's deciles; KS; Wasserstein's distance in the reference's standard deviations."""
    figures, floors = binned(bins(one), bins(two), chance, grid.role == "target")
    found, doubt = between(grid, one, two), noise(one.count, two.count)
    deviation = one.moments.deviation or two.moments.deviation or 1.0
    figures["ks"], floors["ks"] = found.gap, chance.gap(doubt)
    figures["wasserstein"] = found.area / deviation
    floors["wasserstein"] = chance.area(found.spread, _pooled(one, two), doubt) / deviation
    return Measured(figures, floors, dict.fromkeys(figures, told_numbers(grid, one, two, figures)))


def _pooled(one: ColumnProfile, two: ColumnProfile) -> float:
    """The standard deviation of the values of both, each around its own mean."""
    count = one.moments.count + two.moments.count
    return float(((one.moments.m2 + two.moments.m2) / count) ** 0.5) if count else 0.0
