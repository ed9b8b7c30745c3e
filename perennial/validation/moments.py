"""Dates and moments from text: the usual spellings by Polars' fast parsers, all others by the grammar.

The fast parsers accept more than the grammar, as 2024-1-5 or +2024-01-05, so only text of the exact spelling is passed
to them.
"""

import re
from collections.abc import Callable
from typing import Any

import polars as pl

from perennial.contract.columns import ColumnType
from perennial.contract.values import MOMENT, READERS
from perennial.dtypes import DTYPES

_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_SPELLINGS = {
    f"{_DATE}{between}{time}{zone}": f"%Y-%m-%d{between}{clock}{mark}"
    for between in "T "
    for time, clock in (
        (f"{_CLOCK}:[0-5][0-9]", "%H:%M:%S"),
        (rf"{_CLOCK}:[0-5][0-9]\.[0-9]{{1,6}}", "%H:%M:%S%.f"),
        (_CLOCK, "%H:%M"),
    )
    for zone, mark in (("Z", "Z"), ("", ""), (f"[+-]{_CLOCK}", "%:z"))
}


def dates(text: pl.Series) -> pl.Series:
    """Days; null for other text. Midnight may follow the day."""
    plain = _spelt(text, _DATE)
    days = text.set(~plain, None) if not plain.all() else text
    fast = days.str.to_date("%Y-%m-%d", strict=False)
    return second_try(text, fast, lambda rest: by_grammar(rest, "date"))


def moments(text: pl.Series) -> pl.Series:
    """Moments in UTC, in microseconds; null for other text. Without a zone it is UTC."""
    first = text.drop_nulls().head(1)
    for spelling, form in _SPELLINGS.items() if first.len() else ():
        if re.fullmatch(spelling, first[0]):
            plain = _spelt(text, spelling)
            fitting = text.set(~plain, None) if not plain.all() else text
            fast = fitting.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
            return second_try(text, fast, _any_moment)
    return second_try(text, pl.Series([None] * text.len(), dtype=pl.Datetime("us", "UTC")), _any_moment)


def second_try(text: pl.Series, typed: pl.Series, again: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Casts only the values again, by a slower way, that the fast way could not cast."""
    failed = typed.is_null() & text.is_not_null()
    if not failed.any():
        return typed
    saved = again(text.filter(failed).str.strip_chars()).cast(typed.dtype)
    return typed.scatter(failed.arg_true(), saved)


def _spelt(text: pl.Series, spelling: str) -> pl.Series:
    return text.str.contains(rf"\A{spelling}\z").fill_null(value=True)


def _any_moment(text: pl.Series) -> pl.Series:
    """The grammar's pattern, applied piece by piece."""
    part = pl.col("part")
    zone = pl.concat_str(pl.col("hours").fill_null("+00"), pl.lit(":"), pl.col("minutes").fill_null("00"))
    spelt = pl.concat_str(
        pl.col("day"), pl.lit("T"), pl.col("time").fill_null("00:00"), pl.lit(":"), pl.col("second").fill_null("00"),
        pl.lit("."), part.fill_null("0").str.pad_end(6, "0"), zone,
    )  # fmt: skip
    parts = text.rename("moment").str.extract_groups(rf"\A{MOMENT}\z").struct.unnest()
    found = parts.select(
        spelt.str.to_datetime("%Y-%m-%dT%H:%M:%S%.6f%:z", strict=False, time_unit="us", time_zone="UTC")
    )
    return found.to_series()


def by_grammar(text: pl.Series, kind: ColumnType) -> pl.Series:
    """Texts read one by one, each distinct one once; null for those that the grammar refuses."""
    single = text.drop_nulls().unique()
    found = [_read(each, kind) for each in single.str.strip_chars()]
    return text.replace_strict(single, pl.Series(found, dtype=DTYPES[kind]), default=None, return_dtype=DTYPES[kind])


def _read(text: str, kind: ColumnType) -> Any:
    try:
        return READERS[kind](text)
    except (ValueError, OverflowError):
        return None
