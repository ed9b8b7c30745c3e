"""Arbitrary bytes and arbitrary tables: either the exact rows, or a verdict with the reason."""

import csv
import gzip
import io
import json
import tempfile
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perennial.contract.dataset import Validation
from perennial.dtypes import dtypes
from perennial.profile import freeze
from perennial.validation import CODES, Column, Contract, Inspection, Limits, inspect, sample
from tests.perennial.validation.conftest import HEADER, ROWS, small, text

COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]}


def looked(data: bytes, contract: Contract, name: str = "data.csv") -> tuple[Inspection, pl.DataFrame | None]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        grid = freeze(sample(path, contract, 100), contract)
        inspection = inspect(path, contract, Path(folder) / "out", grid)
        rows = pl.read_parquet(inspection.rows) if inspection.rows is not None else None
        return inspection, rows


def check(inspection: Inspection, rows: pl.DataFrame | None) -> None:
    verdict = inspection.verdict
    assert verdict.rows == verdict.rows_accepted + verdict.rows_quarantined
    assert verdict.accepted == (verdict.rows_accepted > 0)
    assert verdict.accepted or verdict.problems
    assert all(problem.code in CODES and problem.message for problem in verdict.problems)
    json.dumps(verdict.as_dict(), allow_nan=False)
    if rows is not None:
        assert rows.height == verdict.rows - verdict.rows_broken
        assert inspection.profile is not None
        assert inspection.profile.rows == rows.height
        json.dumps(inspection.profile.as_dict(), allow_nan=False)


ALPHABET = [
    b",",
    b"\n",
    b"\r\n",
    b'"',
    b"1",
    b"AA",
    b"true",
    b"\r",
    b"\xff",
    b"\0",
    b"-",
    b"NA",
    b"\xc3\xbc",
    b"{",
    b" ",
]
PIECES = st.lists(st.sampled_from(ALPHABET) | st.binary(max_size=4), max_size=40).map(b"".join)


@settings(max_examples=50, **COMMON)  # type: ignore[arg-type]
@given(PIECES | st.binary(max_size=300), st.sampled_from(["data.csv", "data.jsonl", "data.parquet", "x"]))
def test_arbitrary_bytes_give_a_verdict(data: bytes, name: str) -> None:
    check(*looked(data, small(), name))


@settings(max_examples=60, **COMMON)  # type: ignore[arg-type]
@given(PIECES, st.integers(0, 60), st.integers(0, 10), st.sampled_from([24, 64, 4096]), st.booleans())
def test_a_file_with_anything_in_it_gives_a_verdict(data: bytes, at: int, cut: int, block: int, packed: bool) -> None:
    whole = text(*ROWS)
    at += len(HEADER)
    spoilt = whole[:at] + data + whole[at + cut :]
    limits = Limits(batch_bytes=block, line_bytes=64)
    contract = small(limits=limits, tolerance=0.9, key=("id",))
    check(*looked(gzip.compress(spoilt) if packed else spoilt, contract))


@settings(max_examples=60, **COMMON)  # type: ignore[arg-type]
@given(st.lists(st.tuples(st.integers(4, 10_000), st.integers(0, 255)), min_size=1, max_size=6))
def test_spoilt_parquet_gives_a_verdict(spots: list[tuple[int, int]]) -> None:
    frame = pl.DataFrame(
        {"id": range(50), "carrier": ["AA", "UA"] * 25, "distance": [2.5] * 50, "late": [True, False] * 25}
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    data = bytearray(buffer.getvalue())
    for place, value in spots:
        data[4 + place % (len(data) - 8)] = value
    check(*looked(bytes(data), small(), "data.parquet"))


@settings(max_examples=60, **COMMON)  # type: ignore[arg-type]
@given(
    st.lists(
        st.binary(max_size=20) | st.sampled_from([b'{"id": 1, "late": true}', b'{"id": "', b"[", b"NaN"]), max_size=8
    )
)
def test_anything_as_json_lines_gives_a_verdict(lines: list[bytes]) -> None:
    check(
        *looked(b'{"id": 1, "carrier": "AA", "distance": 1, "late": true}\n' + b"\n".join(lines), small(), "data.jsonl")
    )


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-11))])
MOMENTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES)
ROW = st.fixed_dictionaries(
    {
        "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
        "real": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "word": st.none() | WORDS,
        "day": st.none() | st.dates(date(1, 1, 1)),
        "moment": st.none() | MOMENTS,
        "late": st.booleans(),
    }
)
TYPES = {"whole": "integer", "real": "number", "word": "text", "day": "date", "moment": "datetime", "late": "boolean"}
TABLE = Contract(
    {name: Column(type_, nullable=True) for name, type_ in TYPES.items()},
    "late",
    "regression",
    validation=Validation(null_values=("",)),
)  # type: ignore[arg-type]


def as_csv(rows: list[dict[str, Any]], ends: str) -> bytes:
    lines = [list(TYPES), *([_plain(row[name]) for name in TYPES] for row in rows)]
    return "".join(_csv_line(values) + ends for values in lines).encode()


def _csv_line(values: list[Any]) -> str:
    """One line without its end. Python's writer quotes a carriage return only where one is part of the line's end."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(values)
    return buffer.getvalue().removesuffix("\r\n")


def as_json(rows: list[dict[str, Any]]) -> bytes:
    lines = [json.dumps({name: _plain(value) for name, value in row.items()}, ensure_ascii=False) for row in rows]
    return "\n".join(lines).encode()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


@pytest.mark.parametrize("kind", ["csv", "csv with CRLF", "jsonl", "parquet"])
def test_an_arbitrary_table_makes_the_round_trip_exactly(kind: str) -> None:
    @settings(max_examples=40, **COMMON)  # type: ignore[arg-type]
    @given(st.lists(ROW, min_size=1, max_size=12))
    def holds(rows: list[dict[str, Any]]) -> None:
        frame = pl.DataFrame(rows, schema=dtypes(TABLE))
        if kind == "parquet":
            buffer = io.BytesIO()
            frame.write_parquet(buffer)
            data, name = buffer.getvalue(), "data.parquet"
        elif kind == "jsonl":
            data, name = as_json(rows), "data.jsonl"
        else:
            data, name = as_csv(rows, "\n" if kind == "csv" else "\r\n"), "data.csv"
        inspection, taken = looked(data, TABLE, name)
        assert inspection.verdict.problems == ()
        assert taken is not None
        assert taken.rows() == frame.rows()

    holds()


NUMBERS = st.text("0123456789+-.eE_ ,xinfa", max_size=8) | st.floats().map(str) | st.integers().map(str)


@settings(max_examples=50, **COMMON)  # type: ignore[arg-type]
@given(NUMBERS)
def test_fast_and_slow_parsing_of_numbers_agree(number: str) -> None:
    """A bad value elsewhere in the block sends it down the slow path; the verdict over this value must not change."""
    columns = {
        "whole": Column("integer", nullable=True),
        "real": Column("number", nullable=True),
        "late": Column("boolean", nullable=True),
    }
    contract = Contract(columns, "late", "regression", validation=Validation(tolerance=0.9))
    quoted = number.replace('"', '""')
    alone = f'whole,real,late\n"{quoted}","{quoted}",1\n1,1,1\n'
    _, fast = looked(alone.encode(), contract)
    _, slow = looked((alone + "9,far,1\n").encode(), contract)
    assert fast is not None
    assert slow is not None
    assert fast.rows() == slow.rows()
