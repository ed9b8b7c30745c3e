"""Dates and moments from text: the usual spellings by Polars' fast parsers, the rest of ISO 8601 piece by piece.

The fast parsers take more than is meant, as 2024-1-5 or +2024-01-05, so they see only text of the exact spelling.
"""

import re
from collections.abc import Callable

import polars as pl

_DAY = r"^(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0*)?)?(?:Z|[+-]00:?00)?)?$"
_MOMENT = (
    r"^(?P<day>\d{4}-\d{2}-\d{2})(?:[T ](?P<time>\d{2}:\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,6})0*)?)?"
    r"\s?(?:(?P<utc>[Zz]|UTC)|(?P<hours>[+-]\d{2})(?::?(?P<minutes>\d{2}))?)?)?$"
)
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SPELLINGS = {
    f"{_DATE}{between}{time}{zone}": f"%Y-%m-%d{between}{clock}{mark}"
    for between in "T "
    for time, clock in (
        ("[0-9]{2}:[0-9]{2}:[0-9]{2}", "%H:%M:%S"),
        (r"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{1,6}", "%H:%M:%S%.f"),
        ("[0-9]{2}:[0-9]{2}", "%H:%M"),
    )
    for zone, mark in (("Z", "Z"), ("", ""), ("[+-][0-9]{2}:[0-9]{2}", "%:z"))
}


def dates(text: pl.Series) -> pl.Series:
    """Days; what is none is null. Midnight may stand behind the day."""
    plain = _spelt(text, _DATE)
    days = text.set(~plain, None) if not plain.all() else text
    fast = days.str.to_date("%Y-%m-%d", strict=False)
    return second_try(text, fast, lambda rest: rest.str.extract(_DAY, 1).str.to_date("%Y-%m-%d", strict=False))


def moments(text: pl.Series) -> pl.Series:
    """Moments in UTC, in microseconds; what is none is null. Without a zone it is UTC."""
    first = text.drop_nulls().head(1)
    for spelling, form in _SPELLINGS.items() if first.len() else ():
        if re.fullmatch(spelling, first[0]):
            plain = _spelt(text, spelling)
            fitting = text.set(~plain, None) if not plain.all() else text
            fast = fitting.str.to_datetime(form, strict=False, time_unit="us", time_zone="UTC")
            return second_try(text, fast, _any_moment)
    return second_try(text, pl.Series([None] * text.len(), dtype=pl.Datetime("us", "UTC")), _any_moment)


def second_try(text: pl.Series, typed: pl.Series, again: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Casts once more, by a slower way, only what the fast way could not."""
    failed = typed.is_null() & text.is_not_null()
    if not failed.any():
        return typed
    saved = again(text.filter(failed).str.strip_chars()).cast(typed.dtype)
    return typed.scatter(failed.arg_true(), saved)


def _spelt(text: pl.Series, spelling: str) -> pl.Series:
    return text.str.contains(rf"\A{spelling}\z").fill_null(value=True)


def _any_moment(text: pl.Series) -> pl.Series:
    """ISO 8601 in its usual spellings; without a zone it is UTC."""
    part = pl.col("part")
    zone = pl.concat_str(pl.col("hours").fill_null("+00"), pl.lit(":"), pl.col("minutes").fill_null("00"))
    spelt = pl.concat_str(
        pl.col("day"), pl.lit("T"), pl.col("time").fill_null("00:00"), pl.lit(":"), pl.col("second").fill_null("00"),
        pl.lit("."), part.fill_null("0").str.pad_end(6, "0"), zone,
    )  # fmt: skip
    parts = text.rename("moment").str.extract_groups(_MOMENT).struct.unnest()
    found = parts.select(
        spelt.str.to_datetime("%Y-%m-%dT%H:%M:%S%.6f%:z", strict=False, time_unit="us", time_zone="UTC")
    )
    return found.to_series()
