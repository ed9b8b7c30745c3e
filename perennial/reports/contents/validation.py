"""What validation made of the dataset: rows in and out, and every problem without the values that had it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from perennial.reports.dossier import Dossier
from perennial.reports.reading import entries, mapping, part, text, whole
from perennial.reports.veil import Veil
from perennial.reports.words import PROBLEMS

MOST_PROBLEMS = 200


def validation(dossier: Dossier, veil: Veil) -> dict[str, Any] | str:
    """The verdict, its problems in sentences, and the sum of the rows."""
    verdict = dossier.verdict
    if not mapping(verdict):
        if dossier.run.trigger == "retrain":
            return "This run retrained on datasets that had been validated before."
        return "The dataset has not been validated: the run did not come so far."
    problems = [_problem(each, veil) for each in map(mapping, entries(part(verdict, "problems")))]
    cleaned = mapping(part(verdict, "cleaned"))
    return {
        "accepted": part(verdict, "accepted") is True,
        "rows": {
            name: whole(part(verdict, key))
            for name, key in (
                ("in", "rows"),
                ("accepted", "rows_accepted"),
                ("quarantined", "rows_quarantined"),
                ("duplicates", "rows_duplicate"),
            )
        },
        "format": text(part(verdict, "format")),
        "bytes": whole(part(verdict, "bytes")),
        "files": whole(part(verdict, "files")),
        "ignored_columns": [text(name) for name in entries(part(verdict, "ignored_columns"))][:MOST_PROBLEMS],
        "cleaned": [
            {"column": text(column), "changes": {text(how): whole(count) for how, count in mapping(changes).items()}}
            for column, changes in list(cleaned.items())[:MOST_PROBLEMS]
        ],
        "problems": problems[:MOST_PROBLEMS],
        "problems_left_out": max(len(problems) - MOST_PROBLEMS, 0),
    }


def _problem(problem: Mapping[str, Any], veil: Veil) -> dict[str, Any]:
    code, count, column = text(part(problem, "code")), whole(part(problem, "count")), part(problem, "column")
    return {
        "code": code,
        "column": text(column) or None,
        "rule": text(part(problem, "rule")) or None,
        "file": text(part(problem, "file")) or None,
        "count": count,
        "sentence": _of_rows(problem, code, count or 0) if code in PROBLEMS else _of_file(problem, veil),
    }


def _of_rows(problem: Mapping[str, Any], code: str, count: int) -> str:
    """A message quotes a row's value; a report says how many rows have the problem and where the first of them is."""
    column, rule, row = (text(part(problem, name)) for name in ("column", "rule", "row"))
    where = f"{column}: " if column else f"rule '{rule}': " if rule else ""
    many = "1 row has" if count == 1 else f"{count:,} rows have"
    return f"{where}{many} {PROBLEMS[code]}" + (f"; the first is row {row}" if row else "")


def _of_file(problem: Mapping[str, Any], veil: Veil) -> str:
    if part(problem, "code") == "one-class" and veil.hides(part(problem, "column")):
        return (
            f"the target '{text(part(problem, 'column'))}' has fewer than two classes; a model needs two to tell apart"
        )
    return text(part(problem, "message"), 1200)
