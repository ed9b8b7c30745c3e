"""Repeated keys: found by hashes in bounded memory, decided by values."""

import tempfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.contract.dataset import Contract
from perennial.profile import freeze, profile
from perennial.validation import Inspection, Limits, inspect
from perennial.validation import keys as keyed
from perennial.validation.keys import CandidateFinder, Hashes, KeySet, hashed
from tests.perennial.validation.conftest import Look, small, text

BATCHES = st.lists(st.lists(st.integers(0, 30) | st.integers(0, 2**64 - 1), max_size=30), max_size=12)


@settings(max_examples=80)
@given(BATCHES, st.integers(1, 40))
def test_the_hashes_that_repeat_are_found_within_any_bound_of_memory(batches: list[list[int]], bound: int) -> None:
    hashes = Hashes(bound)
    for batch in batches:
        hashes.add(pl.Series(batch, dtype=pl.UInt64))
    slices = [found.to_list() for found in hashes.repeated()]
    hashes.close()
    numbers = [number for batch in batches for number in batch]
    assert sorted(number for found in slices for number in found) == sorted(
        {number for number in numbers if numbers.count(number) > 1}
    )
    assert all(0 < len(found) <= bound for found in slices)


def test_one_key_a_million_times_is_one_suspect_and_takes_no_memory_of_its_own() -> None:
    hashes = Hashes(max_in_memory=10_000)
    for _ in range(100):
        hashes.add(pl.repeat(7, 10_001, dtype=pl.UInt64, eager=True))
        assert sum(part.len() for part in hashes._parts) <= 20_002
    assert [found.to_list() for found in hashes.repeated()] == [[7]]
    folder = Path(hashes._folder.name) if hashes._folder else None
    hashes.close()
    assert folder is not None
    assert not folder.exists()


def test_keys_that_share_a_hash_are_told_apart_by_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """All hashes are made equal: only the values decide."""
    monkeypatch.setattr(keyed, "hashed", lambda rows, _: pl.repeat(1, rows.height, dtype=pl.UInt64, eager=True))
    finder = CandidateFinder(["a", "b"], pl.Series([1], dtype=pl.UInt64))
    found = []
    for start, values in ((1, ["x", "y", None, "x"]), (5, ["z", "y", None, "z"])):
        rows = pl.DataFrame({"a": values, "b": [1, 1, 1, 1]}, schema={"a": pl.String, "b": pl.Int64})
        numbers = pl.int_range(start, start + 4, dtype=pl.UInt64, eager=True)
        found += finder.repeats(rows, numbers).rows()
    assert found == [(4, 1, None), (6, 2, None), (7, 3, None), (8, 5, None)]


def test_a_hash_is_the_same_however_the_rows_come() -> None:
    rows = pl.DataFrame({"a": [3, None, 5], "b": ["x", "ü", None]})
    for columns in (["a"], ["a", "b"]):
        whole = hashed(rows, columns)
        assert pl.concat([hashed(rows.slice(place, 1), columns) for place in range(3)]).to_list() == whole.to_list()
        renamed = rows.rename({"a": "k0", "b": "k1"})
        assert hashed(renamed, [f"k{place}" for place in range(len(columns))]).to_list() == whole.to_list()


IDS = st.lists(st.integers(1, 12), min_size=1, max_size=40)


def looked(ids: list[int], contract: Contract, out: bool) -> tuple[Inspection, pl.DataFrame | None, pl.DataFrame]:
    """The inspection, its rows, and what the rows should be: the first of each id."""
    rows = [f"{number},AA,{place + 1},{'true' if place % 2 else 'false'}" for place, number in enumerate(ids)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(text(*rows))
        grid = freeze(pl.DataFrame({"distance": [1.0, 5.0, 40.0]}), contract)
        found = inspect(path, contract, Path(folder) / "out" if out else None, grid)
        frame = pl.DataFrame({"id": ids, "distance": [float(place + 1) for place in range(len(ids))]})
        expected = frame.unique("id", keep="first", maintain_order=True)
        kept = pl.read_parquet(found.rows) if found.rows else None
        assert (found.rows is not None) == out
        aside = pl.read_parquet(found.quarantined)["row"].to_list() if found.quarantined else []
        assert aside == ([place + 1 for place, number in enumerate(ids) if number in ids[:place]] if out else [])
        assert out or sorted(item.name for item in Path(folder).iterdir()) == ["a.csv"]
    return found, kept, expected


@settings(max_examples=60)
@given(IDS, st.booleans(), st.sampled_from([1, 3, 1000]))
def test_all_but_the_first_row_of_a_key_are_set_aside_written_or_not(ids: list[int], out: bool, bound: int) -> None:
    limits = Limits(keys=bound, batch_bytes=64)
    contract = small(key=("id",), tolerance=1.0, problem="regression", target="distance", limits=limits)
    found, kept, expected = looked(ids, contract, out)
    assert found.verdict.accepted
    assert (found.verdict.rows, found.verdict.rows_accepted) == (len(ids), expected.height)
    assert found.verdict.rows_quarantined == len(ids) - expected.height
    assert found.profile is not None
    assert found.profile.rows == expected.height
    column = found.profile.columns["distance"]
    assert column.moments.mean == pytest.approx(expected["distance"].mean())
    assert column.moments.maximum == expected["distance"].max()
    if kept is not None:
        assert kept.select("id", "distance").equals(expected)
        assert column.cells == profile(kept, found.profile.grid).columns["distance"].cells


def test_rows_that_are_the_same_are_dropped_and_counted_where_the_contract_says_so(look: Look) -> None:
    data = text("1,AA,1,true", "2,UA,2,false", "1,AA,1.0,true", "1,UA,1,true", "1,UA,1,true")
    found = look(data, small(duplicates="drop", key=("id",), tolerance=0.5))
    verdict = found.verdict
    assert verdict.accepted
    assert (verdict.rows, verdict.rows_accepted, verdict.rows_quarantined, verdict.rows_duplicate) == (5, 2, 1, 2)
    assert [problem.message for problem in verdict.problems] == ["row 4: repeats the key (id) of row 1"]
    assert found.rows is not None
    assert pl.read_parquet(found.rows)["id"].to_list() == [1, 2]
    assert found.quarantined is not None
    assert pl.read_parquet(found.quarantined)["row"].to_list() == [4]
    kept = look(data, small(tolerance=0.5)).verdict
    assert (kept.rows_accepted, kept.rows_duplicate) == (5, 0)


def test_rows_set_aside_for_their_key_are_kept_as_the_file_has_them(look: Look) -> None:
    found = look(text("1,AA,1.50,TRUE", "1,AA,2.50,true", "2,AA,3,false"), small(key=("id",), tolerance=0.5))
    assert found.quarantined is not None
    assert pl.read_parquet(found.quarantined).rows() == [(2, "id: duplicate-key", "1", "AA", "2.50", "true")]


def test_a_unique_column_has_each_value_once_and_as_many_gaps_as_it_likes(look: Look) -> None:
    contract = small(tolerance=0.5)
    columns = {**contract.columns, "carrier": replace(contract.columns["carrier"], unique=True, nullable=True)}
    found = look(text("1,AA,1,true", "2,,2,false", "3,,3,true", "4,AA,4,true"), replace(contract, columns=columns))
    assert [problem.message for problem in found.verdict.problems] == [
        "row 4: has the value of row 1, and 'carrier' is unique"
    ]
    assert [problem.code for problem in found.verdict.problems] == ["duplicate-value"]
    assert (found.verdict.rows_accepted, found.verdict.rows_quarantined) == (3, 1)
    assert found.quarantined is not None
    assert pl.read_parquet(found.quarantined)["reason"].to_list() == ["carrier: duplicate-value"]


def test_a_unique_column_has_a_tolerance_of_its_own(look: Look) -> None:
    contract = small()
    for tolerance, accepted in ((0.25, True), (0.2, False)):
        unique = replace(contract.columns["carrier"], unique=True, tolerance=tolerance)
        columns = {**contract.columns, "carrier": unique}
        rows = text("1,AA,1,true", "2,UA,2,false", "3,B6,3,true", "4,AA,4,true")
        assert look(rows, replace(contract, columns=columns)).verdict.accepted == accepted


def test_what_may_not_repeat_is_the_contracts_to_say() -> None:
    assert keyed.key_sets(small()) == ()
    assert keyed.key_sets(small(key=("id",), duplicates="drop")) == (
        KeySet("rows", ("id", "carrier", "distance", "late"), drops=True),
        KeySet("key", ("id",)),
    )
