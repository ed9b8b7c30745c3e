"""Dates and moments by the fast parsers equal those of the strict ones, and no other text is accepted."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.contract.columns import ColumnType
from perennial.contract.values import ValueRefusedError, read
from perennial.validation import Column
from perennial.validation.casts import cast

DIGITS = st.integers(0, 99).map("{:02d}".format)
DAY = st.builds("{}{}-{}-{}".format, DIGITS, DIGITS, st.integers(0, 14).map("{:02d}".format), DIGITS)
CLOCK = st.builds(
    "{}:{}:{}".format, st.integers(0, 25).map("{:02d}".format), DIGITS, st.integers(0, 61).map("{:02d}".format)
)
PART = st.sampled_from(["", ".5", ".123456", ".1234567", ",5", ".000000000"])
ZONE = st.sampled_from(["Z", "", "+00:00", "-05:30", "+0530", "+05", " UTC", "z", "+25:00", "+23:59"])
MOMENT = st.builds("{}{}{}{}{}".format, DAY, st.sampled_from("T "), CLOCK, PART, ZONE)
TEXT = MOMENT | DAY | st.sampled_from(["", "x", " 2024-02-29T01:02:03Z ", "2024-02-29T01:02", "2024-1-5T1:2:3Z"])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["date", "datetime"]), st.lists(TEXT | st.none(), min_size=1, max_size=5))
def test_a_column_of_moments_is_read_as_the_grammar_reads_each_of_them(
    kind: ColumnType, values: list[str | None]
) -> None:
    column = Column(kind, nullable=True)
    assert cast(pl.Series("at", values, dtype=pl.String), column).to_list() == [
        _read(value, column) for value in values
    ]


def _read(value: str | None, column: Column) -> object:
    try:
        return read(value, column, ())
    except ValueRefusedError:
        return None


@pytest.mark.parametrize("value", ["2024-1-5", "+2024-01-05", "12024-01-05", "2024-01-5", "-024-01-05", "2024- 1-05"])
def test_what_only_looks_like_a_date_is_none(value: str) -> None:
    assert cast(pl.Series([value]), Column("date")).to_list() == [None]
    for time in ("T01:02:03Z", " 01:02", "T1:2:3Z"):
        assert cast(pl.Series(["2024-01-05T01:02:03Z", value + time]), Column("datetime")).null_count() == 1


@pytest.mark.parametrize("values", [["true", "false"], ["1", "0"], ["True", "no"], [" t ", "F"], ["1", "false"]])
def test_booleans_are_taken_in_all_their_spellings(values: list[str]) -> None:
    assert cast(pl.Series([*values, None]), Column("boolean")).to_list() == [True, False, None]
    assert cast(pl.Series([*values, "2"]), Column("boolean")).to_list() == [True, False, None]
