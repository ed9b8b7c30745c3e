"""A table as requests to an endpoint: only the model's features, as the file has them, below the size limit."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from perennial.client.errors import ClientError, did_you_mean
from perennial.client.tables import Table
from perennial.contract.model import ModelSpec
from perennial.contract.requests import JSON, PARQUET

MAX_BYTES = 5_000_000  # of a request; SageMaker accepts 6 MB
MAX_ROWS = 10_000  # of a request; the response is due within 60 s


@dataclass(frozen=True)
class Request:
    """One request's body and content type. `first_row` is the number of its first row in the file, counted from 1."""

    first_row: int
    body: bytes
    content_type: str


def endpoint_requests(table: Table, spec: ModelSpec) -> list[Request]:
    """The requests for all rows, in order: text as JSON by column, Parquet as Parquet.

    The endpoint parses the values as an upload's. Raises ClientError if a required feature is missing.
    """
    return list(_split(_features(table, spec), 1, _as_json if table.is_text else _as_parquet))


def lines(table: Table, spec: ModelSpec) -> bytes:
    """All rows as JSON lines, each with the names of its features. Raises ClientError as above."""
    rows = _features(table, spec)
    cells = zip(*([plain(table, name, value) for value in rows[name].to_list()] for name in rows.columns), strict=True)
    made = (dict(zip(rows.columns, row, strict=True)) for row in cells)
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in made).encode()


def _features(table: Table, spec: ModelSpec) -> pl.DataFrame:
    given = table.frame.columns
    missing = [name for name in spec.features() if name not in given and not spec.columns[name].nullable]
    if missing:
        raise ClientError(
            f"{table.path}: the column '{missing[0]}' is missing{did_you_mean(missing[0], given)}"
            + (f" (and {len(missing) - 1} more: {', '.join(missing[1:6])})" if missing[1:] else "")
        )
    named = [name for name in spec.features() if name in given]
    # by name: pl.col would take some names for patterns
    return pl.DataFrame({name: table.frame[name] for name in named})


def _split(rows: pl.DataFrame, first_row: int, write: Any) -> Iterator[Request]:
    if rows.height > MAX_ROWS:
        for start in range(0, rows.height, MAX_ROWS):
            yield from _split(rows.slice(start, MAX_ROWS), first_row + start, write)
        return
    body, content_type = write(rows)
    if len(body) > MAX_BYTES and rows.height > 1:
        half = rows.height // 2
        yield from _split(rows.slice(0, half), first_row, write)
        yield from _split(rows.slice(half), first_row + half, write)
    else:
        yield Request(first_row, body, content_type)


def _as_json(rows: pl.DataFrame) -> tuple[bytes, str]:
    columns = {name: rows[name].to_list() for name in rows.columns}
    return json.dumps({"columns": columns}, ensure_ascii=False, separators=(",", ":")).encode(), JSON


def _as_parquet(rows: pl.DataFrame) -> tuple[bytes, str]:
    file = io.BytesIO()
    rows.write_parquet(file)
    return file.getvalue(), PARQUET


def plain(table: Table, name: str, value: Any) -> Any:
    """Dates and times as ISO 8601 text, other values as in JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ClientError(f"{table.path}: column '{name}' holds {value}, which is no finite number")
    return value if value is None or isinstance(value, bool | int | float | str) else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode()
    return value.isoformat() if isinstance(value, dt.date) else str(value)
