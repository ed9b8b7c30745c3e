"""Predictions with columns of the table beside each answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cloud import platform
from perennial.client import batches, predictions
from perennial.client.errors import ClientError
from perennial.client.serving import Serving
from perennial.client.tables import Table
from perennial.client.uploads import as_polars
from perennial.spec import parse

SPEC = parse("""
name: m
problem: binary
target: y
key: [id]
card: {origin: a test, licence: CC0-1.0, terms: none}
columns:
  id: {type: text}
  n: {type: number}
  y: {type: boolean}
""")
FOUND = Serving(platform.Platform(), None, SPEC)  # type: ignore[arg-type]
TABLE = Table(Path("rows.csv"), pl.DataFrame({"id": ["a", "b"], "n": ["1", "2"], "town": ["Ulm", None]}), is_text=True)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint that answers two rows."""
    answer = b'{"predictions": [{"label": true, "probability": 0.9}, {"label": false, "probability": 0.25}]}'
    monkeypatch.setattr("cloud.endpoints.invoke", lambda *_: (answer, "model=m@000000000000"))


@pytest.mark.parametrize(
    ("keep", "header"),
    [
        (None, "id,label,probability"),
        ("none", "label,probability"),
        ("all", "id,n,town,label,probability"),
        ("town, id", "town,id,label,probability"),
    ],
)
def test_columns_of_the_table_stand_beside_each_answer(endpoint: None, keep: str | None, header: str) -> None:
    answered = predictions.predict(FOUND, TABLE, keep)
    lines = batches.as_csv(list(answered.answers), answered.kept).splitlines()
    assert lines[0] == header
    assert lines[1].endswith("true,0.9")
    assert next(iter(answered)) == dict(zip(header.split(","), next(iter(answered)).values(), strict=True))


def test_a_table_without_the_key_is_answered_all_the_same(endpoint: None) -> None:
    table = Table(Path("rows.csv"), TABLE.frame.drop("id"), is_text=True)
    assert list(predictions.predict(FOUND, table).kept) == []


@pytest.mark.parametrize(
    ("keep", "columns", "sentence"),
    [
        ("twon", ["id"], "rows.csv has no column 'twon'; did you mean 'town'?"),
        ("all", ["id", "label"], "the answer has a column 'label', as the table does"),
    ],
)
def test_a_column_that_cannot_be_kept_is_named(endpoint: None, keep: str, columns: list[str], sentence: str) -> None:
    frame = TABLE.frame.with_columns(pl.lit("x").alias(name) for name in columns if name not in TABLE.frame.columns)
    with pytest.raises(ClientError, match=sentence.replace("?", r"\?")) as error:
        predictions.predict(FOUND, Table(Path("rows.csv"), frame, is_text=True), keep)
    assert error.value.code == 2


def test_a_notebook_shows_answers_as_text(endpoint: None) -> None:
    hostile = Table(Path("rows.csv"), TABLE.frame.with_columns(pl.lit("<script>").alias("town")), is_text=True)
    shown = predictions.predict(FOUND, hostile, "town")._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize("rows", [[{"n": 1}], pl.DataFrame({"n": [1]}), pl.DataFrame({"n": [1]}).to_pandas()])
def test_a_table_in_memory_may_be_of_any_kind(rows: Any) -> None:
    assert as_polars(rows).to_dicts() == [{"n": 1}]


@pytest.mark.parametrize("rows", [7, ["a"], [{"n": 1}, {"n": "x"}, 3]])
def test_what_is_no_table_is_refused_in_one_line(rows: Any) -> None:
    with pytest.raises(ClientError, match="expected a path, a DataFrame") as error:
        as_polars(rows)
    assert "\n" not in str(error.value)
