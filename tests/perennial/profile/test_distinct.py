"""Distinct counts: exact up to the sketch's size, near beyond it, the same however the rows were sliced."""

import os
import subprocess
import sys
from functools import reduce

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.contract.columns import Column
from perennial.contract.dataset import Contract
from perennial.dtypes import dtypes
from perennial.profile import Distinct, Profile, Profiler, freeze, merge, profile
from perennial.profile.distinct import HASH_SEED, K, union

CONTRACT = Contract(
    {
        "n": Column("number", nullable=True),
        "i": Column("integer", nullable=True),
        "t": Column("text", nullable=True),
        "c": Column("category", nullable=True),
    },
    "i",
)


def counted(values: range) -> Profile:
    data = {"n": [value / 7 for value in values], "i": list(values)}
    data |= {"t": [f"text {value}" for value in values], "c": [f"name {value}" for value in values]}
    frame = pl.DataFrame(data, schema=dtypes(CONTRACT))
    return profile(frame, freeze(frame.head(100), CONTRACT))


@pytest.mark.parametrize("number", [0, 1, 10, K - 1])
def test_few_values_are_counted_exactly(number: int) -> None:
    columns = counted(range(number)).columns
    assert {name: column.distinct.count for name, column in columns.items()} == dict.fromkeys(columns, number)
    assert all(column.distinct.exact for column in columns.values())


@pytest.mark.parametrize("number", [K, 1000, 30_000, 100_000])
def test_many_values_are_estimated_within_three_standard_errors(number: int) -> None:
    for column in counted(range(number)).columns.values():
        assert column.distinct.count == pytest.approx(number, rel=3 / (K - 2) ** 0.5)
        assert len(column.distinct.hashes) == K


def test_nulls_and_not_a_numbers_are_no_values_and_zero_is_one() -> None:
    frame = pl.DataFrame({"n": [0.0, -0.0, float("nan"), None], "i": [1, 1, None, None]}).with_columns(
        t=pl.lit(None, pl.String), c=pl.lit("x")
    )
    columns = profile(frame, freeze(frame, CONTRACT)).columns
    assert {name: column.distinct.count for name, column in columns.items()} == {"n": 1, "i": 1, "t": 0, "c": 1}


def test_batches_added_up_give_the_sketches_of_one_pass() -> None:
    frame = pl.DataFrame({"n": pl.int_range(50_000, eager=True).cast(pl.Float64) % 3001}).with_columns(
        i=pl.col("n").cast(pl.Int64) % 200, t=pl.col("n").cast(pl.String), c=pl.col("n").cast(pl.String)
    )
    grid = freeze(frame.head(1000), CONTRACT)
    profiler = Profiler(grid)
    for batch in frame.iter_slices(7000):
        profiler.add(batch)
    whole = profile(frame, grid)
    assert {name: column.distinct for name, column in profiler.result().columns.items()} == {
        name: column.distinct for name, column in whole.columns.items()
    }
    assert merge(whole, whole).columns["n"].distinct == whole.columns["n"].distinct


SKETCHES = st.lists(st.integers(0, 5000), max_size=400).map(lambda hashes: Distinct(tuple(sorted(set(hashes))[:K])))


@given(SKETCHES, SKETCHES, SKETCHES)
def test_union_is_associative_commutative_and_idempotent(one: Distinct, two: Distinct, three: Distinct) -> None:
    assert union(one, two) == union(two, one)
    assert union(union(one, two), three) == union(one, union(two, three))
    assert union(union(one, two), two) == union(one, two)
    assert Distinct.from_text(union(one, two).as_text()) == union(one, two)
    assert union(one, two).hashes == tuple(sorted({*one.hashes, *two.hashes})[:K])


PROGRAM = """
import polars as pl
values = [pl.Series([7, None]), pl.Series([7.5, 0.0]), pl.Series(["Ulm", ""]), pl.Series([True, False])]
print([value.hash({seed}).to_list() for value in values])
"""


@pytest.mark.parametrize("threads", ["1", "4"])
def test_hashes_are_the_same_in_any_process_as_when_profiles_were_kept(threads: str) -> None:
    """If this fails after an update of Polars, stored sketches cannot be merged: raise FORMAT in column_profile.py."""
    environment = {**os.environ, "POLARS_MAX_THREADS": threads}
    command = [sys.executable, "-c", PROGRAM.format(seed=HASH_SEED)]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert found.strip() == str(HASHES)


HASHES = [
    [12401438914691366944, 17874326146431927576],
    [1107686605291623320, 7683219954832532524],
    [8819856053895360537, 7683219954832532524],
    [1508064353144459183, 7683219954832532524],
]


def test_a_union_of_many_is_that_of_all_values() -> None:
    parts = [Distinct(tuple(range(start, 3000, 11)[:K])) for start in range(11)]
    assert reduce(union, parts).hashes == tuple(range(K))
