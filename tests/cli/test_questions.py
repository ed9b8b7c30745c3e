"""A table as requests to an endpoint."""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl
import pytest

from cli import questions as module
from cli.output import CommandError
from cli.questions import questions
from cli.tables import Table, read
from perennial.contract.model import ModelSpec
from perennial.spec import parse

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


def test_only_features_are_sent_in_the_contracts_types(spec: ModelSpec) -> None:
    table = _table(
        "zzz,?,2020-01-01 10:00:00,2020-01-01,Yes,1,NA,,k1", "zzz,red,2020-01-01T10:00:00Z,2020-01-02,f,2.5,3.0,,k2"
    )
    (question,) = questions(table, spec)
    assert json.loads(question.body) == {
        "columns": {
            "n": [None, 3], "f": [1.0, 2.5], "b": [True, False], "day": ["2020-01-01", "2020-01-02"],
            "when": ["2020-01-01T10:00:00+00:00", "2020-01-01T10:00:00+00:00"], "c": [None, "red"],
        }
    }  # fmt: skip


def test_a_value_of_another_type_is_named_by_row_and_column(spec: ModelSpec) -> None:
    good = ",a,2020-01-01,2020-01-01,true,1,1,,k"
    with pytest.raises(CommandError, match=r"row 2, column 'f': 'abc' is not of type number"):
        questions(_table(good, good.replace(",1,1,", ",abc,1,")), spec)
    with pytest.raises(CommandError, match=r"row 1, column 'f': 'NaN' is not of type number"):
        questions(_table(good.replace(",1,1,", ",NaN,1,")), spec)


def test_a_missing_feature_is_named_with_the_nearest_column(spec: ModelSpec) -> None:
    table = _table(",a,2020-01-01,2020-01-01,true,1,1,,k")
    renamed = Table(table.path, table.frame.rename({"when": "When"}), is_text=True)
    with pytest.raises(CommandError, match="the column 'when' is missing; did you mean 'When'"):
        questions(renamed, spec)


def test_many_rows_are_split_below_the_limits_and_know_their_place(
    spec: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 40)
    monkeypatch.setattr(module, "MOST_BYTES", 2000)
    made = questions(_table(*[f",c{i},2020-01-01,2020-01-01,true,{i},1,,k" for i in range(100)]), spec)
    assert all(len(question.body) <= 2000 for question in made)
    parts = [json.loads(question.body)["columns"]["c"] for question in made]
    assert [name for part in parts for name in part] == [f"c{i}" for i in range(100)]
    assert all(part[0] == f"c{question.first_row - 1}" for part, question in zip(parts, made, strict=True))


def test_stdin_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"a,b\n1,2\n")

    monkeypatch.setattr("sys.stdin", Stdin)
    assert read(Path("-")).frame.rows() == [("1", "2")]
