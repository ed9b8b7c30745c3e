"""Two ways of counting, one result: by the different values where they are few, by the rows where they are many."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.dtypes import dtypes
from perennial.profile import ColumnProfile, Profiler, freeze
from perennial.profile.direct import of_rows
from perennial.profile.tally import tallies
from perennial.profile.weighted import of_tallies
from perennial.validation import Column, Contract

TYPES = {"whole": "integer", "real": "number", "word": "text", "day": "date", "moment": "datetime", "late": "integer"}
CONTRACT = Contract({name: Column(type_, nullable=True) for name, type_ in TYPES.items()}, "late", "regression")  # type: ignore[arg-type]
REALS = st.sampled_from([0.0, -0.0, 0.5, float("nan"), float("inf"), -float("inf"), 1e300, -1e-300]) | st.floats()
ROW = st.fixed_dictionaries(
    {
        "whole": st.none() | st.integers(-5, 9000) | st.integers(-(2**63), 2**63 - 1),
        "real": st.none() | REALS,
        "word": st.none() | st.text(st.characters(codec="utf-8"), max_size=5),
        "day": st.none() | st.dates(date(1999, 1, 1), date(2030, 1, 1)) | st.dates(),
        "moment": st.none() | st.datetimes(datetime(1970, 1, 1), datetime(1970, 1, 2), timezones=st.just(UTC)),
        "late": st.integers(0, 3),
    }
)


def frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dtypes(CONTRACT))


def same(one: ColumnProfile, two: ColumnProfile) -> None:
    assert replace(one, moments=two.moments, tails=two.tails) == two
    assert one.tails == pytest.approx(two.tails, rel=1e-9)
    assert one.moments.count == two.moments.count
    assert (one.moments.minimum, one.moments.maximum) == (two.moments.minimum, two.moments.maximum)
    assert one.moments.mean == pytest.approx(two.moments.mean, rel=1e-9, abs=1e-290)
    if one.moments.deviation > 1e-6 * abs(one.moments.mean):  # else it is all rounding
        assert one.moments.deviation == pytest.approx(two.moments.deviation, rel=1e-6)


@given(st.lists(ROW, min_size=1, max_size=40), st.lists(ROW, min_size=1, max_size=40))
def test_values_counted_and_rows_counted_give_the_same_sums(
    rows: list[dict[str, Any]], known: list[dict[str, Any]]
) -> None:
    grid = freeze(frame(known), CONTRACT)
    typed = frame(rows)
    direct = of_rows(typed, grid.columns, dict.fromkeys(grid.columns, 2**64 - 1))
    counted = {name: [tally] for name, tally in tallies(typed, grid.columns).items()}
    for name, sums in of_tallies(grid.columns, counted).items():
        same(sums, direct[name])


def shown(counts: pl.DataFrame) -> list[str]:
    """As text, for a not-a-number equals nothing, not even itself; both zeros are one value."""
    return sorted(repr(row).replace("(-0.0,", "(0.0,") for row in counts.rows())


@given(st.lists(ROW, max_size=40))
def test_a_tally_has_each_value_once_with_its_number(rows: list[dict[str, Any]]) -> None:
    typed = frame(rows)
    for name, tally in tallies(typed, TYPES).items():
        counts = typed[name].drop_nulls().alias("value").value_counts()
        assert tally.values.schema["value"] == typed.schema[name]
        assert shown(tally.values) == shown(counts)
        assert tally.nulls == typed[name].null_count()


def test_a_column_whose_values_turn_out_to_differ_is_counted_the_other_way_from_then_on() -> None:
    few = pl.DataFrame({"whole": [1, 2] * 5000}).with_columns(real=pl.col("whole") / 3)
    many = pl.DataFrame({"whole": pl.int_range(10_000, eager=True)}).with_columns(real=pl.col("whole").sqrt())
    contract = Contract(
        {"whole": Column("integer", nullable=True), "real": Column("number", nullable=True)}, "real", "regression"
    )
    grid = freeze(pl.concat([few, many]), contract)
    profiler = Profiler(grid)
    for batch in (few, many, many, few, many):
        profiler.add(batch)
    whole = pl.concat([few, many, many, few, many])
    direct = of_rows(whole, grid.columns, dict.fromkeys(grid.columns, 2**64 - 1))
    found = profiler.result()
    assert found.rows == whole.height
    for name in grid.columns:
        same(found.columns[name], direct[name])
