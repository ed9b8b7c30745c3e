"""The kind of values in a text column: the narrowest type to which validation casts every distinct value."""

from __future__ import annotations

import polars as pl

from perennial.contract.columns import NULL_VALUES, Column, ColumnType
from perennial.validation.casts import cast

SURE_MARKS = ("", "NA", "null", "N/A", "n/a", "#N/A", "<NA>", "NULL", "Null", "NaN", "nan", "NAN")
DOUBTFUL_MARKS = (
    "None",
    "none",
    "-",
    "--",
    "?",
    ".",
    "missing",
    "Missing",
    "unknown",
    "Unknown",
    "inf",
    "-inf",
    "Inf",
    "-Inf",
)

_TRUTHS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"true"}, {"false"})
_PADDED = r"^\s*[+-]?0[0-9]"  # postcodes and the like: leading zeros would be lost
_POINT = r"[.eE]"
# Frequent spellings that are ambiguous: 31/12/24 and 12/31/24, 1.250 and 1,250, 12 %, $5.
_LIKE_DATES = r"^\s*(\d{1,2}([./-])\d{1,2}[./-](\d{4}|\d{2})|\d{4}([./])\d{1,2}[./]\d{1,2})([T ,].*)?$"
_LIKE_NUMBERS = r"^\s*[-+]?\s*[$€£¥]?\s*[-+]?\d+([.,' \x{a0}]\d+)*\s*[%$€£¥]?\s*$"


def kind_of(values: pl.Series) -> ColumnType:
    """The type of the distinct texts; 'text' if no narrower one fits, or without texts."""
    if not len(values):
        return "text"
    if len(values) <= 8 and set(values.str.strip_chars().str.to_lowercase().to_list()) in _TRUTHS:
        return "boolean"
    if not _any(values, _PADDED):
        if not _any(values, _POINT) and _fits(values, "integer"):
            return "integer"
        if _fits(values, "number"):
            return "number"
    if _fits(values, "date"):
        return "date"
    return "datetime" if _fits(values, "datetime") else "text"


def nearly(values: pl.Series) -> str:
    """A clause about distinct texts that resemble values of another type and are none, or ''."""
    if not len(values) or _any(values, _PADDED + r"\d*$"):
        return ""
    if _all(values, _LIKE_DATES):
        return "looks like dates, but only 2024-12-31 is read as one"
    if _all(values, _LIKE_NUMBERS):
        return "looks like numbers, but only 1234.5 is read as one"
    return ""


def is_whole(values: pl.Series) -> bool:
    """True if the distinct values are whole numbers in any spelling."""
    return len(values) > 0 and _fits(values, "integer")


def marks_of(frame: pl.DataFrame) -> tuple[str, ...]:
    """The texts that mean 'missing' in this table: the usual ones, and ambiguous ones if a column needs them.

    A column needs one if without it all its values are numbers, dates or booleans, and with it only text.
    """
    texts = [name for name in frame.columns if frame.schema[name] == pl.String]
    found = {mark for name in texts for mark in _present(frame[name], SURE_MARKS)}
    for name in texts:
        doubtful = _present(frame[name], DOUBTFUL_MARKS)
        if doubtful:
            values = distinct(frame[name], tuple(found))
            if kind_of(values) == "text" and kind_of(distinct(frame[name], (*found, *doubtful))) != "text":
                found |= set(doubtful)
    more = [mark for mark in (*SURE_MARKS, *DOUBTFUL_MARKS) if mark in found and mark not in NULL_VALUES]
    return (*NULL_VALUES, *more)


def distinct(values: pl.Series, marks: tuple[str, ...]) -> pl.Series:
    """The distinct texts that do not mean 'missing'."""
    single = values.drop_nulls().unique()
    return single.filter(~single.is_in(list(marks)))


def _fits(values: pl.Series, kind: ColumnType) -> bool:
    """True if validation casts every value."""
    typed = cast(values, Column(type=kind))
    return typed.null_count() == 0 and (kind != "number" or bool(typed.is_finite().all()))


def _present(values: pl.Series, marks: tuple[str, ...]) -> list[str]:
    return [str(mark) for mark in values.filter(values.is_in(list(marks))).unique().to_list()]


def _all(values: pl.Series, pattern: str) -> bool:
    return bool(values.str.contains(pattern).all())


def _any(values: pl.Series, pattern: str) -> bool:
    return bool(values.str.contains(pattern).any())
