"""How far a column of categories moved."""

from math import log, sqrt
from statistics import NormalDist

from perennial.drift.bins import binned, filled, lumped
from perennial.drift.chance import shares
from perennial.drift.sentences import told_categories
from perennial.profile import ColumnGrid, ColumnProfile

Measured = tuple[dict[str, float], dict[str, float], dict[str, str]]


def categories(grid: ColumnGrid, one: ColumnProfile, two: ColumnProfile, sigmas: float) -> Measured:
    noise = 1 / one.count + 1 / two.count
    counts = [*one.cells, one.other], [*two.cells, two.other]
    figures, floors = binned(*filled(*lumped(*counts)), noise, sigmas)
    unseen, floors["unseen"] = shares(one.other, one.count, two.other, two.count, sigmas)
    figures["unseen"] = max(unseen, 0.0)
    gone = [place for place, count in enumerate(two.cells) if count == 0 and one.cells[place]]
    most = max(gone, key=lambda place: one.cells[place], default=None)
    figures["gone"] = one.cells[most] / one.count if most is not None else 0.0
    # that a share p of n rows is not in m rows has probability exp(-mp); n being a sample adds to the doubt
    floors["gone"] = (-log(1 - NormalDist().cdf(sigmas)) + sigmas) * noise
    if grid.role == "target":
        figures["target"] = sum(abs(a / one.count - b / two.count) for a, b in zip(*counts, strict=True)) / 2
        floors["target"] = sqrt(floors["psi"]) / 2  # by Cauchy and Schwarz, from the chi-square of the same bins
    told = dict.fromkeys(("psi", "js", "target"), told_categories(grid, one, two))
    names = ", ".join(f"'{name}'" for name, _ in sorted(two.others, key=lambda other: -other[1])[:3])
    told["unseen"] = f"{figures['unseen']:.1%} more rows hold values unseen in the reference ({names})"
    if most is not None:
        told["gone"] = f"'{grid.categories[most]}', {figures['gone']:.1%} of rows before, is gone"
    return figures, floors, told
