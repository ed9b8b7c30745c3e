"""The result of validation: rows in and out, and every problem without the values that had it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.reports.json_values import entries, mapping, member, text, whole
from perennial.reports.labels import PROBLEMS
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
        "sentence": _of_rows(problem, code, count or 0) if code in PROBLEMS else _of_file(problem, redaction),
    }


def _of_rows(problem: Mapping[str, Any], code: str, count: int) -> str:
    """A message quotes a row's value; a report says how many rows have the problem and where the first of them is."""
    column, rule, row = (text(member(problem, name)) for name in ("column", "rule", "row"))
    where = f"{column}: " if column else f"rule '{rule}': " if rule else ""
    many = "1 row has" if count == 1 else f"{count:,} rows have"
    return f"{where}{many} {PROBLEMS[code]}" + (f"; the first is row {row}" if row else "")


def _of_file(problem: Mapping[str, Any], redaction: Redaction) -> str:
    if member(problem, "code") == "one-class" and redaction.hides(member(problem, "column")):
        return f"the target '{text(member(problem, 'column'))}' has fewer than two classes; training needs two"
    return text(member(problem, "message"), 1200)
