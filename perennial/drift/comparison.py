"""Compares two profiles: each column, then the dataset."""

from collections.abc import Mapping

from perennial.contract.drift import Drift, Threshold
from perennial.drift.columns import ColumnMetrics, category_metrics, nulls_text, number_metrics
from perennial.drift.noise import NoiseFloors
from perennial.drift.report import ORDER, ColumnDrift, DriftReport, Level
from perennial.profile import ColumnGrid, ColumnProfile, Profile

_INDEPENDENT = 4  # metrics of a column that do not duplicate another: PSI and JS are strongly correlated


def compare(
    reference: Profile,
    current: Profile,
    thresholds: Drift | None = None,
    importance: Mapping[str, float] | None = None,
    words: tuple[str, str] | None = None,
) -> DriftReport:
    """The drift report of the current data against the reference.

    `importance` weights features (any non-negative scale; a column without it has weight 0); the target always has
    the greatest weight. Other columns are reported and do not count. `words` are those for false and true
    in the data of a boolean target; sentences use them.
    """
    thresholds = thresholds or Drift()
    sizes = reference.rows, current.rows
    if reference.grid.digest != current.grid.digest:
        sentence = "the profiles use different grids and cannot be compared"
        return DriftReport("incomparable", sentence, None, *sizes)
    if min(sizes) < thresholds.min_rows:
        sentence = f"{min(sizes):,} rows are too few to compare; both datasets need {thresholds.min_rows:,}"
        return DriftReport("stable", sentence, None, *sizes)
    grids = reference.grid.columns
    counted = sum(grid.role != "other" for grid in grids.values())
    noise = NoiseFloors(thresholds.false_alarms / (_INDEPENDENT * max(counted, 1)))
    weights = _weights(reference, importance)
    columns: dict[str, ColumnDrift] = {}
    for name, grid in grids.items():
        metrics = _column_metrics(grid.with_words(words), reference.columns[name], current.columns[name], noise)
        columns[name] = _column_drift(metrics, thresholds, grid.role, weights[name])
    return conclude(columns, thresholds, sizes)


def _weights(reference: Profile, importance: Mapping[str, float] | None) -> dict[str, float]:
    """1 for the most important feature and for the target; equal weights without importance."""
    most = max((importance or {}).values(), default=0.0)
    if not importance or most <= 0:
        return dict.fromkeys(reference.grid.columns, 1.0)
    return {
        name: 1.0 if grid.role == "target" else max(importance.get(name, 0.0), 0.0) / most
        for name, grid in reference.grid.columns.items()
    }


def _column_metrics(
    grid: ColumnGrid, reference: ColumnProfile, current: ColumnProfile, noise: NoiseFloors
) -> ColumnMetrics:
    change, floor = noise.change(
        reference.nulls + reference.nans, reference.rows, current.nulls + current.nans, current.rows
    )
    nulls = ColumnMetrics({"nulls": abs(change)}, {"nulls": floor}, {"nulls": nulls_text(reference, current)})
    if not (reference.count and current.count):
        return nulls
    return nulls | (category_metrics if grid.kind == "categories" else number_metrics)(grid, reference, current, noise)


def _column_drift(metrics: ColumnMetrics, thresholds: Drift, role: str, weight: float) -> ColumnDrift:
    """The column has the verdict of its worst metric; an unimportant column is at most 'watch'."""
    levels: dict[str, Level] = {}
    scores: dict[str, float] = {}
    for name, value in metrics.values.items():
        limit: Threshold = getattr(thresholds, name)
        floor = metrics.floors[name]
        levels[name] = _level(value, floor, limit)
        scores[name] = value / (max(limit.alert, floor) or 1e-12)
    worst = max(levels, key=lambda name: (ORDER.index(levels[name]), scores[name]))
    verdict = levels[worst]
    if verdict == "drifted" and weight < thresholds.importance:
        verdict = "watch"
    sentence = metrics.texts.get(worst, "") if verdict != "stable" else "no drift"
    return ColumnDrift(verdict, role, metrics.values, metrics.floors, scores[worst], sentence, weight, worst)


def _level(value: float, floor: float, limit: Threshold) -> Level:
    if value <= floor or value < limit.warn:
        return "stable"
    return "drifted" if value >= limit.alert else "watch"


def conclude(columns: Mapping[str, ColumnDrift], thresholds: Drift, sizes: tuple[int, int]) -> DriftReport:
    """The verdict is the worse of the worst column's and the dataset's; `sizes` in rows."""
    counted = {name: column for name, column in columns.items() if column.role != "other"}
    if not counted:
        return DriftReport("stable", "no column counts for drift", None, *sizes, columns)
    dataset_drift = _dataset_drift(counted)
    single = max((column.verdict for column in counted.values()), key=ORDER.index)
    verdict = max(single, _dataset_level(dataset_drift, thresholds), key=ORDER.index)
    most_drifted = max(counted, key=lambda name: (ORDER.index(counted[name].verdict), counted[name].extent))
    return DriftReport(
        verdict, _sentence(counted, most_drifted, verdict, dataset_drift), most_drifted, *sizes, columns, dataset_drift
    )


def _dataset_drift(counted: Mapping[str, ColumnDrift]) -> float:
    """The mean score of the columns, weighted by importance: 0 for a stable column, 1 for a drifted one."""
    weights = sum(column.weight for column in counted.values())
    most_drifted = sum(
        column.weight * min(column.score, 1.0) for column in counted.values() if column.verdict != "stable"
    )
    return most_drifted / weights if weights else 0.0


def _dataset_level(dataset_drift: float, thresholds: Drift) -> Level:
    limit = thresholds.dataset_drift
    if dataset_drift <= 0 or dataset_drift < limit.warn:
        return "stable"
    return "drifted" if dataset_drift >= limit.alert else "watch"


def _sentence(counted: Mapping[str, ColumnDrift], most_drifted: str, verdict: Level, dataset_drift: float) -> str:
    if verdict == "stable":
        return f"none of {len(counted)} columns drifted"
    how = f"{most_drifted} drifted most: {counted[most_drifted].sentence}"
    share = sum(column.verdict == verdict for column in counted.values())
    if not share:
        return f"no single column reaches {verdict}, but the dataset drift is {dataset_drift:.0%}; {how}"
    return f"{share} of {len(counted)} columns {'drifted' if verdict == 'drifted' else 'to watch'}; {how}"
