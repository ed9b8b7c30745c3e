"""How far a column of categories moved."""

from perennial.drift.bins import binned
from perennial.drift.chance import Chance, noise
from perennial.drift.measured import Measured
from perennial.drift.sentences import told_categories, told_unseen
from perennial.profile import ColumnGrid, ColumnProfile


def categories(grid: ColumnGrid, one: ColumnProfile, two: ColumnProfile, chance: Chance) -> Measured:
    """PSI and JS over the categories; the share of unseen values; the most frequent category that is gone."""
    counts = [*one.cells, one.other], [*two.cells, two.other]
    figures, floors = binned(*counts, chance, grid.role == "target")
    told = dict.fromkeys(figures, told_categories(grid, one, two))
    unseen, floors["unseen"] = chance.change(one.other, one.count, two.other, two.count)
    figures["unseen"] = max(unseen, 0.0)
    told["unseen"] = told_unseen(two, figures["unseen"])
    gone = [place for place, count in enumerate(two.cells) if count == 0 and one.cells[place]]
    figures["missing_category"], floors["missing_category"] = 0.0, chance.absence(noise(one.count, two.count))
    if gone:
        most = max(gone, key=lambda place: one.cells[place])
        figures["missing_category"] = one.cells[most] / one.count
        told["missing_category"] = (
            f"'{grid.categories[most]}', {figures['missing_category']:.1%} of rows before, is gone"
        )
    return Measured(figures, floors, told)
