"""Each fault of a file is refused with its own code, and a sentence with its place."""

import gzip
import io
from pathlib import Path
from typing import Literal
from unicodedata import normalize

import polars as pl
import pytest

from perennial.contract.columns import Column, ColumnType
from perennial.validation import CODES, Limits
from tests.perennial.validation.conftest import HEADER, ROWS, Look, contract_of, small, text

ACCESS_DENIED = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"""

BROKEN = {
    "empty": (b"", "empty", "the file is empty"),
    "only blanks": (b"\n \n", "empty", "the file is empty"),
    "only a byte-order mark": (b"\xef\xbb\xbf", "empty", "the file is empty"),
    "header only": (text(), "no-rows", "no row of data"),
    "short row": (text(*ROWS, "4,AA", *ROWS), "short-row", "row 4: has 2 of 4 values"),
    "blank row": (text(ROWS[0], "", ROWS[1]), "short-row", "row 2: is blank"),
    "long row": (text(ROWS[0], "2,UA,7,true,9"), "long-row", "row 2: has more than 4 values"),
    "long row with nothing in its last value": (text(*ROWS, "4,UA,7,true,"), "long-row", "row 4: has more than 4"),
    "short and long rows that add up": (text("1,AA,1,true,", "2,UA,1", "3,AA,1,false"), "long-row", "row 1:"),
    "cut in the last line": (text(*ROWS)[:-9], "truncated", "row 3, the last one, breaks off"),
    "unclosed quote": (text(ROWS[0], '2,"UA,3,true', *ROWS), "unclosed-quote", "row 2: a quote opens"),
    "unclosed quote before a closed one": (text('1,"AA,3,true', '2,"UA",3,true'), "unclosed-quote", "row 1: a quote"),
    "quote inside a value": (text('1,A"A,3,true', ROWS[0]), "stray-quote", "row 1: a quote stands inside"),
    "text after a closing quote": (text('1,"AA"A,3,true', ROWS[0]), "stray-quote", "row 1: a quote stands inside"),
    "UTF-16": (text(*ROWS).decode().encode("utf-16"), "encoding", "the file is UTF-16"),
    "UTF-16 without its mark": (text(*ROWS).decode().encode("utf-16-le"), "encoding", "UTF-16"),
    "Latin-1": (text(ROWS[0], "2,Zürich,3,true").decode().encode("latin-1"), "encoding", "row 2: byte 0xfc is not"),
    "semicolons": (text(*ROWS).replace(b",", b";"), "delimiter", "separated by semicolons; commas are expected"),
    "tabs": (text(*ROWS).replace(b",", b"\t"), "delimiter", "separated by tabs"),
    "no header": (text(*ROWS, header="0,AA,5,true"), "header", "the first line holds values ('0', 'AA', '5', ...)"),
    "carriage returns alone": (text(*ROWS).replace(b"\n", b"\r"), "line-ends", "carriage returns alone"),
    "a carriage return in a line": (text(ROWS[0], "2,U\rA,3,true"), "line-ends", "row 2: a carriage return"),
    "duplicate column": (text("1,AA,1,true,1", header=HEADER + ",id"), "duplicate-column", "'id' is there 2 times"),
    "missing column": (text("1,AA,true", header="id,carrier,late"), "missing-column", "column 'distance' is missing"),
    "misspelt column": (
        text(*ROWS, header="id,carrier,distnace,late"),
        "missing-column",
        "column 'distance' is missing; did you mean 'distnace' to be 'distance'?",
    ),
    "unknown column": (text("1,AA,1,true,9", header=HEADER + ",wind"), "unknown-column", "column 'wind' is not in"),
    "not a number": (text(ROWS[0], "2,UA,nan,false"), "not-finite", "row 2: distance is 'nan', which is no finite"),
    "infinity": (text(ROWS[0], "2,UA,-inf,false"), "not-finite", "row 2: distance is '-inf'"),
    "a number beyond floats": (text(ROWS[0], "2,UA,1e999,false"), "not-finite", "row 2: distance is 1e999"),
    "below the minimum": (
        text(*ROWS, "4,UA,-4,true"),
        "below-minimum",
        "row 4: distance is -4, the smallest allowed is 1",
    ),
    "above the maximum": (text(*ROWS, "4,UA,9999,true"), "above-maximum", "row 4: distance is 9999, the largest"),
    "an integer beyond 64 bits": (
        text(*ROWS, "9223372036854775808,UA,1,true"),
        "integer-range",
        "row 4: id is 9223372036854775808, an integer beyond 64 bits",
    ),
    "a fraction for an integer": (text(*ROWS, "1.5,UA,1,true"), "type", "row 4: id is 1.5, an integer is expected"),
    "a word for a number": (text(*ROWS, "4,UA,far,true"), "type", "row 4: distance is 'far', a number is expected"),
    "a decimal comma": (text(*ROWS, '4,UA,"1,5",true'), "type", "row 4: distance is 1,5, a number is expected"),
    "a word for a boolean": (text(*ROWS, "4,UA,1,maybe"), "type", "row 4: late is 'maybe', true or false is expected"),
    "a missing value": (text(*ROWS, "4,,1,true"), "null", "row 4: carrier is missing a value"),
    "an unknown category": (text(*ROWS, "4,ZZ,1,true"), "not-allowed", "carrier 'ZZ' is not one of 'AA', 'UA', 'B6'"),
    "a NUL byte": (text(*ROWS, "4,A\0A,1,true"), "nul-byte", "row 4: holds a NUL byte"),
    "S3's error page": (ACCESS_DENIED, "error-page", "an XML page, not a table: it says AccessDenied"),
    "a web page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "error-page", "an HTML page"),
    "one class in the target": (text("1,AA,1,true", "2,UA,1,true"), "one-class", "only 'true' in all rows"),
    "one class in its word": (text("1,AA,1,Yes", "2,UA,1,Yes"), "one-class", "only 'Yes' in all rows"),
    "a zip archive": (b"PK\x03\x04" + b"a" * 100, "format", "a zip archive or a spreadsheet"),
    "a JSON array": (b'[{"id": 1}]', "format", "one JSON array"),
    "an image": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "encoding", "not UTF-8"),
    "gzip cut off": (gzip.compress(text(*ROWS * 50))[:-20], "truncated", "the gzip data is incomplete"),
    "gzip damaged": (gzip.compress(text(*ROWS))[:-8] + b"12345678", "corrupt", "the gzip data is damaged"),
    "gzip of nothing": (gzip.compress(b""), "empty", "the file is empty"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_its_own_code(name: str, look: Look) -> None:
    data, code, message = BROKEN[name]
    verdict = look(data).verdict
    assert not verdict.accepted
    problem = next(problem for problem in verdict.problems if problem.code == code)
    assert message in problem.message
    assert code in CODES
    assert verdict.rows_accepted + verdict.rows_quarantined == verdict.rows


Form = Literal["NFC", "NFD"]
FORMS: list[tuple[Form, str, Form, tuple[str, ...]]] = [
    ("NFC", "Zürich", "NFD", ("Zürich", "Bern")),
    ("NFD", "Zürich", "NFC", ("Zürich", *"ABCDE")),
]


@pytest.mark.parametrize(("of_spec", "value", "of_data", "values"), FORMS)
def test_another_unicode_form_of_an_allowed_value_is_named_as_such(
    of_spec: Form, value: str, of_data: Form, values: tuple[str, ...], look: Look
) -> None:
    allowed = tuple(normalize(of_spec, each) for each in values)
    contract = small(columns={**small().columns, "carrier": Column("category", values=allowed, trim=True)})
    rows = [f"{number},{allowed[0]},1,{number % 2}" for number in range(1, 9)]
    problem = look(text(*rows, f"9, {normalize(of_data, value)} ,1,1"), contract).verdict.problems[0]
    assert problem.code == "not-allowed"
    assert problem.message.endswith(
        ": it is another Unicode normal form (NFC, NFD) of an allowed value; normalise spec and data to NFC"
    )
    other = look(text(*rows, "9,Genève,1,1"), contract).verdict.problems[0]
    assert "Unicode" not in other.message


def test_a_misspelt_column_hides_no_other_problem(look: Look) -> None:
    data = text("1,ZZ,-4,true", "2,UA,5,false", header="id,carrier,distnace,late")
    codes = {(problem.code, problem.column) for problem in look(data).verdict.problems}
    assert codes == {("missing-column", "distance"), ("below-minimum", "distance"), ("not-allowed", "carrier")}


def test_a_problem_names_its_first_rows_and_counts_all(look: Look) -> None:
    rows = [f"{number},AA,{-number if number > 3 else number},{number % 2}" for number in range(1, 101)]
    problem = look(text(*rows)).verdict.problems[0]
    assert problem.message == "row 4: distance is -4, the smallest allowed is 1 (97 rows in all)"
    assert (problem.row, problem.count) == (4, 97)
    assert [example.row for example in problem.examples] == [4, 5, 6, 7, 8]
    assert problem.examples[0].value == "-4"


def test_a_line_without_end_is_refused_before_it_fills_the_memory(look: Look) -> None:
    contract = small(limits=Limits(batch_bytes=1 << 16, line_bytes=1 << 16))
    long_line = look(text(ROWS[0]) + b"2," + b"A" * (1 << 20), contract).verdict
    assert long_line.problems[0].code == "long-line"
    open_quote = look(text(ROWS[0]) + b'2,"' + b"A" * (1 << 20), contract).verdict
    assert open_quote.problems[0].code == "unclosed-quote"
    assert "row 2" in open_quote.problems[0].message


def test_a_long_value_inside_a_block_is_refused(look: Look) -> None:
    contract = small(limits=Limits(line_bytes=1000))
    verdict = look(text(ROWS[0], f"2,{'A' * 2000},1,false", *ROWS), contract).verdict
    assert "long-value" in {problem.code for problem in verdict.problems}
    assert all(len(problem.message) < 300 for problem in verdict.problems)


def test_a_gzip_bomb_is_refused_early(look: Look) -> None:
    contract = small(limits=Limits(batch_bytes=1 << 20, expansion_free_bytes=4 << 20))
    bomb = gzip.compress(text(*ROWS) + b"4,AA,1,true\n" * 4_000_000)
    verdict = look(bomb, contract, "data.csv.gz").verdict
    assert verdict.problems[-1].code == "bomb"
    assert verdict.rows < 2_000_000


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def test_a_parquet_bomb_is_refused_by_what_its_footer_claims(look: Look) -> None:
    data = parquet(pl.select(pl.repeat(7, 20_000_000, dtype=pl.Int64).alias("id")))
    limits = Limits(parquet_free_bytes=16 << 20)
    verdict = look(data, small(limits=limits), "data.parquet").verdict
    assert (verdict.problems[0].code, verdict.rows) == ("bomb", 0)


def test_damaged_parquet_is_refused(look: Look) -> None:
    whole = parquet(pl.DataFrame({"id": [1], "carrier": ["AA"], "distance": [1.0], "late": [True]}))
    assert look(whole[:-20], name="data.parquet").verdict.problems[0].code == "truncated"
    assert look(b"id,late\n", name="data.parquet").verdict.problems[0].code == "format"
    broken = bytearray(whole)
    broken[-40:-10] = b"\xff" * 30
    assert look(bytes(broken), name="data.parquet").verdict.problems[0].code == "corrupt"


def test_a_parquet_column_of_another_kind_is_refused(look: Look) -> None:
    frame = pl.DataFrame({"id": [1], "carrier": [["AA"]], "distance": [1.0], "late": [True]})
    problem = look(parquet(frame), name="data.parquet").verdict.problems[0]
    assert (problem.code, problem.column) == ("column-type", "carrier")
    assert "List(String)" in problem.message


JSON = {
    "no JSON": (b'{"id": 1}\n{"id": 2,}\n{"id": 3}\n', "bad-json", "row 2: is no JSON"),
    "a key twice": (b'{"id": 1}\n{"id": 2, "id": 3}\n', "bad-json", "row 2: has 'id' twice"),
    "a nested value": (b'{"id": 1}\n{"id": [2]}\n', "bad-json", "row 2: has a nested value in 'id'"),
    "an array in a row": (b'{"id": 1}\n[2]\n', "bad-json", "row 2: is no JSON object"),
    "NaN": (b'{"id": 1}\n{"distance": NaN}\n', "bad-json", "row 2: holds NaN, which is no JSON"),
    "cut off": (b'{"id": 1}\n{"id": 2, "carr', "truncated", "row 2, the last one, breaks off"),
    "half a surrogate": (b'{"id": 1}\n{"carrier": "\\ud800"}\n', "bad-json", "row 2: holds half a surrogate pair"),
    "a NUL": (b'{"id": 1}\n{"carrier": "A\\u0000"}\n', "bad-json", "row 2: holds a NUL character"),
    "a deep nest": (b'{"id": ' + b"[" * 100_000 + b"\n{}\n", "format", "no JSON objects"),
    "a late column": (
        b'{"id": 1}\n' * 30_000 + b'{"id": 1, "wind": 2}\n' * 9_999,
        "bad-json",
        "that earlier rows lack",
    ),
}


@pytest.mark.parametrize("name", JSON)
def test_broken_json_lines_are_refused(name: str, look: Look) -> None:
    data, code, message = JSON[name]
    problems = look(data, name="data.jsonl").verdict.problems
    assert message in next(problem.message for problem in problems if problem.code == code)


def test_a_refused_file_leaves_no_rows_behind(look: Look, tmp_path: Path) -> None:
    inspection = look(text(*ROWS) + b'4,"AA,1,true\n')
    assert (inspection.rows, inspection.quarantined, inspection.keys) == (None, None, {})
    assert not list((tmp_path / "out").glob("*"))


def test_a_sensitive_value_is_hidden_in_messages(look: Look) -> None:
    columns = dict(small().columns)
    columns["carrier"] = type(columns["carrier"])("category", values=("AA",), sensitive=True)
    problem = look(text("1,secret,1,true", "2,AA,1,false"), small(columns=columns)).verdict.problems[0]
    assert "secret" not in str(problem.as_dict())
    assert problem.row == 1


@pytest.mark.parametrize("type_", ["integer", "number"])
def test_a_bound_beyond_the_integers_of_polars_is_compared(look: Look, type_: ColumnType) -> None:
    columns = {"id": Column("integer"), "x": Column(type_, minimum=-(10**300), maximum=10**40)}
    contract = contract_of({"columns": columns, "target": "id", "problem": "regression"})
    assert look(b"id,x\n1,-5\n2,9000000000000000000\n", contract).verdict.rows_accepted == 2


@pytest.mark.parametrize("days", [2**31 - 1, -(2**31)])
@pytest.mark.parametrize("declared", ["date", "datetime", "text"])
def test_a_day_of_parquet_beyond_the_calendar_is_set_aside(look: Look, declared: ColumnType, days: int) -> None:
    told = pl.Series([0, days], dtype=pl.Int32).cast(pl.Date)
    assert _rows_beyond_the_calendar(look, told, declared) == ([1] if declared != "text" else [])


@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kathmandu"])
@pytest.mark.parametrize("unit", ["ms", "us"])
@pytest.mark.parametrize("ticks", [2**63 - 1, 2**62, -(2**63)])
@pytest.mark.parametrize("declared", ["date", "datetime"])
def test_a_moment_of_parquet_beyond_the_calendar_is_set_aside(
    look: Look, declared: ColumnType, ticks: int, unit: Literal["ms", "us"], zone: str | None
) -> None:
    told = pl.Series([0, ticks], dtype=pl.Int64).cast(pl.Datetime(unit, zone))
    assert _rows_beyond_the_calendar(look, told, declared) == [1]


def _rows_beyond_the_calendar(look: Look, told: pl.Series, declared: ColumnType) -> list[int]:
    """The ids of the rows that are set aside, of a file whose column `at` holds these values."""
    buffer = io.BytesIO()
    pl.DataFrame({"id": [0, 1], "at": told}).write_parquet(buffer)
    columns = {"id": Column("integer"), "at": Column(declared, nullable=True)}
    settings = {"columns": columns, "target": "id", "problem": "regression", "tolerance": 0.9}
    found = look(buffer.getvalue(), contract_of(settings), name="data.parquet")
    quarantined = [] if found.quarantined is None else pl.read_parquet(found.quarantined)["id"].to_list()
    return [int(each) for each in quarantined]
