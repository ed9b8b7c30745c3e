"""Dates and moments by the fast parsers are those of the strict ones, and nothing else is taken."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.validation import Column
from perennial.validation.casts import cast
from perennial.validation.moments import _DAY, _any_moment

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
@given(st.lists(TEXT | st.none(), min_size=1, max_size=5))
def test_fast_moments_are_the_strict_ones(values: list[str | None]) -> None:
    text = pl.Series("at", values, dtype=pl.String)
    strict = _any_moment(text.str.strip_chars()).to_physical()
    inside = strict.is_between(-62_135_596_800_000_000, 253_402_300_799_999_999)  # the years 1 to 9999
    expected = [value if kept else None for value, kept in zip(strict, inside, strict=True)]
    assert cast(text, Column("datetime", nullable=True)).to_physical().to_list() == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT | st.none(), min_size=1, max_size=5))
def test_fast_dates_are_the_strict_ones(values: list[str | None]) -> None:
    text = pl.Series("day", values, dtype=pl.String)
    strict = text.str.strip_chars().str.extract(_DAY, 1).str.to_date("%Y-%m-%d", strict=False)
    strict = strict.set(strict.to_physical() < -719_162, None)  # the year 0
    assert cast(text, Column("date", nullable=True)).to_list() == strict.to_list()


@pytest.mark.parametrize("value", ["2024-1-5", "+2024-01-05", "12024-01-05", "2024-01-5", "-024-01-05", "2024- 1-05"])
def test_what_only_looks_like_a_date_is_none(value: str) -> None:
    assert cast(pl.Series([value]), Column("date", nullable=True)).to_list() == [None]
    for time in ("T01:02:03Z", " 01:02", "T1:2:3Z"):
        assert (
            cast(pl.Series(["2024-01-05T01:02:03Z", value + time]), Column("datetime", nullable=True)).null_count() == 1
        )


@pytest.mark.parametrize("values", [["true", "false"], ["1", "0"], ["True", "no"], [" t ", "F"], ["1", "false"]])
def test_booleans_are_taken_in_all_their_spellings(values: list[str]) -> None:
    assert cast(pl.Series([*values, None]), Column("boolean", nullable=True)).to_list() == [True, False, None]
    assert cast(pl.Series([*values, "2"]), Column("boolean", nullable=True)).to_list() == [True, False, None]
