"""The drift section: each column against the champion's training data, with both distributions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.profile import ColumnGrid, ColumnProfile
from perennial.reports.contents.distributions import distribution
from perennial.reports.json_values import mapping, member, number, text, whole
from perennial.reports.labels import LEVELS
from perennial.reports.redaction import Redaction
from perennial.reports.report_data import ReportData

MAX_COLUMNS = 300
MOST_PLOTS = 40
_WORST_FIRST = ("incomparable", "drifted", "watch", "stable")
_HIDDEN = "it drifted; its values are not shown"


def drift(data: ReportData, redaction: Redaction) -> dict[str, Any] | str:
    """The verdict, each column's metrics and noise floors, and the histograms of the columns that drifted most."""
    report = data.drift
    if not mapping(report):
        return _why_not(data)
    columns = [
        _column(text(name), mapping(found), redaction) for name, found in mapping(member(report, "columns")).items()
    ]
    columns.sort(key=_rank)
    plotted = {column["name"]: _counts(column) and column["verdict"] != "stable" for column in columns[:MOST_PLOTS]}
    return {
        "verdict": _level(member(report, "verdict")),
        "sentence": sentence(report, redaction),
        "dataset_drift": number(member(report, "dataset_drift")),
        "rows": {"before": whole(member(report, "reference_rows")), "now": whole(member(report, "current_rows"))},
        "columns": columns[:MAX_COLUMNS],
        "columns_left_out": max(len(columns) - MAX_COLUMNS, 0),
        "distributions": [
            found | {"moved": moved}
            for name, moved in plotted.items()
            if (found := _distribution(data, name, redaction))
        ],
        "withheld": sorted(name for name in plotted if redaction.hides(name)),
    }


def sentence(report: object, redaction: Redaction) -> str:
    """The report's sentence, redacted: it quotes that of the column that drifted most, which may quote values."""
    moved = member(report, "moved")
    stated = text(member(report, "sentence"), 1200)
    quoted = text(member(member(member(report, "columns"), moved), "sentence"), 1200) if isinstance(moved, str) else ""
    return stated.replace(quoted, _HIDDEN) if quoted and redaction.hides(moved) else stated


def _rank(column: Mapping[str, Any]) -> tuple[Any, ...]:
    """Columns that count for the verdict first, then by how far they drifted."""
    return not _counts(column), _WORST_FIRST.index(column["verdict"]), -column["extent"], column["name"]


def _counts(column: Mapping[str, Any]) -> bool:
    return bool(column["role"] != "other")


def _column(name: str, found: Mapping[str, Any], redaction: Redaction) -> dict[str, Any]:
    metrics, floors = mapping(member(found, "metrics")), mapping(member(found, "floors"))
    score, weight = number(member(found, "score")) or 0.0, number(member(found, "weight"))
    stated = text(member(found, "sentence"), 600)
    return {
        "name": name,
        "verdict": _level(member(found, "verdict")),
        "role": text(member(found, "role")),
        "worst": text(member(found, "worst")),
        "weight": weight,
        "score": score,
        "extent": score * (1.0 if weight is None else weight),
        "sentence": _HIDDEN if redaction.hides(name) and stated not in ("no drift", "as before") else stated,
        "metrics": {
            text(key): {"value": number(value), "chance": number(floors.get(key))} for key, value in metrics.items()
        },
    }


def _distribution(data: ReportData, name: str, redaction: Redaction) -> dict[str, Any] | None:
    before, now = data.reference, data.profile
    if before is None or now is None or redaction.hides(name) or before.grid.digest != now.grid.digest:
        return None
    pair: list[tuple[ColumnGrid, ColumnProfile, ColumnProfile]] = [
        (grid.with_words(data.target_words), before.columns[column], now.columns[column])
        for column, grid in before.grid.columns.items()
        if text(column) == name
    ]
    return distribution(name, *pair[0]) if pair else None


def _level(level: object) -> str:
    return level if isinstance(level, str) and level in LEVELS else "incomparable"


def _why_not(data: ReportData) -> str:
    if data.run.state == "quarantined":
        return "A refused dataset is not compared with anything."
    if data.run.trigger == "retrain":
        return "This run retrained on data that was compared in an earlier run."
    step = data.run.step("drift")
    if step and step.details.get("verdict") == "first":
        return "There was no champion to compare with: this is the first model."
    return "The data was not compared: the run ended before that step."
