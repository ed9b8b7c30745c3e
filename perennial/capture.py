"""Captured traffic: the JSON lines that an endpoint's data capture writes, read back into rows."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

Row = dict[str, Any]


def requests(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Content type and body of each captured request. A line that is no capture record is passed over."""
    for line in lines:
        try:
            given = json.loads(line)["captureData"]["endpointInput"]
            body = given["data"]
            if given.get("encoding") == "BASE64":
                body = base64.b64decode(body, validate=True).decode()
            yield str(given["observedContentType"]).split(";")[0].strip().lower(), str(body)
        except (ValueError, KeyError, TypeError, binascii.Error):
            continue


def rows(content_type: str, body: str, features: Sequence[str]) -> Iterator[Row]:
    """The rows of one request, in whichever of the serving contract's shapes it came; none if it is in no such shape.

    CSV without a header is in the order of `features`.
    """
    try:
        if content_type == "text/csv":
            yield from _csv(body, features)
        elif content_type == "application/json":
            yield from _json(json.loads(body))
        elif content_type == "application/jsonlines":
            yield from (row for line in body.splitlines() if line.strip() for row in _json(json.loads(line)))
    except (ValueError, csv.Error):
        return


def write_csv(found: Iterable[Row], features: Sequence[str], file: TextIO) -> int:
    """Write the features of rows as CSV with a header; a missing feature is an empty field. The number of rows."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(features)
    count = 0
    for row in found:
        writer.writerow(["" if row.get(name) is None else _text(row[name]) for name in features])
        count += 1
    return count


def _csv(body: str, features: Sequence[str]) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(body))
    first = next(lines, None)
    if first is None:
        return
    header = first if set(features) <= set(first) else None
    if header is None:
        yield dict(zip(features, first, strict=False))
    yield from (dict(zip(header or features, line, strict=False)) for line in lines if line)


def _json(data: Any) -> Iterator[Row]:
    if isinstance(data, dict) and isinstance(data.get("columns"), dict):
        names, columns = list(data["columns"]), [c for c in data["columns"].values() if isinstance(c, list)]
        if len(names) == len(columns):
            yield from (dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=False))
        return
    if isinstance(data, dict):
        data = data.get("rows", data.get("instances", [data]))
    yield from (row for row in data if isinstance(row, dict)) if isinstance(data, list) else ()


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
