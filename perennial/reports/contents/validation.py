"""The result of validation: rows in and out, and every problem without the values that had it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.problems import OF_TARGET, without_values
from perennial.reports.json_values import entries, mapping, member, text, whole
from perennial.reports.redaction import Redaction
from perennial.reports.report_data import ReportData

MOST_PROBLEMS = 200


def validation(data: ReportData, redaction: Redaction) -> dict[str, Any] | str:
    """The verdict, its problems in sentences, and the sum of the rows."""
    verdict = data.verdict
    if not mapping(verdict):
        if data.run.trigger == "retrain":
            return "This run retrained on datasets that had been validated before."
        return "The dataset has not been validated: the run did not come so far."
    problems = [_problem(each, redaction) for each in map(mapping, entries(member(verdict, "problems")))]
    cleaned = mapping(member(verdict, "cleaned"))
    return {
        "accepted": member(verdict, "accepted") is True,
        "rows": {
            name: whole(member(verdict, key))
            for name, key in (
                ("in", "rows"),
                ("accepted", "rows_accepted"),
                ("quarantined", "rows_quarantined"),
                ("duplicates", "rows_duplicate"),
            )
        },
        "format": text(member(verdict, "format")),
        "bytes": whole(member(verdict, "bytes")),
        "files": whole(member(verdict, "files")),
        "ignored_columns": [text(name) for name in entries(member(verdict, "ignored_columns"))][:MOST_PROBLEMS],
        "cleaned": [
            {"column": text(column), "changes": {text(how): whole(count) for how, count in mapping(changes).items()}}
            for column, changes in list(cleaned.items())[:MOST_PROBLEMS]
        ],
        "problems": problems[:MOST_PROBLEMS],
        "problems_left_out": max(len(problems) - MOST_PROBLEMS, 0),
    }


def _problem(problem: Mapping[str, Any], redaction: Redaction) -> dict[str, Any]:
    code, count, column = text(member(problem, "code")), whole(member(problem, "count")), member(problem, "column")
    return {
        "code": code,
        "column": text(column) or None,
        "rule": text(member(problem, "rule")) or None,
        "file": text(member(problem, "file")) or None,
        "count": count,
        "sentence": _sentence(problem, redaction),
    }


def _sentence(problem: Mapping[str, Any], redaction: Redaction) -> str:
    """A problem of rows without values; one of the target with its classes, unless they are redacted."""
    code, column, rule = (text(member(problem, name)) for name in ("code", "column", "rule"))
    if code in OF_TARGET and not redaction.hides(column):
        return text(member(problem, "message"), 1200)
    message, count = text(member(problem, "message"), 1200), whole(member(problem, "count")) or 0
    return without_values(code, message, column or None, rule or None, whole(member(problem, "row")), count)
