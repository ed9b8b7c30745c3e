"""The flights of New York as monthly files: the properties that the models' specs need."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from examples.flights import COLUMNS, Table, corrupt, month, read, write
from perennial.spec import load
from perennial.validation.inspection import inspect

MODELS = Path(__file__).resolve().parents[2] / "models"


@pytest.fixture(scope="module")
def year() -> pl.DataFrame:
    return read()


def test_every_flight_with_an_answer_is_there_once(year: pl.DataFrame) -> None:
    assert year.height == 327_346
    assert not year.select("time_hour", "carrier", "flight").is_duplicated().any()


def test_nothing_that_is_known_only_after_departure_is_a_column() -> None:
    leaks = {"dep_time", "dep_delay", "arr_time", "arr_delay"}
    for columns in COLUMNS.values():
        assert not leaks & set(columns)
    assert "air_time" not in COLUMNS["flights"]


@pytest.mark.parametrize("table", ["flights", "airtime"])
def test_every_month_meets_the_spec_of_its_model(table: Table, year: pl.DataFrame, tmp_path: Path) -> None:
    spec = load(MODELS / f"{table}.yaml")
    assert tuple(spec.columns) == COLUMNS[table]
    for number in (1, 2, 3, 12):
        path = tmp_path / f"{number}.csv"
        rows = month(year, number, table)
        rows.write_csv(path)
        verdict = inspect(path, spec.contract()).verdict
        assert verdict.accepted, verdict.sentence
        assert verdict.rows_quarantined == 0
        assert 23_000 < verdict.rows == rows.height


def test_a_spoilt_month_is_refused_for_each_of_its_faults(year: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "spoilt.csv"
    corrupt(month(year, 3)).write_csv(path)
    verdict = inspect(path, load(MODELS / "flights.yaml").contract()).verdict
    assert not verdict.accepted
    found = {(problem.code, problem.column) for problem in verdict.problems}
    assert {("missing-column", "wind_speed"), ("below-minimum", "distance"), ("above-maximum", "distance"),
            ("not-allowed", "carrier")} <= found  # fmt: skip


def test_files_are_written_per_month(tmp_path: Path) -> None:
    paths = write(tmp_path, [2], "airtime")
    assert [path.name for path in paths] == ["airtime-2013-02.csv"]
    assert paths[0].read_text().splitlines()[0] == ",".join(COLUMNS["airtime"])
