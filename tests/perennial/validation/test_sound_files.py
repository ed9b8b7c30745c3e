"""Sound values are accepted exactly, in every format, and written typed."""

import gzip
import json
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from perennial.contract.dataset import Validation
from perennial.dtypes import dtypes
from perennial.profile import freeze
from perennial.validation import Column, Contract, Limits, Part, inspect, sample
from tests.perennial.validation.conftest import HEADER, ROWS, Look, flights_contract, small, text

EXPECTED = [(1, "AA", 100.5, True), (2, "UA", None, False), (3, "B6", 4983.0, True)]

SOUND = {
    "plain": text(*ROWS),
    "without a last line end": text(*ROWS)[:-1],
    "with blank lines at the end": text(*ROWS) + b"\n\n",
    "with a byte-order mark": b"\xef\xbb\xbf" + text(*ROWS),
    "with carriage returns and line feeds": text(*ROWS).replace(b"\n", b"\r\n"),
    "in quotes": text(*ROWS).replace(b"AA", b'"AA"').replace(b"id,", b'"id",').replace(b"true", b'"true"'),
    "in gzip": gzip.compress(text(*ROWS)),
    "in gzip of two members": gzip.compress(text(*ROWS)[:40]) + gzip.compress(text(*ROWS)[40:]),
    "with other spellings": text("+1,AA,1005e-1,TRUE", "2.0,UA,NA,0", " 3,B6, 4983 ,yes"),
    "in another order": text("true,AA,1,100.5", "false,UA,2,", "true,B6,3,4983", header="late,carrier,id,distance"),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_file_gives_its_rows_typed(name: str, look: Look) -> None:
    inspection = look(SOUND[name])
    assert inspection.verdict.problems == ()
    assert inspection.verdict.accepted
    assert inspection.rows is not None
    rows = pl.read_parquet(inspection.rows)
    assert rows.rows() == EXPECTED
    assert rows.schema == {"id": pl.Int64, "carrier": pl.String, "distance": pl.Float64, "late": pl.Boolean}


def test_all_formats_give_the_same_rows(look: Look, tmp_path: Path) -> None:
    frame = pl.DataFrame(EXPECTED, schema=["id", "carrier", "distance", "late"], orient="row")
    lines = "\n".join(json.dumps(row) for row in frame.iter_rows(named=True)).encode()
    frame.cast({"carrier": pl.Categorical, "id": pl.Int16}).write_parquet(tmp_path / "data.parquet")
    parquet = (tmp_path / "data.parquet").read_bytes()
    for data, name in (
        (text(*ROWS), "a.csv"),
        (lines, "a.jsonl"),
        (gzip.compress(lines), "a.jsonl.gz"),
        (parquet, "a.parquet"),
    ):
        inspection = look(data, name=name)
        assert inspection.rows is not None
        assert pl.read_parquet(inspection.rows).equals(frame), name
        assert inspection.verdict.format == name.split(".")[1]


def test_a_value_with_line_ends_commas_and_quotes_stays_as_it_is(look: Look) -> None:
    columns = {"note": Column("text", nullable=True), "late": Column("boolean", nullable=True)}
    value = 'a "quoted" word,\r\nand\na second line'
    quoted = value.replace('"', '""')
    data = text(f'"{quoted}",1', "plain,0", '"",1', '"""",0', header="note,late")
    inspection = look(data, Contract(columns, "late", validation=Validation(null_values=("NA",))))
    assert inspection.verdict.problems == ()
    assert inspection.rows is not None
    assert pl.read_parquet(inspection.rows)["note"].to_list() == [value, "plain", "", '"']


def test_small_blocks_give_the_same_rows_as_one(look: Look) -> None:
    rows = [
        f'{number},"A\nA",{number},{number % 2}' if number % 7 == 0 else f"{number},AA,{number},1"
        for number in range(1, 500)
    ]
    columns = {**small().columns, "carrier": Column("category", nullable=True)}
    observed = []
    for size in (64, 1000, 1 << 20):
        inspection = look(text(*rows), small(columns=columns, limits=Limits(batch_bytes=size, line_bytes=4096)))
        assert inspection.verdict.problems == ()
        assert inspection.rows is not None
        observed.append(pl.read_parquet(inspection.rows))
    assert observed[0].equals(observed[1])
    assert observed[1].equals(observed[2])
    assert observed[0].height == 499


def test_dates_and_moments_are_taken_with_their_zones(look: Look) -> None:
    columns = {
        "day": Column("date", nullable=True),
        "at": Column("datetime", nullable=True),
        "late": Column("boolean", nullable=True),
    }
    data = text(
        "2024-02-29,2024-01-01T05:00:00+02:00,1",
        "2024-03-01 00:00:00,2024-01-01 05:00:00.123456,0",
        "NA,2024-01-01,1",
        header="day,at,late",
    )
    inspection = look(data, Contract(columns, "late"))
    assert inspection.rows is not None
    rows = pl.read_parquet(inspection.rows)
    assert rows["day"].to_list() == [date(2024, 2, 29), date(2024, 3, 1), None]
    assert rows["at"].to_list() == [
        datetime(2024, 1, 1, 3, tzinfo=UTC),
        datetime(2024, 1, 1, 5, 0, 0, 123456, tzinfo=UTC),
        datetime(2024, 1, 1, tzinfo=UTC),
    ]
    refused = look(text("2024-02-30,2024-01-01T25:00,1", header="day,at,late"), Contract(columns, "late")).verdict
    assert {problem.column for problem in refused.problems if problem.code == "type"} == {"day", "at"}


def test_rows_within_the_tolerance_are_set_aside_with_their_reasons(look: Look) -> None:
    rows = [f"{number},AA,{number},{number % 2}" for number in range(1, 99)]
    data = text(*rows[:10], "-1,ZZ,-5,true", "x,AA", *rows[10:])
    inspection = look(data, small(tolerance=0.02))
    verdict = inspection.verdict
    assert verdict.accepted
    assert (verdict.rows, verdict.rows_accepted, verdict.rows_quarantined) == (100, 98, 2)
    assert inspection.quarantined is not None
    aside = pl.read_parquet(inspection.quarantined).sort("row")
    assert aside["row"].to_list() == [11, 12]
    assert aside["reason"].to_list() == ["carrier: not-allowed; distance: below-minimum", "short-row"]
    assert aside.row(0)[2:] == ("-1", "ZZ", "-5", "true")
    assert not look(data, small(tolerance=0.01)).verdict.accepted


def test_a_repeated_key_keeps_its_first_row(look: Look) -> None:
    data = text("1,AA,1,true", "2,UA,2,false", "1,B6,3,true", "9,AA,-1,true", "2,UA,9,false", "4,AA,1,true")
    contract = small(key=("id",), tolerance=0.5)
    grid = freeze(pl.DataFrame(schema=dtypes(contract)), contract)
    inspection = look(data, contract, grid=grid, part=Part(keys=True))
    problem = next(problem for problem in inspection.verdict.problems if problem.code == "duplicate-key")
    assert problem.message == "row 3: repeats the key (id) of row 1 (2 rows in all)"
    assert [example.row for example in problem.examples] == [3, 5]
    assert (inspection.verdict.rows_accepted, inspection.verdict.rows_quarantined) == (3, 3)
    assert inspection.rows is not None
    assert inspection.quarantined is not None
    assert inspection.profile is not None
    assert pl.read_parquet(inspection.rows)["id"].to_list() == [1, 2, 4]
    assert pl.read_parquet(inspection.keys["key"])["row"].to_list() == [1, 2, 3, 5, 6]
    assert sorted(pl.read_parquet(inspection.quarantined)["row"]) == [3, 4, 5]
    assert inspection.profile.rows == 3
    assert not look(data, small(key=("id",))).verdict.accepted


def test_an_unknown_column_is_ignored_where_the_contract_says_so(look: Look) -> None:
    data = text(*(f"{row},x" for row in ROWS), header=HEADER + ",wind")
    verdict = look(data, small(unknown_columns="ignore")).verdict
    assert verdict.accepted
    assert verdict.ignored_columns == ("wind",)


def test_too_few_rows_are_refused(look: Look) -> None:
    verdict = look(text(*ROWS), small(min_rows=10)).verdict
    assert [problem.code for problem in verdict.problems] == ["too-few-rows"]


def test_columns_called_row_and_reason_do_not_collide_with_the_quarantine(look: Look) -> None:
    columns = {"row": Column("integer", nullable=True), "reason": Column("boolean", nullable=True)}
    inspection = look(text("1,1", "x,0", header="row,reason"), Contract(columns, "reason"))
    assert inspection.quarantined is not None
    assert pl.read_parquet(inspection.quarantined).row(0, named=True) == {
        "row_": 2, "reason_": "row: type", "row": "x", "reason": "0",
    }  # fmt: skip


def test_real_flights_pass_and_are_profiled(january: Path, tmp_path: Path) -> None:
    contract = flights_contract()
    grid = freeze(sample(january, contract, 10_000), contract)
    inspection = inspect(january, contract, tmp_path, grid)
    assert inspection.verdict.problems == ()
    assert inspection.verdict.rows_accepted == 27_004
    assert inspection.rows is not None
    assert inspection.profile is not None
    rows = pl.read_parquet(inspection.rows)
    plain = pl.read_csv(january, null_values="NA", try_parse_dates=True)
    assert rows.columns == plain.columns
    for name in rows.columns:
        assert rows[name].cast(pl.String).equals(plain[name].cast(rows.schema[name]).cast(pl.String)), name
    again = inspect(inspection.rows, contract, tmp_path / "again", grid)
    assert again.profile is not None
    assert again.profile.rows == inspection.profile.rows
    assert all(again.profile.columns[name].cells == inspection.profile.columns[name].cells for name in rows.columns)


def test_a_spoilt_march_is_told_problem_by_problem(january: Path, tmp_path: Path) -> None:
    lines = january.read_text().splitlines()[:5001]
    rows = [line.split(",") for line in lines[1:]]
    for place in range(16, len(rows), 100):
        rows[place][15] = "-4"
    rows[4][9] = "ZZ"
    spoilt = tmp_path / "spoilt.csv"
    header = lines[0].replace("distance", "distnace")
    spoilt.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
    verdict = inspect(spoilt, flights_contract()).verdict
    assert [problem.message for problem in verdict.problems] == [
        "column 'distance' is missing; did you mean 'distnace' to be 'distance'?",
        "row 5: carrier 'ZZ' is not one of 16 allowed values",
        "row 17: distance is -4, the smallest allowed is 1 (50 rows in all)",
    ]
    assert (verdict.accepted, verdict.rows_broken) == (False, 51)


def test_a_sample_is_typed_as_well_as_may_be(look: Look, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(text("1,AA,far,true", "x,UA,2,maybe"))
    assert sample(path, small(), 100).rows() == [(1, "AA", None, True), (None, "UA", 2.0, None)]
    path.write_bytes(b"\0\1\2")
    assert sample(path, small(), 100).shape == (0, 4)
    path.write_bytes(text(*(f"{number},AA,1,true" for number in range(1000))))
    assert sample(path, small(), 10)["id"].to_list() == list(range(0, 1000, 100))


AWKWARD = [
    "count",
    "place",
    "key",
    "row",
    "hash",
    "value",
    "end",
    "0",
    "other",
    "cell",
    "a b",
    'a "b"',
    "ä,ö",
    "len",
    "null",
]


@pytest.mark.parametrize("name", ["data.csv", "data.jsonl", "data.parquet"])
def test_columns_may_be_called_anything(name: str, look: Look, tmp_path: Path) -> None:
    kinds = ("integer", "number", "text", "category")
    columns = {column: Column(kinds[place % 4], nullable=True) for place, column in enumerate(AWKWARD)}  # type: ignore[arg-type]
    contract = Contract(
        {**columns, "late": Column("boolean", nullable=True)},
        "late",
        key=("count", "row"),
        validation=Validation(tolerance=0.9),
    )
    rows = [[number, *[place + number for place in range(1, 15)], number % 2 == 0] for number in (1, 2, 3, 1)]
    strings = [[str(cell).lower() for cell in row] for row in rows]
    names = [*AWKWARD, "late"]
    frame = pl.DataFrame(strings, schema=names, orient="row")
    if name.endswith("csv"):
        frame.write_csv(tmp_path / "in")
    elif name.endswith("jsonl"):
        frame.write_ndjson(tmp_path / "in")
    else:
        frame.write_parquet(tmp_path / "in")
    grid = freeze(frame.head(0).cast(dtypes(contract)), contract)
    inspection = look((tmp_path / "in").read_bytes(), contract, name, grid=grid)
    assert [problem.code for problem in inspection.verdict.problems] == ["duplicate-key"]
    assert inspection.rows is not None
    assert pl.read_parquet(inspection.rows).columns == names
    assert pl.read_parquet(inspection.rows).height == 3
