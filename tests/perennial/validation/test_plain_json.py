"""JSON lines that are proven plain give the same result as line by line."""

import json
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perennial.contract.dataset import Validation
from perennial.validation import Column, Contract, Limits
from perennial.validation.casts import cast
from perennial.validation.json_lines import JsonLinesTable
from perennial.validation.source import Source
from tests.perennial.validation.conftest import Look

TYPES = ("integer", "number", "boolean", "date", "text", "category")
WORDS = r"""1 -7 0 -0 1.0 2.5 -0.0 1e3 1E-5 1e400 007 .5 5. 999999999999999999 9223372036854775807 9223372036854775808
18446744073709551616 9007199254740993 null true false NaN "" "a" "NA" "null" "1" "true" "2024-02-29" "ü" "\ufeffx"
"a\n" "\ud800" "\u2028" [1] {} "a,b" -999"""
ANY = st.sampled_from([*WORDS.split(), '"\x7f"', '"\u2028"', '" NA"'])
FITTING = {
    "integer": st.integers(-(10**18) + 1, 10**18 - 1).map(str) | st.sampled_from(["0", "-999", "null"]),
    "number": st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.integers().map(str),
    "boolean": st.sampled_from(["true", "false", "null"]),
    "date": st.sampled_from(['"2024-02-29"', '"x"', '"NA"', "null"]),
}
STRINGS = st.sampled_from(['"a"', '"NA"', '""', '"ü"', "null", '"a,b"', '"-999"'])


@st.composite
def lines(draw: st.DrawFn) -> tuple[list[str], bytes]:
    """Objects with the same keys, now and then with something in between."""
    types = draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=3))
    between, after = draw(st.sampled_from([(":", ","), (": ", ", ")]))
    values = [FITTING.get(type_, STRINGS) for type_ in types]
    if draw(st.booleans()):
        values = [fitting | ANY for fitting in values]
    rows = draw(st.lists(st.tuples(*values), min_size=1, max_size=4))
    made = ["{" + after.join(f'"c{n}"{between}{value}' for n, value in enumerate(row)) + "}" for row in rows]
    data = draw(st.sampled_from(["\n", "\n", "\r\n"])).join(made) + draw(st.sampled_from(["\n", ""]))
    if draw(st.integers(0, 4)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.sampled_from([" ", "\n", '"c0":1,', "}", '"', ",", "\r"])) + data[at:]
    return types, data.encode()


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines(), st.sampled_from([("", "NA", "null"), ("-999",)]))
def test_a_plain_block_gives_what_its_lines_give(
    tmp_path: Path, made: tuple[list[str], bytes], marks: tuple[str, ...]
) -> None:
    types, data = made
    columns = {f"c{n}": Column(type_, nullable=True) for n, type_ in enumerate(types)}  # type: ignore[arg-type]
    contract = Contract(columns, "c0", "regression", validation=Validation(null_values=marks))
    head = json.dumps(dict.fromkeys(columns)).encode() + b"\n"
    (tmp_path / "a.jsonl").write_bytes(head + data)
    table = JsonLinesTable(Source(tmp_path / "a.jsonl", contract.limits), contract)
    fast = table._plain(data if data.endswith(b"\n") else data + b"\n", 0)
    if fast is None:
        return
    slow = table._batch([line for line in data.split(b"\n") if line.strip()], 0, ended=True)
    assert slow.faults == ()
    assert fast.rows.to_list() == slow.rows.to_list()
    assert fast.raw().equals(slow.raw())
    for name, column in columns.items():
        assert fast.frame[name].is_null().to_list() == slow.frame[name].is_null().to_list()
        ours, theirs = cast(fast.frame[name], column), cast(slow.frame[name], column)
        assert str(ours.to_list()) == str(theirs.to_list()), name  # -0.0 is not 0.0


def test_plain_lines_are_parsed_by_polars_and_others_beside_them_one_by_one(look: Look, tmp_path: Path) -> None:
    columns = {
        "n": Column("integer", nullable=True),
        "x": Column("number", nullable=True),
        "w": Column("text", nullable=True),
        "late": Column("boolean", nullable=True),
    }
    contract = Contract(columns, "late", limits=Limits(batch_bytes=200))
    rows = [{"n": n, "x": n / 7, "w": f"w{n}", "late": n % 2 == 0} for n in range(40)]
    texts = [json.dumps(row) for row in rows]
    texts[17] = '{"late": true, "w": "\\u00fc", "n": 17}'
    data = "\n".join(texts).encode()
    (tmp_path / "a.jsonl").write_bytes(data)
    table = JsonLinesTable(Source(tmp_path / "a.jsonl", contract.limits), contract)
    kinds = [batch.frame["n"].dtype for batch in table.batches()]
    assert kinds.count(pl.String()) == 1
    assert kinds.count(pl.Int64()) >= 5
    inspection = look(data, contract, "data.jsonl")
    assert inspection.verdict.problems == ()
    assert inspection.rows is not None
    read = pl.read_parquet(inspection.rows)
    assert read["x"].to_list() == [row["x"] if row["n"] != 17 else None for row in rows]
    assert read["w"][17] == "ü"


def test_a_value_that_breaks_a_rule_is_shown_as_it_is_spelt(look: Look) -> None:
    columns = {"x": Column("number", minimum=0, nullable=True), "late": Column("boolean", nullable=True)}
    data = b'{"x": 1.50, "late": true}\n{"x": -2.50, "late": false}\n'
    problem = look(data, Contract(columns, "late"), "data.jsonl").verdict.problems[0]
    assert (problem.code, problem.row) == ("below-minimum", 2)
    assert "-2.50" in problem.message
