"""A table as requests to an endpoint."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import polars as pl
import pytest

from perennial.client import requests as module
from perennial.client.errors import ClientError
from perennial.client.requests import endpoint_requests, lines
from perennial.client.tables import Table, read
from perennial.contract import requests
from perennial.contract.fields import PayloadError
from perennial.contract.model import ModelSpec
from perennial.contract.schema import Schema
from perennial.spec import parse
from tests.perennial.contract.readers import asked

SPEC = """
name: m
problem: binary
target: y
card: {origin: a test, licence: CC0-1.0, terms: none}
key: [id]
columns:
  id: {type: text}
  n: {type: integer, nullable: true}
  f: {type: number}
  b: {type: boolean}
  day: {type: date}
  when: {type: datetime}
  c: {type: category, nullable: true}
  y: {type: boolean}
validation: {null_values: ["", "NA", "?"]}
"""
HEADER = "extra,c,when,day,b,f,n,y,id"


@pytest.fixture
def spec() -> ModelSpec:
    return parse(SPEC)


def _table(*rows: str) -> Table:
    text = "\n".join([HEADER, *rows]) + "\n"
    return Table(Path("t.csv"), pl.read_csv(io.BytesIO(text.encode()), infer_schema=False), is_text=True)


def test_only_features_are_sent_as_the_file_has_them(spec: ModelSpec) -> None:
    table = _table("zzz,?,2020-01-01 10:00:00,2020-01-01,Yes,1,NA,,k1", "zzz,red,2020-01-01,2020-01-02,f,2.5,3.0,,k2")
    (question,) = endpoint_requests(table, spec)
    assert question.content_type == "application/json"
    assert json.loads(question.body) == {
        "columns": {
            "n": ["NA", "3.0"], "f": ["1", "2.5"], "b": ["Yes", "f"], "day": ["2020-01-01", "2020-01-02"],
            "when": ["2020-01-01 10:00:00", "2020-01-01"], "c": ["?", "red"],
        }
    }  # fmt: skip
    rows = requests.read(question.body, "application/json", {}, Schema.of_spec(spec))
    assert rows.columns["n"] == [None, 3]
    assert rows.columns["b"] == [True, False]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_predict_sends_what_upload_accepts_and_the_endpoint_refuses_what_it_refuses(
    spec: ModelSpec, tmp_path: Path, kind: str
) -> None:
    values = {"n": ["1e2", "7"], "f": ["1", "1e3"], "b": ["no", "T"], "day": ["2024-01-05", "2024-01-05T00:00:00Z"],
              "when": ["2024-01-05T10:00+02", "2024-01-05"], "c": ["?", "5"]}  # fmt: skip
    frame, path = pl.DataFrame(values), tmp_path / f"rows.{kind}"
    {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[kind](path)
    schema = Schema.of_spec(spec)
    (question,) = endpoint_requests(read(path, as_text=True), spec)
    with pytest.raises(PayloadError, match="row 0, 'n': expected an integer of at most 64 bits, got '1e2'"):
        asked(question.body, question.content_type, schema)
    (question,) = endpoint_requests(Table(path, read(path, as_text=True).frame.tail(1), kind != "parquet"), spec)
    rows = asked(question.body, question.content_type, schema).columns
    moment = dt.datetime(2024, 1, 5, tzinfo=dt.UTC)
    assert [rows[name][0] for name in values] == [7, 1000.0, True, moment.date(), moment, "5"]
    for line in lines(read(path, as_text=True), spec).splitlines()[1:]:
        assert requests.read(line, "application/jsonlines", {}, schema).columns == rows


def test_a_formatted_number_is_sent_as_the_file_has_it(tmp_path: Path) -> None:
    comma = parse(SPEC.replace("f: {type: number}", "f: {type: number, format: {thousands: '.', decimal: ','}}"))
    row = {"n": 1, "b": True, "day": "2024-01-05", "when": "2024-01-05", "c": "x"}
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row | {"f": f}) + "\n" for f in (1.234, "1.234", 12)))
    table = read(path, as_text=True, columns=comma.columns)
    schema = Schema.of_spec(comma)
    (question,) = endpoint_requests(table, comma)
    assert asked(question.body, question.content_type, schema).columns["f"] == [1.234, 1234.0, 12.0]
    assert requests.read(lines(table, comma), "application/jsonlines", {}, schema).columns["f"] == [1.234, 1234.0, 12.0]


def test_a_missing_feature_is_named_with_the_nearest_column(spec: ModelSpec) -> None:
    table = _table(",a,2020-01-01,2020-01-01,true,1,1,,k")
    renamed = Table(table.path, table.frame.rename({"when": "When"}), is_text=True)
    with pytest.raises(ClientError, match="the column 'when' is missing; did you mean 'When'"):
        endpoint_requests(renamed, spec)


def test_many_rows_are_split_below_the_limits_and_know_their_place(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ROWS", 40)
    monkeypatch.setattr(module, "MAX_BYTES", 2000)
    made = endpoint_requests(_table(*[f",c{i},2020-01-01,2020-01-01,true,{i},1,,k" for i in range(100)]), spec)
    assert all(len(question.body) <= 2000 for question in made)
    parts = [json.loads(question.body)["columns"]["c"] for question in made]
    assert [name for part in parts for name in part] == [f"c{i}" for i in range(100)]
    assert all(part[0] == f"c{question.first_row - 1}" for part, question in zip(parts, made, strict=True))


def test_stdin_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"a,b\n1,2\n")

    monkeypatch.setattr("sys.stdin", Stdin)
    assert read(Path("-")).frame.rows() == [("1", "2")]
