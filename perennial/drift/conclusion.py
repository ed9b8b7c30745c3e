"""From columns to one verdict and one sentence."""

from collections.abc import Mapping

from perennial.contract.drift import Drift
from perennial.drift.report import ORDER, ColumnDrift, DriftReport, Level


def concluded(columns: Mapping[str, ColumnDrift], thresholds: Drift, sizes: tuple[int, int]) -> DriftReport:
    """The verdict is that of the worst column, or that over all where it is worse; `sizes` in rows."""
    counted = {name: column for name, column in columns.items() if column.role != "other"}
    if not counted:
        return DriftReport("stable", "no column counts for drift", None, *sizes, columns)
    overall = _dataset_drift(counted)
    single = max((column.verdict for column in counted.values()), key=ORDER.index)
    verdict = max(single, _level(overall, thresholds), key=ORDER.index)
    moved = max(counted, key=lambda name: (ORDER.index(counted[name].verdict), counted[name].extent))
    return DriftReport(verdict, _sentence(counted, moved, verdict, overall), moved, *sizes, columns, overall)


def _dataset_drift(counted: Mapping[str, ColumnDrift]) -> float:
    """The mean, weighted by importance, of how far columns moved: 0 within chance or its threshold, 1 where drifted."""
    weights = sum(column.weight for column in counted.values())
    moved = sum(column.weight * min(column.score, 1.0) for column in counted.values() if column.verdict != "stable")
    return moved / weights if weights else 0.0


def _level(overall: float, thresholds: Drift) -> Level:
    levels = thresholds.dataset_drift
    if overall <= 0 or overall < levels.warn:
        return "stable"
    return "drifted" if overall >= levels.alert else "watch"


def _sentence(counted: Mapping[str, ColumnDrift], moved: str, verdict: Level, overall: float) -> str:
    if verdict == "stable":
        return f"none of {len(counted)} columns moved beyond chance or its threshold"
    how = f"{moved} moved most: {counted[moved].sentence}"
    share = sum(column.verdict == verdict for column in counted.values())
    if not share:
        return f"no column {'drifted' if verdict == 'drifted' else 'moved'} alone, but over all {overall:.0%}; {how}"
    return f"{share} of {len(counted)} columns {'drifted' if verdict == 'drifted' else 'to watch'}; {how}"
