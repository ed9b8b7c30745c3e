"""A table as requests to an endpoint: only the model's features, in the contract's types, below the size limit."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from cli.output import CommandError
from cli.project import did_you_mean
from cli.tables import Table
from perennial.contract.columns import Column
from perennial.contract.model import ModelSpec
from perennial.validation.casts import cast

MOST_BYTES = 5_000_000  # of a request; SageMaker takes 6 MB
MOST_ROWS = 10_000  # of a request; it must be answered within 60 s


@dataclass(frozen=True)
class Question:
    """One request's body, JSON by column. `first_row` is the number of its first row in the file, counted from 1."""

    first_row: int
    body: bytes


def questions(table: Table, spec: ModelSpec) -> list[Question]:
    """The requests for all rows, in order. CommandError where a feature is missing or a value is not of its type."""
    return list(_split(_features(table, spec), 1))


def lines(table: Table, spec: ModelSpec) -> bytes:
    """All rows as JSON lines, each with the names of its features. CommandError as above."""
    rows = _features(table, spec)
    cells = zip(*([_plain(value) for value in rows[name].to_list()] for name in rows.columns), strict=True)
    made = (dict(zip(rows.columns, row, strict=True)) for row in cells)
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in made).encode()


def _features(table: Table, spec: ModelSpec) -> pl.DataFrame:
    columns = spec.contract().columns
    missing = [name for name in spec.features() if name not in table.frame.columns]
    if missing:
        raise CommandError(
            f"{table.path}: the column '{missing[0]}' is missing{did_you_mean(missing[0], table.frame.columns)}"
            + (f" (and {len(missing) - 1} more: {', '.join(missing[1:6])})" if missing[1:] else "")
        )
    typed = {name: _typed(table, name, columns[name], spec.validation.null_values) for name in spec.features()}
    return pl.DataFrame(typed)


def _typed(table: Table, name: str, column: Column, null_values: tuple[str, ...]) -> pl.Series:
    values = table.frame[name]
    if table.is_text:
        values = values.set(values.is_in(list(null_values)), None)
    typed = cast(values, column)
    wrong = typed.is_null() & values.is_not_null()
    if column.type == "number":
        wrong |= typed.is_nan().fill_null(value=False) | typed.is_infinite().fill_null(value=False)
    if wrong.any():
        at = int(wrong.arg_true()[0])
        raise CommandError(f"{table.path}: row {at + 1}, column '{name}': {values[at]!r} is not of type {column.type}")
    return typed.alias(name)


def _split(rows: pl.DataFrame, first_row: int) -> Iterator[Question]:
    if rows.height > MOST_ROWS:
        for start in range(0, rows.height, MOST_ROWS):
            yield from _split(rows.slice(start, MOST_ROWS), first_row + start)
        return
    columns = {name: [_plain(value) for value in rows[name].to_list()] for name in rows.columns}
    body = json.dumps({"columns": columns}, ensure_ascii=False, separators=(",", ":")).encode()
    if len(body) > MOST_BYTES and rows.height > 1:
        half = rows.height // 2
        yield from _split(rows.slice(0, half), first_row)
        yield from _split(rows.slice(half), first_row + half)
    else:
        yield Question(first_row, body)


def _plain(value: Any) -> Any:
    """Dates and times as ISO 8601 text, the rest as JSON has it."""
    return value.isoformat() if isinstance(value, dt.date) else value
