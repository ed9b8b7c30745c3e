"""Rows that a server logged itself, because sensitive columns must not be captured, as rows of an inference table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from perennial.contract import answers
from perennial.contract import observed as names
from perennial.contract.fields import PayloadError
from perennial.contract.model import ModelSpec
from perennial.contract.schema import Schema
from perennial.golden import INFERENCE_ID
from perennial.monitoring.reading import BODY, Traffic
from perennial.monitoring.schemas import answer_schema, request_schema, unreadable_schema


@dataclass(frozen=True)
class LoggedLine:
    """A line of the server's log: the log event's id, its time, and its members."""

    event: str
    at: datetime
    line: Mapping[str, Any]


def read(lines: list[LoggedLine], spec: ModelSpec, version: str) -> Traffic:
    """The rows of lines, without golden rows. A line that no server of this model writes is kept apart."""
    schema = request_schema(spec)
    fields = Schema.of_spec(spec).fields
    hidden = frozenset(spec.sensitive())
    columns: dict[str, list[Any]] = {name: [] for name in schema}
    apart: list[tuple[Any, ...]] = []
    for each in lines:
        request = each.line.get("inference_id")
        if request == INFERENCE_ID:
            continue
        identity = (each.at, version, each.event, str(request) if request else None)
        try:
            rows = each.line["rows"]
            given = {
                field.name: [row.get(field.name) for row in rows]
                if field.name in hidden
                else field.typed_or_none([row.get(field.name) for row in rows])
                for field in fields
            }
            answered = _answers(each.line.get("answers"), len(rows), spec)
        except (PayloadError, KeyError, TypeError, AttributeError, ValueError):
            apart.append((*identity, BODY, "", 0))
            continue
        same = dict(zip((names.AT, names.VERSION, names.EVENT, names.REQUEST), identity, strict=True))
        for name, column in columns.items():
            if name in same:
                column += [same[name]] * len(rows)
            elif name == names.ROW:
                column += range(len(rows))
            else:
                column += answered[name] if name in answered else given.get(name, [None] * len(rows))
    frame = pl.DataFrame(columns, schema=schema)
    return Traffic(frame, pl.DataFrame(apart, schema=unreadable_schema(), orient="row"))


def _answers(entries: Any, rows: int, spec: ModelSpec) -> dict[str, list[Any]]:
    """The columns of the answers; nulls for a line of a release that logged none. Raises KeyError and ValueError."""
    schema = answer_schema(spec)
    if entries is None:
        return {name: [None] * rows for name in schema}
    target = spec.columns[spec.target].type
    found = [answers.answer_of(entry, spec.problem, target) for entry in entries]
    if len(found) != rows:
        raise ValueError("a row has an answer")
    cells = {names.ANSWER: [each.label for each in found], names.SCORE: [each.score for each in found]}
    if spec.problem == "multiclass":
        cells[names.CLASSES] = [list(each.scores) for each in found]
        cells[names.SCORES] = [list(each.scores.values()) for each in found]
    return cells
