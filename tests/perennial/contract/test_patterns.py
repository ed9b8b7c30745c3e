"""Patterns: one linear engine for uploads and for the endpoint."""

import time

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.contract.columns import Column
from perennial.contract.fields import Field
from perennial.contract.patterns import PatternError, matcher, whole

#: patterns on which a backtracking engine takes time that doubles with each character, and a text for each
SLOW = [
    (r"([a-z]+\.?)+@x", "a"),
    (r"(a+)+b", "a"),
    (r"(a|a)*b", "a"),
    (r"(\w+\s?)*!", "word "),
    (r"(.*a){12}", "ab"),
]


@pytest.mark.parametrize(("pattern", "text"), SLOW)
def test_a_pattern_takes_time_linear_in_the_value(pattern: str, text: str) -> None:
    field = Field("name", Column("text", pattern=pattern))
    started = time.process_time()
    assert field.breach((text * 100_000)[:100_000] + "#") is not None
    assert time.process_time() - started < 5


def test_a_long_value_that_matches_is_within_the_contract() -> None:
    assert Field("name", Column("text", pattern="a+")).breach("a" * 100_000) is None


@pytest.mark.parametrize(
    "pattern", ["(?=a)b", r"(a)\1", "(?>a)b", "a)|(?:b", "[", r"(\w{1000}){1000}", "(?P<n>a)(?P=n)"]
)
def test_a_pattern_that_needs_backtracking_or_closes_ours_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        matcher(pattern)


PATTERNS = [
    "[A-Z]{3}",
    r"\w+",
    r"\d{1,3}",
    r"\s*",
    "a|ab",
    "(a|ab)(c|bcd)*",
    ".+",
    "^a$",
    r"[^\w.-]",
    r"(?i)stra.e",
    r"\p{L}+",
]


@given(st.sampled_from(PATTERNS), st.text(max_size=8) | st.text("abcd ABC019\n\u0301ß²_", max_size=8))
def test_uploads_and_the_endpoint_match_alike(pattern: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert matcher(pattern)(text) == pl.Series([text]).str.contains(whole(pattern))[0]
