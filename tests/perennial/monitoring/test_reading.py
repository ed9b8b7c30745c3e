"""Requests that Polars reads in bulk are read as the server's reader reads them one by one."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.contract import observed as names
from perennial.contract.model import ModelSpec
from perennial.golden import INFERENCE_ID
from perennial.monitoring import captures, hour, plain, request_schema
from perennial.monitoring.reading import RequestReader, Traffic
from perennial.spec import parse

AT = "2026-11-27T10:00:00Z"
COLUMNS = {
    "id": {"type": "integer"},
    "price": {"type": "number", "nullable": True, "minimum": 0},
    "count": {"type": "integer"},
    "city": {"type": "category", "nullable": True},
    "gift": {"type": "boolean", "nullable": True},
    "day": {"type": "date", "nullable": True},
    "at": {"type": "datetime", "nullable": True},
    "note": {"type": "text", "nullable": True},
}


def spec_of(problem: str = "binary", target: str = "boolean", **changes: Any) -> ModelSpec:
    made = {"name": "tiny", "problem": problem, "target": "y", "key": ["id"]}
    card = {"origin": "o", "licence": "l", "terms": "t"}
    columns = COLUMNS | {"y": {"type": target}}
    return parse(json.dumps(made | {"card": card, "columns": columns} | changes), "models/tiny.yaml")


SPEC = spec_of()


def record(body: str, kind: str, answer: str | None = None, encoding: str = "JSON", event: str = "e") -> bytes:
    data = {"endpointInput": {"observedContentType": kind, "mode": "INPUT", "data": body, "encoding": encoding}}
    if answer is not None:
        output = {"observedContentType": "application/json", "mode": "OUTPUT", "data": answer, "encoding": "JSON"}
        data["endpointOutput"] = output
    return json.dumps({"captureData": data, "eventMetadata": {"eventId": event, "inferenceTime": AT}}).encode()


def read(lines: list[bytes], spec: ModelSpec = SPEC) -> Traffic:
    reader = RequestReader(spec, "tiny@000000000000")
    found = [reader.read(records, "k") for records in captures.read(iter([b"\n".join(lines)]), "k")]
    return Traffic(pl.concat([each.rows for each in found]), pl.concat([each.unreadable for each in found]))


TEXTS = st.one_of(
    st.sampled_from(
        ["Bern", "", "NA", "null", " 7", "7 ", "7", "7.0", "1e3", "-0", "0.5", "true", "yes", "2024-01-05"]
    ),
    st.sampled_from(
        ["2024-01-05T10:00+02", "9007199254740993", "9" * 20, "x,y", 'a"b', "a\nb", "\ufeff", "id", "price"]
    ),
    st.text(max_size=3),
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([2**53 + 1, 2**64, 0.1, -0.0, 1e300, 7.0]), TEXTS
)
GOOD = {"count": 3, "price": 0.5, "city": "Bern", "gift": True, "day": "2024-01-05", "at": "2024-01-05T10:00:00Z"}
ROWS = st.fixed_dictionaries({}, optional=dict.fromkeys((*COLUMNS, "y", "other"), VALUES)).map(lambda row: GOOD | row)
FEATURES = SPEC.features()


def cell(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def bodies(row: dict[str, Any]) -> list[tuple[str, str]]:
    line = ",".join(cell(row.get(name)) for name in FEATURES)
    header, values = ",".join(row), ",".join(map(cell, row.values()))
    return [
        (json.dumps(row, ensure_ascii=False), "application/json"),
        (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n", "application/json; charset=utf-8"),
        (json.dumps({"rows": [row, row]}, ensure_ascii=False), "application/json"),
        (json.dumps([row.get(name) for name in FEATURES]), "application/jsonlines"),
        (line, "text/csv"),
        (line + "\r\n", "text/csv; header=absent"),
        (f"{header}\n{values}\n", "text/csv"),
        (f"{header}\n{values}", "text/csv; header=present"),
        (f"{header}\n{values}\n{values}\n", "text/csv"),
    ]


def same(one: Traffic, other: Traffic) -> None:
    order = [names.EVENT, names.ROW]
    assert one.rows.sort(order).to_dicts() == other.rows.sort(order).to_dicts()
    assert one.unreadable.sort(names.LINE).to_dicts() == other.unreadable.sort(names.LINE).to_dicts()


@settings(max_examples=60)
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_in_bulk_and_one_by_one_give_the_same_rows_and_leave_out_the_same_requests(rows: list[dict[str, Any]]) -> None:
    asked = [body for row in [GOOD, *rows] for body in bodies(row)]
    lines = [record(body, kind, event=f"e{number}") for number, (body, kind) in enumerate(asked)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "_FEWEST", 1)
        in_bulk = read(lines)
        patch.setattr(plain, "_FEWEST", 10**9)
        one_by_one = read(lines)
    same(in_bulk, one_by_one)
    assert in_bulk.rows.schema == one_by_one.rows.schema == request_schema(SPEC)


def test_plain_requests_are_read_in_bulk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slow reader gets none of them."""
    monkeypatch.setattr("perennial.monitoring.reading.rows_of", None)
    shapes = [0, 1, 4, 5, 6, 7]
    asked = [bodies(GOOD | {"id": number})[shape] for shape in shapes for number in range(30)]
    answer = '{"predictions": [{"label": true, "probability": 0.75}]}'
    found = read([record(body, kind, answer, event=f"e{number}") for number, (body, kind) in enumerate(asked)])
    assert found.rows.height == len(asked)
    assert set(found.rows[names.SCORE]) == {0.75}


ANSWERS: list[tuple[str, str, dict[str, Any], tuple[Any, Any]]] = [
    ("binary", "boolean", {"label": True, "probability": 0.75}, (True, 0.75)),
    ("binary", "boolean", {"label": "no", "probability": 1}, (False, 1.0)),
    ("binary", "boolean", {"label": None, "probability": 0.75}, (None, None)),
    ("binary", "boolean", {"label": True, "probability": "x"}, (None, None)),
    ("binary", "category", {"label": "a b", "probability": 0.1}, ("a b", 0.1)),
    ("binary", "category", {"label": 'q"', "probability": 0}, ('q"', 0.0)),
    ("binary", "integer", {"label": 7, "probability": 5e-324}, (7, 5e-324)),
    ("binary", "boolean", {"label": True, "probability": 10**400}, (None, None)),
    ("regression", "integer", {"value": 1.5}, (1.5, 1.5)),
    ("regression", "number", {"value": -2.0e-7}, (-2e-7, -2e-7)),
    ("multiclass", "category", {"label": "b", "probabilities": {"a": 0.25, "b": 0.75}}, ("b", 0.75)),
]


@pytest.mark.parametrize(("problem", "target", "entry", "expected"), ANSWERS)
def test_answers_are_typed_as_the_target_is(
    problem: str, target: str, entry: dict[str, Any], expected: tuple[Any, Any]
) -> None:
    spec = spec_of(problem, target)
    answer = json.dumps({"predictions": [entry]})
    lines = [record(json.dumps(GOOD), "application/json", answer, event=f"e{number}") for number in range(30)]
    assert set(read(lines, spec).rows.select(names.ANSWER, names.SCORE).rows()) == {expected}


def test_an_event_counts_once_in_whatever_order_its_files_come() -> None:
    files = [
        read([record(json.dumps(GOOD), "application/json", event=f"e{e}") for e in some]) for some in ([1, 2], [2, 3])
    ]
    merged = [hour.merge(order, request_schema(SPEC)) for order in (files, files[::-1])]
    assert merged[0].rows.equals(merged[1].rows)
    assert merged[0].counts == hour.HourCounts(requests=3, rows=3, unanswered=3, repeated=1)
    later = hour.merge(files, request_schema(SPEC), [pl.Series(["e2"])])
    assert later.rows[names.EVENT].to_list() == ["e1", "e3"]


@pytest.mark.parametrize("encoding", ["JSON", "BASE64"])  # read in bulk, and one by one
def test_golden_rows_of_a_release_are_no_traffic(encoding: str) -> None:
    row, answer = json.dumps({"id": 1, "count": 2}), json.dumps({"predictions": [{"prediction": True}]})
    body = row if encoding == "JSON" else base64.b64encode(row.encode()).decode()
    lines = [record(body, "application/json", answer, encoding, event) for event in ("live", "golden", "other")]
    for place, asked in ((1, INFERENCE_ID), (2, "of a caller")):
        found = json.loads(lines[place])
        found["eventMetadata"]["inferenceId"] = asked
        lines[place] = json.dumps(found).encode()
    assert read(lines).rows[names.EVENT].to_list() == ["live", "other"]


def test_times_are_utc() -> None:
    assert read([record(json.dumps(GOOD), "application/json")]).rows[names.AT].to_list() == [
        datetime(2026, 11, 27, 10, tzinfo=UTC)
    ]
