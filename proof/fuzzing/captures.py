"""Captured requests: the lines that an endpoint's data capture writes, read into the tables of traffic."""

from __future__ import annotations

import base64
import json

import polars as pl

from perennial import capture
from perennial.monitoring import captures, hour, request_schema
from perennial.monitoring.reading import RequestReader
from proof.fuzzing.example import frame, parquet_of, rows, spec
from proof.fuzzing.harness import Harness

_JSON = ("\\ud800", "\\u0000", "NaN", "null", "true", "{}", "[]", "[" * 70, "1e400")


def read_object(data: bytes) -> object:
    """Reads the lines of a capture object one by one, and in bulk as the tables of traffic are written."""
    single = [_one(line) for line in data.split(b"\n")]
    reader = RequestReader(spec(), "people@000000000000")
    traffic = [reader.read(records, "key") for records in captures.read(iter([data]), "key")]
    found = hour.merge(traffic, request_schema(spec()))
    written = [_written(found.rows), _written(found.unreadable)]
    return single, written, found.counts


def _one(line: bytes) -> str:
    try:
        return repr(capture.read(line))
    except capture.CaptureError as error:
        return str(error)


def _written(table: pl.DataFrame) -> object:
    """The rows of a table, which is written as Parquet."""
    parquet_of(table)
    return table.rows()


def _line(content_type: str, body: bytes, answer: str | None = None, event: str = "e-1") -> bytes:
    """A line as SageMaker writes it: text where the content type is named by the capture's header, else base64."""
    try:
        data, encoding = body.decode(), "CSV" if "csv" in content_type else "JSON"
    except UnicodeDecodeError:
        data, encoding = base64.b64encode(body).decode(), "BASE64"
    given = {"observedContentType": content_type, "mode": "INPUT", "data": data, "encoding": encoding}
    record: dict[str, object] = {"endpointInput": given}
    if answer is not None:
        kind = "application/json"
        record["endpointOutput"] = {"observedContentType": kind, "mode": "OUTPUT", "data": answer, "encoding": "JSON"}
    metadata = {"eventId": event, "inferenceId": f"i-{event}", "inferenceTime": "2026-11-27T10:00:00Z"}
    return json.dumps({"captureData": record, "eventMetadata": metadata, "eventVersion": "0"}).encode()


def _seeds() -> tuple[bytes, ...]:
    row = {name: rows(1)[0][name] for name in spec().features()}
    answer = '{"predictions": [{"label": true, "probability": 0.75}]}'
    csv = ",".join(row.values()).encode()
    lines = [
        _line("application/json", json.dumps(row).encode(), answer),
        _line("text/csv", csv, answer, "e-2"),
        _line("application/jsonlines", json.dumps(list(row.values())).encode(), None, "e-3"),
        _line("application/vnd.apache.parquet", parquet_of(frame().head(2).select(spec().features())), answer, "e-4"),
    ]
    return (*lines, b"\n".join(lines[:2]), b"\n".join(lines[1:3]) + b"\n\n")


HARNESSES = {
    "captures": Harness(
        read_object,
        _seeds(),
        words=(
            *_JSON,
            *("BASE64", "CSV", "JSON", "text/csv; header=present", "application/json", "application/jsonlines"),
            *("captureData", "endpointInput", "endpointOutput", "eventMetadata", "inferenceTime", "predictions"),
            *spec().columns,
        ),
    ),
}
