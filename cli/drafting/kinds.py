"""What kind of values a column of text holds, judged by every distinct value."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from perennial.spec import ColumnType

SURE_MARKS = ("", "NA", "null", "N/A", "n/a", "#N/A", "<NA>", "NULL", "Null", "NaN", "nan", "NAN")
DOUBTFUL_MARKS = ("None", "none", "-", "--", "?", ".", "missing", "Missing", "unknown", "Unknown", "inf", "-inf", "Inf", "-Inf")
DEFAULT_MARKS = ("", "NA", "null")

_TRUTHS = ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"}, {"on", "off"})
_INTEGER = r"^[+-]?[0-9]{1,19}$"
_PADDED = r"^[+-]?0[0-9]"  # postcodes and the like: the zeros in front would be lost
_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DATETIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?$"


def kind_of(values: pl.Series) -> ColumnType:
    """The narrowest type that every one of the distinct texts has; 'text' where none fits, or where there are none."""
    if not len(values):
        return "text"
    lowered = set(values.head(8).str.to_lowercase().to_list()) if len(values) <= 8 else set()
    if lowered and (lowered in _TRUTHS or lowered in ({"true"}, {"false"})):
        return "boolean"
    if _all(values, _INTEGER) and not _any(values, _PADDED):
        return "integer" if values.cast(pl.Int64, strict=False).null_count() == 0 else "text"
    if _all(values, _NUMBER) and not _any(values, _PADDED):
        return "number" if bool(values.cast(pl.Float64, strict=False).is_finite().all()) else "text"
    if _all(values, _DATE):
        return "date" if values.str.to_date("%Y-%m-%d", strict=False).null_count() == 0 else "text"
    return "datetime" if _all(values, _DATETIME) and _real_times(values) else "text"


def marks_of(frame: pl.DataFrame) -> tuple[str, ...]:
    """The texts that mean 'missing' in this table: the usual ones, and doubtful ones where a column needs it.

    A column needs it when without them all its values are numbers, dates or booleans, and with them only text.
    """
    found = {mark for name in frame.columns for mark in _present(frame[name], SURE_MARKS)}
    for name in frame.columns:
        doubtful = _present(frame[name], DOUBTFUL_MARKS)
        if doubtful:
            values = distinct(frame[name], tuple(found))
            if kind_of(values) == "text" and kind_of(distinct(frame[name], (*found, *doubtful))) != "text":
                found |= set(doubtful)
    more = [mark for mark in (*SURE_MARKS, *DOUBTFUL_MARKS) if mark in found and mark not in DEFAULT_MARKS]
    return (*DEFAULT_MARKS, *more)


def distinct(values: pl.Series, marks: tuple[str, ...]) -> pl.Series:
    """The distinct texts that are no mark for 'missing'."""
    single = values.drop_nulls().unique()
    return single.filter(~single.is_in(list(marks)))


def is_whole(values: pl.Series) -> bool:
    """Are the distinct numbers all whole and within 64 bits?"""
    numbers = values.cast(pl.Float64, strict=False)
    return len(numbers) > 0 and bool(((numbers == numbers.floor()) & (numbers.abs() < 2**53)).all())


def _present(values: pl.Series, marks: tuple[str, ...]) -> list[str]:
    return [str(mark) for mark in values.filter(values.is_in(list(marks))).unique().to_list()]


def _all(values: pl.Series, pattern: str) -> bool:
    return bool(values.str.contains(pattern).all())


def _any(values: pl.Series, pattern: str) -> bool:
    return bool(values.str.contains(pattern).any())


def _real_times(values: pl.Series) -> bool:
    try:
        for value in values.to_list():
            datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
