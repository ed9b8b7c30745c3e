"""How far the data moved from what the champion learnt, column by column, with both distributions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.profile import ColumnGrid, ColumnProfile
from perennial.reports.contents.distributions import distribution
from perennial.reports.dossier import Dossier
from perennial.reports.reading import mapping, number, part, text, whole
from perennial.reports.veil import Veil
from perennial.reports.words import LEVELS

MOST_COLUMNS = 300
MOST_PICTURES = 40
_WORST_FIRST = ("incomparable", "drifted", "watch", "stable")
_HIDDEN = "it moved; its values are not shown"


def drift(dossier: Dossier, veil: Veil) -> dict[str, Any] | str:
    """The verdict, each column's figures beside chance, and the histograms of those that moved most."""
    report = dossier.drift
    if not mapping(report):
        return _why_not(dossier)
    columns = [_column(text(name), mapping(found), veil) for name, found in mapping(part(report, "columns")).items()]
    columns.sort(key=_rank)
    pictured = {column["name"]: _counts(column) and column["verdict"] != "stable" for column in columns[:MOST_PICTURES]}
    return {
        "verdict": _level(part(report, "verdict")),
        "sentence": sentence(report, veil),
        "dataset_drift": number(part(report, "dataset_drift")),
        "rows": {"before": whole(part(report, "reference_rows")), "now": whole(part(report, "current_rows"))},
        "columns": columns[:MOST_COLUMNS],
        "columns_left_out": max(len(columns) - MOST_COLUMNS, 0),
        "distributions": [
            found | {"moved": moved} for name, moved in pictured.items() if (found := _pictured(dossier, name, veil))
        ],
        "withheld": sorted(name for name in pictured if veil.hides(name)),
    }


def sentence(report: object, veil: Veil) -> str:
    """The report's sentence; it quotes the sentence of the column that moved most, which may quote its values."""
    moved = part(report, "moved")
    said = text(part(report, "sentence"), 1200)
    quoted = text(part(part(part(report, "columns"), moved), "sentence"), 1200) if isinstance(moved, str) else ""
    return said.replace(quoted, _HIDDEN) if quoted and veil.hides(moved) else said


def _rank(column: Mapping[str, Any]) -> tuple[Any, ...]:
    """What counts for the verdict first, and of that what moved most."""
    return not _counts(column), _WORST_FIRST.index(column["verdict"]), -column["extent"], column["name"]


def _counts(column: Mapping[str, Any]) -> bool:
    return bool(column["role"] != "other")


def _column(name: str, found: Mapping[str, Any], veil: Veil) -> dict[str, Any]:
    figures, floors = mapping(part(found, "figures")), mapping(part(found, "floors"))
    score, weight = number(part(found, "score")) or 0.0, number(part(found, "weight"))
    said = text(part(found, "sentence"), 600)
    return {
        "name": name,
        "verdict": _level(part(found, "verdict")),
        "role": text(part(found, "role")),
        "worst": text(part(found, "worst")),
        "weight": weight,
        "score": score,
        "extent": score * (1.0 if weight is None else weight),
        "sentence": _HIDDEN if veil.hides(name) and said != "as before" else said,
        "figures": {
            text(key): {"value": number(value), "chance": number(floors.get(key))} for key, value in figures.items()
        },
    }


def _pictured(dossier: Dossier, name: str, veil: Veil) -> dict[str, Any] | None:
    before, now = dossier.reference, dossier.profile
    if before is None or now is None or veil.hides(name) or before.grid.digest != now.grid.digest:
        return None
    pair: list[tuple[ColumnGrid, ColumnProfile, ColumnProfile]] = [
        (grid, before.columns[column], now.columns[column])
        for column, grid in before.grid.columns.items()
        if text(column) == name
    ]
    return distribution(name, *pair[0]) if pair else None


def _level(level: object) -> str:
    return level if isinstance(level, str) and level in LEVELS else "incomparable"


def _why_not(dossier: Dossier) -> str:
    if dossier.run.state == "quarantined":
        return "A refused dataset is not compared with anything."
    if dossier.run.trigger == "retrain":
        return "This run retrained on data that had been compared before."
    step = dossier.run.step("drift")
    if step and step.figures.get("verdict") == "first":
        return "There was no champion to compare with: this is the first model."
    return "The data has not been compared: the run did not come so far."
