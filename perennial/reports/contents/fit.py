"""The fit section: estimator, the search's trials, the encodings that were tried, the interval, and an import."""

from __future__ import annotations

from typing import Any

from perennial.imports import UNKNOWN_ROWS
from perennial.reports.contents.members import MEMBERS, readable
from perennial.reports.json_values import entries, mapping, member, number, numbers, text, whole
from perennial.reports.report_data import ReportData

MAX_TRIALS = 60
MAX_SETTINGS = 30


def fit(data: ReportData, why_not: str) -> dict[str, Any] | str:
    """The origin of the candidate; `why_not` if no model was measured."""
    found = data.evaluation
    if not mapping(found):
        return why_not
    if not text(member(found, "estimator")):
        return "The evaluation does not hold it."
    members = text(readable(member(found, "parameters")).get(MEMBERS), 2000)
    search, encodings = member(found, "search"), member(found, "encodings")
    return {
        "estimator": text(member(found, "estimator")),
        "parameters": {} if members else _settings(member(found, "parameters")),
        "members": members,
        "seconds": number(member(found, "fit_seconds")),
        "imported": _imported(member(found, "imported")),
        "search": _trials(search),
        "search_gain": {name: number(member(member(search, "gain"), name)) for name in ("gain", "error")},
        "search_of": text(member(search, "of")) or None,
        "search_rows": whole(member(search, "rows")),
        "search_reason": text(member(search, "reason")) or None,
        "encodings": _trials(encodings),
        "chosen": {
            text(name): text(way) for name, way in list(mapping(member(encodings, "chosen")).items())[:MAX_TRIALS]
        },
        "encodings_reason": text(member(encodings, "reason")) or None,
        "interval": _interval(member(found, "interval")),
    }


def _settings(found: object) -> dict[str, str]:
    return {text(name): text(value, 60) for name, value in list(mapping(found).items())[:MAX_SETTINGS]}


def _trials(found: object) -> list[dict[str, Any]]:
    return [
        {
            "estimator": text(member(each, "estimator")),
            "parameters": _settings(member(each, "parameters")),
            "column": text(member(each, "column")),
            "way": text(member(each, "way")),
            "loss": number(member(each, "loss")),
            "gain": number(member(each, "gain")),
            "error": number(member(each, "error")),
            "taken": member(each, "taken") is True,
            "logarithm": member(each, "logarithm") is True,
            "weight": whole(member(each, "weight")),
        }
        for each in entries(member(found, "trials"))[:MAX_TRIALS]
    ]


def _interval(found: object) -> dict[str, Any] | None:
    """The share, and the distances from an answer, or from a row's quantiles, to the ends: the least and the most."""
    share, low, high = number(member(found, "share")), numbers(member(found, "low")), numbers(member(found, "high"))
    if share is None or not low or len(low) != len(high):
        return None
    return {
        "share": share,
        "rows": whole(member(found, "rows")),
        "parts": len(low),
        "by_row": member(found, "quantiles") is True,
        "below": [min(low), max(low)],
        "above": [min(high), max(high)],
    }


def _imported(found: object) -> dict[str, str] | None:
    if not text(member(found, "source")):
        return None
    return {
        "source": text(member(found, "source"), 600),
        "sha256": text(member(found, "sha256"), 64),
        "unknown": UNKNOWN_ROWS,
    }
