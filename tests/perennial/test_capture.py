"""A captured request read back gives the server's rows, in every shape and encoding."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.sagemaker.data_capture import CapturedInvocation, _record
from perennial import capture
from perennial.contract import requests
from perennial.contract.fields import PayloadError
from perennial.contract.requests import UnsupportedTypeError
from perennial.contract.schema import Rows, Schema
from perennial.monitoring import captures
from perennial.monitoring.reading import rows_of
from tests.perennial.contract.readers import asked, csv_of

SCHEMA = Schema.of(
    {
        "features": [
            {"name": "rows", "type": "integer", "nullable": False},
            {"name": "opt", "type": "number", "nullable": True},
            {"name": "city", "type": "category", "nullable": True},
            {"name": "at", "type": "datetime", "nullable": True},
        ],
        "ignored": ["y"],
        "null_values": ["", "NA"],
    }
)
KINDS = {name: {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json", "application/jsonlines"]}
         for name in ("text", "base64")}  # fmt: skip
KINDS["base64"] = {}


def recorded(body: bytes, content_type: str, encoding: str) -> capture.Request:
    """Through a record as the embedded SageMaker writes it."""
    config = {"CaptureOptions": [{"CaptureMode": "Input"}], "CaptureContentTypeHeader": KINDS[encoding]}
    record = _record(
        config, CapturedInvocation(body, content_type, b"", "application/json", None, None), datetime.now(UTC)
    )
    return capture.read(json.dumps(record).encode())


def answered(request: capture.Request, schema: Schema) -> Rows:
    return rows_of(request.content_type, request.body, schema)


def seen(read: Any) -> Rows | str:
    try:
        rows: Rows = read()
    except (PayloadError, UnsupportedTypeError):
        return "refused"
    return rows


CELLS = st.fixed_dictionaries(
    {"rows": st.integers(-5, 5)},
    optional={
        "opt": st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NA", "1.50", "x"]),
        "city": st.none() | st.sampled_from(["Bern", "NA", "a\u2028b", 'the "Hague"', "a,b", "\ufeff", "1\n2"]),
        "at": st.none() | st.sampled_from(["2024-01-05T10:00+02", "9999-12-31", "2024-12-31T23:59:60Z"]),
        "y": st.just("A"),
    },
)
NAMES = ("rows", "opt", "city", "at")


def bodies(items: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Every shape, as (content type, body)."""
    lists = [[item.get(name) for name in NAMES] for item in items]
    some = [name for name in (*NAMES, "y") if any(name in item for item in items)]
    cells = [["" if item.get(name) is None else item[name] for name in some] for item in items]
    columns = {name: [item.get(name) for item in items] for name in some}
    plain = [["" if value is None else value for value in row] for row in lists]
    return {
        "csv": ("text/csv", csv_of([some, *cells])),
        "csv with a byte-order mark": ("text/csv; charset=utf-8", "\ufeff" + csv_of([some, *cells])),
        "csv without a header": ("text/csv; header=absent", csv_of(plain)),
        "csv without a header, unsaid": ("text/csv", csv_of(plain)),
        "object": (requests.JSON, json.dumps(items[0])),
        "list": (requests.JSON, json.dumps(items)),
        "rows": (requests.JSON, json.dumps({"rows": items})),
        "rows of lists": (requests.JSON, json.dumps({"rows": lists}, ensure_ascii=False)),
        "instances": (requests.JSON, json.dumps({"instances": lists})),
        "columns": (requests.JSON, json.dumps({"columns": columns})),
        "lines": (requests.JSONLINES, "\n".join(json.dumps(item, ensure_ascii=False) for item in items)),
        "lines of lists": ("application/x-ndjson", "\n".join(json.dumps(row) for row in lists)),
    }


@pytest.mark.parametrize("encoding", KINDS)
@settings(max_examples=40, deadline=None)
@given(items=st.lists(CELLS, min_size=1, max_size=4))
def test_a_captured_request_is_what_the_server_saw(encoding: str, items: list[dict[str, Any]]) -> None:
    for shape, (content_type, body) in bodies(items).items():
        served = seen(lambda body=body, kind=content_type: asked(body, kind, SCHEMA))
        request = recorded(body.encode(), content_type, encoding)
        assert (request.body, request.content_type) == (body.encode(), content_type)
        assert seen(lambda request=request: answered(request, SCHEMA)) == served, shape


def test_a_header_that_leaves_out_a_nullable_feature_moves_no_column() -> None:
    rows = answered(recorded(b"\xef\xbb\xbfrows,city\n1,Bern\n", "text/csv", "base64"), SCHEMA)
    assert rows.columns == {"rows": [1], "opt": [None], "city": ["Bern"], "at": [None]}


MOMENTS = [datetime(9999, 12, 31), datetime(1500, 1, 23, 4, 5, 6), None, datetime(2024, 1, 5, 0, 0, 0, 7)]
TABLES = {
    "plain": pa.table(
        {"rows": [1, 2, 3, 4], "opt": [0.1, None, 2.0, 1e300], "at": pa.array(MOMENTS, pa.timestamp("us"))}
    ),
    "texts": pa.table({"rows": ["1", " 2", "3.0", "+4"], "city": ["Bern", "NA", "", None], "at": ["2024-01-05"] * 4}),
    "integers": pa.table({"rows": pa.array([1, 2], pa.uint64()), "city": [5, 7], "opt": pa.array([1, 2], pa.int8())}),
    "floats as integers": pa.table({"rows": [1.0, 2.0], "opt": pa.array([0.1, 0.2], pa.float32())}),
    "broken floats": pa.table({"rows": [1.5, 2.0]}),
    "not a number": pa.table({"rows": [1], "opt": [float("nan")]}),
    "a float as category": pa.table({"rows": [1], "city": [1.5]}),
    "a large integer as number": pa.table({"rows": [1], "opt": [2**53 + 1]}),
    "nanoseconds": pa.table({"rows": [1], "at": pa.array([1], pa.timestamp("ns"))}),
    "whole microseconds": pa.table({"rows": [1], "at": pa.array([5000], pa.timestamp("ns", "Europe/Berlin"))}),
    "days": pa.table({"rows": [1], "at": pa.array([1], pa.date32()), "city": pa.array([1], pa.date32())}),
    "decimals": pa.table({"rows": [1], "opt": pa.array([1], pa.decimal128(10, 2))}),
    "bytes": pa.table({"rows": [1, 2], "city": [b"Bern", b"NA"]}),
    "bytes that are no text": pa.table({"rows": [1], "city": [b"\xff"]}),
    "a NUL": pa.table({"rows": [1], "city": ["a\0b"]}),
    "dictionaries": pa.table({"rows": [1, 2], "city": pa.array(["x", None]).dictionary_encode()}),
    "booleans": pa.table({"rows": [1], "city": [True]}),
    "lists": pa.table({"rows": [1], "city": [["x"]]}),
    "an unknown column": pa.table({"rows": [1], "z": [1]}),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("int96", [False, True])
def test_a_parquet_request_is_read_by_polars_as_the_server_reads_it(name: str, int96: bool) -> None:
    file = io.BytesIO()
    pq.write_table(TABLES[name], file, use_deprecated_int96_timestamps=int96, store_schema=name != "bytes")
    body = file.getvalue()
    served = seen(lambda: asked(body, requests.PARQUET, SCHEMA))
    assert seen(lambda: answered(recorded(body, requests.PARQUET, "base64"), SCHEMA)) == served
    if name == "plain":
        assert isinstance(served, Rows)
        assert served.columns["at"] == [each and each.replace(tzinfo=UTC) for each in MOMENTS]


@given(st.binary())
def test_no_parquet_breaks_a_reader(body: bytes) -> None:
    for content in (body, b"PAR1" + body + b"PAR1", body + len(body).to_bytes(4, "little") + b"PAR1"):
        assert (
            seen(lambda content=content: answered(recorded(content, requests.PARQUET, "base64"), SCHEMA)) == "refused"
        )


@given(st.text(), st.sampled_from([*requests.TYPES[:3], "image/png"]))
def test_no_body_breaks_the_reader(body: str, content_type: str) -> None:
    request = capture.Request(content_type, body.encode(errors="replace"), datetime.now(UTC), "e")
    assert isinstance(seen(lambda: answered(request, SCHEMA)), Rows | str)


@given(st.binary() | st.just(b"[" * 100_000))
def test_a_line_that_is_no_record_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(capture.CaptureError):
        capture.read(line)


def test_reading_a_short_body_does_not_lower_the_processs_limit_for_csv() -> None:
    before = csv.field_size_limit()
    assert (
        requests.rows_of_csv('"a,b"', Schema.of({"features": [{"name": "x", "type": "text"}]}), header=False).count == 1
    )
    assert csv.field_size_limit() == before


def test_reading_takes_time_linear_in_the_body() -> None:
    """A hundred thousand names, of which the last is repeated, are refused within a second."""
    names = "".join(f'"n{place}":1,' for place in range(100_000))
    with pytest.raises(PayloadError, match="'n99999' is given twice"):
        asked("{" + names + '"n99999":2}', requests.JSON, SCHEMA)
    with pytest.raises(PayloadError, match="nested too deeply"):
        asked("[" * 200_000, requests.JSON, SCHEMA)


@pytest.mark.parametrize("ticks", [2**63 - 1, 2**62, -(2**63)])
@pytest.mark.parametrize("unit", ["ms", "us"])
def test_a_moment_of_parquet_beyond_the_calendar_is_refused_by_server_and_monitoring(ticks: int, unit: str) -> None:
    target = io.BytesIO()
    moments = pa.array([0, ticks], pa.timestamp(unit))
    pq.write_table(pa.table({"rows": [1, 2], "opt": [0.5, 1.5], "city": ["a", "b"], "at": moments}), target)
    with pytest.raises(PayloadError):
        asked(target.getvalue(), requests.PARQUET, SCHEMA)
    with pytest.raises(PayloadError):
        rows_of(requests.PARQUET, target.getvalue(), SCHEMA)


@pytest.mark.parametrize("field", ["eventId", "inferenceId", "observedContentType"])
def test_half_of_a_character_is_no_text_of_a_record(field: str) -> None:
    given = {"observedContentType": "text/csv", "encoding": "CSV", "data": "1,2"}
    metadata = {"eventId": "e", "inferenceId": "i", "inferenceTime": "2026-11-27T10:00:00Z"}
    (given if field in given else metadata)[field] = "\ud800"
    line = json.dumps({"captureData": {"endpointInput": given}, "eventMetadata": metadata}).encode()
    with pytest.raises(capture.CaptureError, match="UnicodeEncodeError"):
        capture.read(line)
    (records,) = captures.read(iter([line]), "key")
    assert records.broken == (1,)
