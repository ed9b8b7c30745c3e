"""Blocks that are proven plain are parsed as they are, with the same result as by their records."""

import threading
from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.contract.dataset import Validation
from perennial.validation import Column, Contract, Limits
from perennial.validation.casts import cast, without_marks
from perennial.validation.csv_parse import END, Parser
from perennial.validation.csv_proof import plain
from perennial.validation.csv_text import _QUOTED, _SOUND, Block, mark, matches
from perennial.validation.prefetch import prefetch
from perennial.validation.table import Columns
from tests.perennial.validation.conftest import HEADER, Look, small, text

TYPES = ("integer", "number", "boolean", "date", "datetime", "text", "category")
CELLS = """1 -7 5.0 2.5 NA null true False 0 yes 2024-02-29 2024-01-01T00:00:00Z x ü "a" "" "a,b" "a""b" "1" "NA" nan
inf 1_0 +3 007 1e3 9223372036854775808 .5 5. - \ufeff1 -999"""
CELL = st.sampled_from(["", " ", " NA", "2024-01-01 05:00", '" 1"', *CELLS.split()])
PIECE = st.sampled_from([",", "\n", "\r\n", "\r", '"', "\0", "1", "é", '"\n"'])


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Block, int]:
    """Lines of as many cells as there are columns, now and then with something in between."""
    width = draw(st.integers(1, 3))
    end = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    rows = draw(st.lists(st.lists(CELL, min_size=width, max_size=width).map(",".join), min_size=1, max_size=6))
    data = end.join(rows) + (end if draw(st.booleans()) else "")
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(PIECE) + data[at:]
    return Block(data.encode(), data.endswith("\n")), width


@settings(max_examples=200, deadline=None)
@given(
    blocks(), st.lists(st.sampled_from(TYPES), min_size=3, max_size=3), st.sampled_from([("", "NA", "null"), ("-999",)])
)
def test_a_plain_block_gives_what_its_marked_records_give(
    made: tuple[Block, int], types: list[str], marks: tuple[str, ...]
) -> None:
    block, width = made
    columns = {f"c{place}": Column(type_, nullable=True) for place, type_ in enumerate(types[:width])}  # type: ignore[arg-type]
    contract = Contract(columns, "c0", "regression", validation=Validation(null_values=marks))
    parser = Parser(Columns(width, {name: place for place, name in enumerate(columns)}), contract)
    proven = plain(block, width)
    frame = parser.typed(proven) if proven is not None else None
    if frame is None or proven is None:
        return
    marked = mark(block, 1)
    records = parser.text(marked)
    cells = records.drop(END)
    assert (records[END] == marked.mark).all()
    assert not (cells == marked.mark).select(pl.any_horizontal(pl.all().any())).item()
    assert parser.text(proven).rows() == cells.rows()
    resolved = without_marks(cells.rename(dict(zip(cells.columns, columns, strict=True))), contract)
    for name, column in columns.items():
        assert frame[name].is_null().to_list() == resolved[name].is_null().to_list()
        assert cast(frame[name], column).rename("").equals(cast(resolved[name], column).rename("")), name


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([",", "\n", "\r\n", "\r", '"', '""', "a", "é"]), max_size=14).map("".join))
def test_quotes_proven_to_be_sound_are_sound(data: str) -> None:
    whole = f"{data}\n".encode()
    if matches(whole, _SOUND):
        assert not any(b'"' in piece for piece in _QUOTED.split(whole)[::2])


@pytest.mark.parametrize("place", [0, 1, 9_999, 10_000, 20_001, 39_998, 39_999])
@pytest.mark.parametrize(("row", "code"), [("1,AA,1,true,", "long-row"), ("1,AA,1", "short-row"), ("", "short-row")])
def test_one_uneven_row_is_found_wherever_it_stands(look: Look, place: int, row: str, code: str) -> None:
    rows = ["1,AA,1,true"] * 40_000
    rows[place] = row
    if place == len(rows) - 1:
        rows.append("1,AA,1,true")
    problem = look(text(*rows)).verdict.problems[0]
    assert (problem.code, problem.row, problem.count) == (code, place + 1, 1)


def test_spellings_that_polars_does_not_take_are_typed_all_the_same(look: Look) -> None:
    rows = ["1,AA,1,true"] * 50 + ["2.0,NA,null,0", " 3 ,UA, NA ,yes", "4,,,T"] * 50
    columns = {**small().columns, "carrier": Column("category", nullable=True)}
    inspection = look(text(*rows), small(columns=columns, limits=Limits(batch_bytes=64)))
    assert inspection.verdict.problems == ()
    assert inspection.rows is not None
    late = pl.read_parquet(inspection.rows).tail(3).rows()
    assert late == [(2, None, None, False), (3, "UA", None, True), (4, None, None, True)]


@pytest.mark.parametrize("other", ["7,AA,1,true", '7,"AA",1,true', '7,"AA"\r,1,true\r\n'])
def test_a_null_mark_that_looks_like_a_value_is_a_null(look: Look, other: str) -> None:
    columns = {**small().columns, "late": Column("boolean", nullable=True)}
    inspection = look(text("1,AA,-999,f", "2,AA,1,true", other), small(columns=columns, null_values=("", "-999", "f")))
    if inspection.rows is not None:
        assert pl.read_parquet(inspection.rows).rows()[0] == (1, "AA", None, None)
    else:
        assert inspection.verdict.problems[0].code in ("stray-quote", "line-ends")


def test_a_byte_order_mark_inside_the_file_is_part_of_its_value(look: Look) -> None:
    columns = {"word": Column("text", nullable=True), "late": Column("boolean", nullable=True)}
    contract = Contract(columns, "late", "regression", limits=Limits(batch_bytes=16))
    inspection = look(b"word,late\n" + "\ufeffa,true\n".encode() * 5, contract)
    assert inspection.rows is not None
    assert set(pl.read_parquet(inspection.rows)["word"]) == {"\ufeffa"}


def test_a_wide_quoted_file_is_read(look: Look) -> None:
    names = [f"n{place}" for place in range(400)]
    contract = Contract({name: Column("text", nullable=True) for name in names}, "n0", "regression")
    inspection = look((",".join(names) + "\n" + ",".join(['"a,b"'] * 400) + "\n").encode(), contract)
    assert inspection.verdict.problems == ()
    assert inspection.rows is not None
    assert set(pl.read_parquet(inspection.rows).row(0)) == {"a,b"}


def _readers() -> int:
    return sum(thread.name == "read ahead" for thread in threading.enumerate())


def test_reading_ahead_keeps_the_order_and_the_error() -> None:
    def items() -> Iterator[int]:
        yield from range(50)
        raise ValueError("at fifty")

    line = prefetch(items())
    observed = [next(line) for _ in range(50)]
    with pytest.raises(ValueError, match="at fifty"):
        next(line)
    assert observed == list(range(50))
    assert _readers() == 0


def test_who_stops_early_leaves_no_thread_and_an_ended_iterator() -> None:
    ended = threading.Event()
    made = []

    def items() -> Iterator[int]:
        try:
            for item in range(1_000):
                made.append(item)
                yield item
        finally:
            ended.set()

    line = prefetch(items())
    assert [next(line), next(line)] == [0, 1]
    line.close()  # type: ignore[attr-defined]
    assert ended.is_set()
    assert _readers() == 0
    assert len(made) <= 6


def test_a_refused_file_leaves_no_reader_behind(look: Look) -> None:
    rows = ["1,AA,1,true"] * 5_000 + ['2,"AA,1,true']
    assert look(text(*rows, header=HEADER), small(limits=Limits(batch_bytes=4096))).verdict.problems
    assert _readers() == 0
