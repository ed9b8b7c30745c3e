"""Compares two profiles: columns one by one, then over all."""

from collections.abc import Mapping
from statistics import NormalDist

from perennial.drift.categories import categories
from perennial.drift.chance import shares
from perennial.drift.numbers import numbers
from perennial.drift.report import ORDER, ColumnDrift, DriftReport, Level
from perennial.drift.sentences import told_nulls
from perennial.drift.thresholds import Thresholds
from perennial.profile import ColumnGrid, ColumnProfile, Profile


def compare(
    reference: Profile,
    current: Profile,
    thresholds: Thresholds | None = None,
    importance: Mapping[str, float] | None = None,
) -> DriftReport:
    """How far the current data moved from the reference.

    `importance` weighs features (any non-negative scale, a column it lacks weighs nothing); the target always
    counts in full. Columns that are neither are reported and do not count.
    """
    thresholds = thresholds or Thresholds()
    sizes = reference.rows, current.rows
    if reference.grid.digest != current.grid.digest:
        sentence = "the profiles were counted over different grids and cannot be compared"
        return DriftReport("incomparable", sentence, None, *sizes)
    if min(sizes) < thresholds.min_rows:
        sentence = f"{min(sizes):,} rows tell nothing, {thresholds.min_rows:,} are needed on both sides"
        return DriftReport("stable", sentence, None, *sizes)
    tests = 4 * max(sum(column.role != "other" for column in reference.grid.columns.values()), 1)
    sigmas = NormalDist().inv_cdf(1 - thresholds.false_alarms / tests)
    weights = _weights(reference, importance)
    columns = {
        name: _column(name, grid, reference.columns[name], current.columns[name], thresholds, sigmas, weights[name])
        for name, grid in reference.grid.columns.items()
    }
    return _over_all(columns, weights, sizes)


def _over_all(columns: Mapping[str, ColumnDrift], weights: Mapping[str, float], sizes: tuple[int, int]) -> DriftReport:
    counted = {name: column for name, column in columns.items() if column.role != "other"}
    if not counted:
        return DriftReport("stable", "no column counts for drift", None, *sizes, columns)
    verdict = max((column.verdict for column in counted.values()), key=ORDER.index)
    moved = max(counted, key=lambda name: (ORDER.index(counted[name].verdict), counted[name].score * weights[name]))
    share = sum(column.verdict == verdict for column in counted.values())
    if verdict == "stable":
        sentence = f"none of {len(counted)} columns moved beyond chance or its threshold"
    else:
        word = "drifted" if verdict == "drifted" else "to watch"
        sentence = f"{share} of {len(counted)} columns {word}; {moved} moved most: {counted[moved].sentence}"
    return DriftReport(verdict, sentence, moved, *sizes, columns)


def _weights(reference: Profile, importance: Mapping[str, float] | None) -> dict[str, float]:
    if not importance or max(importance.values()) <= 0:
        return dict.fromkeys(reference.grid.columns, 1.0)
    most = max(importance.values())
    return {
        name: 1.0 if grid.role == "target" else max(importance.get(name, 0.0), 0.0) / most
        for name, grid in reference.grid.columns.items()
    }


def _column(
    name: str,
    grid: ColumnGrid,
    one: ColumnProfile,
    two: ColumnProfile,
    thresholds: Thresholds,
    sigmas: float,
    weight: float,
) -> ColumnDrift:
    figures, floors = _missing(one, two, sigmas)
    told = {"nulls": told_nulls(one, two)}
    if min(one.count, two.count) > 0:
        measure = categories if grid.kind == "categories" else numbers
        more, more_floors, more_told = measure(grid, one, two, sigmas)
        figures, floors, told = figures | more, floors | more_floors, told | more_told
    levels = {figure: _level(figures[figure], floors[figure], getattr(thresholds, figure)) for figure in figures}
    scores = {figure: figures[figure] / max(getattr(thresholds, figure)[1], floors[figure]) for figure in figures}
    worst = max(figures, key=lambda figure: (ORDER.index(levels[figure]), scores[figure]))
    verdict = levels[worst]
    if verdict == "drifted" and weight < thresholds.importance:
        verdict = "watch"
    sentence = told.get(worst, "") if verdict != "stable" else "as before"
    return ColumnDrift(verdict, grid.role, figures, floors, scores[worst], sentence)


def _level(figure: float, floor: float, threshold: tuple[float, float]) -> Level:
    watch, drifted = threshold
    if figure <= floor or figure < watch:
        return "stable"
    return "drifted" if figure >= drifted else "watch"


def _missing(one: ColumnProfile, two: ColumnProfile, sigmas: float) -> tuple[dict[str, float], dict[str, float]]:
    figure, floor = shares(one.nulls + one.nans, one.rows, two.nulls + two.nans, two.rows, sigmas)
    return {"nulls": abs(figure)}, {"nulls": floor}
