"""Compares two profiles: columns one by one, then over all."""

from collections.abc import Mapping

from perennial.contract.drift import Drift, Threshold
from perennial.drift.categories import categories
from perennial.drift.chance import Chance
from perennial.drift.conclusion import concluded
from perennial.drift.measured import Measured
from perennial.drift.numbers import numbers
from perennial.drift.report import ORDER, ColumnDrift, DriftReport, Level
from perennial.drift.sentences import told_nulls
from perennial.profile import ColumnGrid, ColumnProfile, Profile

_FIGURES = 4  # of a column, that are not nearly the same as another: PSI and JS rise and fall together


def compare(
    reference: Profile,
    current: Profile,
    thresholds: Drift | None = None,
    importance: Mapping[str, float] | None = None,
) -> DriftReport:
    """How far the current data moved from the reference.

    `importance` weighs features (any non-negative scale, a column it lacks weighs nothing); the target always
    counts in full. Columns that are neither are reported and do not count.
    """
    thresholds = thresholds or Drift()
    sizes = reference.rows, current.rows
    if reference.grid.digest != current.grid.digest:
        sentence = "the profiles were counted over different grids and cannot be compared"
        return DriftReport("incomparable", sentence, None, *sizes)
    if min(sizes) < thresholds.min_rows:
        sentence = f"{min(sizes):,} rows tell nothing, {thresholds.min_rows:,} are needed on both sides"
        return DriftReport("stable", sentence, None, *sizes)
    grids = reference.grid.columns
    counted = sum(grid.role != "other" for grid in grids.values())
    chance = Chance(thresholds.false_alarms / (_FIGURES * max(counted, 1)))
    weights = _weights(reference, importance)
    columns: dict[str, ColumnDrift] = {}
    for name, grid in grids.items():
        measured = _measured(grid, reference.columns[name], current.columns[name], chance)
        columns[name] = _judged(measured, thresholds, grid.role, weights[name])
    return concluded(columns, thresholds, sizes)


def _weights(reference: Profile, importance: Mapping[str, float] | None) -> dict[str, float]:
    """1 for the most important feature and for the target; all alike where nothing is known."""
    most = max((importance or {}).values(), default=0.0)
    if not importance or most <= 0:
        return dict.fromkeys(reference.grid.columns, 1.0)
    return {
        name: 1.0 if grid.role == "target" else max(importance.get(name, 0.0), 0.0) / most
        for name, grid in reference.grid.columns.items()
    }


def _measured(grid: ColumnGrid, one: ColumnProfile, two: ColumnProfile, chance: Chance) -> Measured:
    change, floor = chance.change(one.nulls + one.nans, one.rows, two.nulls + two.nans, two.rows)
    nulls = Measured({"nulls": abs(change)}, {"nulls": floor}, {"nulls": told_nulls(one, two)})
    if not (one.count and two.count):
        return nulls
    return nulls | (categories if grid.kind == "categories" else numbers)(grid, one, two, chance)


def _judged(measured: Measured, thresholds: Drift, role: str, weight: float) -> ColumnDrift:
    """The column's verdict is its worst figure's; one that the champion hardly looks at is never more than watched."""
    levels: dict[str, Level] = {}
    scores: dict[str, float] = {}
    for name, figure in measured.figures.items():
        limit: Threshold = getattr(thresholds, name)
        floor = measured.floors[name]
        levels[name] = _level(figure, floor, limit)
        scores[name] = figure / (max(limit.alert, floor) or 1e-12)
    worst = max(levels, key=lambda name: (ORDER.index(levels[name]), scores[name]))
    verdict = levels[worst]
    if verdict == "drifted" and weight < thresholds.importance:
        verdict = "watch"
    sentence = measured.told.get(worst, "") if verdict != "stable" else "as before"
    return ColumnDrift(verdict, role, measured.figures, measured.floors, scores[worst], sentence, weight, worst)


def _level(figure: float, floor: float, limit: Threshold) -> Level:
    if figure <= floor or figure < limit.warn:
        return "stable"
    return "drifted" if figure >= limit.alert else "watch"
