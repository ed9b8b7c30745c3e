"""The kind of values in a text column: the narrowest type to which validation casts every distinct value."""

from __future__ import annotations

import polars as pl

from cli.drafting.spellings import spelling_of, units_of
from perennial.contract.columns import NULL_VALUES, Column, ColumnType
from perennial.contract.formats import Format
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

MOST_ODD = 3  # texts among numbers that are named
ODD_SHARE = 10  # numbers for each of them
_TRUTHS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"true"}, {"false"})
_PADDED = r"^\s*[+-]?0[0-9]"  # postcodes and the like: leading zeros would be lost
_POINT = r"[.eE]"
LONG = r"^\s*[+-]?[0-9]{16,}\s*$"  # more digits than a float holds: an identifier, not a quantity
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_LIKE_DATES = (
    r"(?i)^\s*(\d{1,2}([./-])\d{1,2}[./-](\d{4}|\d{2})|\d{4}([./-])\d{1,2}[./-]\d{1,2}"
    rf"|\d{{1,2}}[./ -]+{_MONTH}[./, -]+(\d{{4}}|\d{{2}})|{_MONTH}[./ -]+\d{{1,2}},? +\d{{4}})([T ,].*)?$"
)
UNREAD_DATES = "looks like dates, but no one format reads all of them"
_LIKE_NUMBERS = r"^\s*[-+]?\s*[$€£¥]?\s*[-+]?\d+([.,' \x{a0}]\d+)*\s*[%$€£¥]?\s*$"


def kind_of(values: pl.Series) -> ColumnType:
    """The type of the distinct texts; 'text' if no narrower one fits, or without texts."""
    if not len(values):
        return "text"
    if len(values) <= 8 and set(values.str.strip_chars().str.to_lowercase().to_list()) in _TRUTHS:
        return "boolean"
    if not _any(values, _PADDED) and not _any(values, LONG):
        if not _any(values, _POINT) and _fits(values, "integer"):
            return "integer"
        if _fits(values, "number"):
            return "number"
    if _fits(values, "date"):
        return "date"
    return "datetime" if _fits(values, "datetime") else "text"


def nearly(values: pl.Series) -> str:
    """A clause about distinct texts that resemble dates or numbers and that no one format reads, or ''."""
    if not len(values) or _any(values, _PADDED + r"\d*$") or _any(values, LONG):
        return ""
    if _all(values, _LIKE_DATES):
        return UNREAD_DATES
    if _all(values, _LIKE_NUMBERS):
        units = [unit for unit in units_of(values) if unit]
        several = f" (signs: {', '.join(units[:5])})" if len(units) > 1 else ""
        return f"looks like numbers, but no one format reads all of them{several}"
    odd = values.filter(~values.str.contains(_LIKE_NUMBERS))
    if len(odd) <= MOST_ODD and ODD_SHARE * len(odd) <= len(values):
        shown = ", ".join(f"'{text[:40]}'" for text in sorted(odd.to_list()))
        return f"looks like numbers but for {shown}; texts that mean 'missing' belong into null_values of the column"
    return ""


def is_whole(values: pl.Series) -> bool:
    """True if the distinct values are whole numbers in any spelling."""
    return len(values) > 0 and _fits(values, "integer")


def marks_of(frame: pl.DataFrame) -> tuple[str, ...]:
    """The texts that mean 'missing' in this table: the usual ones, and ambiguous ones if a column needs them.

    A column needs one if without it all its values are numbers, dates or booleans, and with it only text.
    """
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    found = {mark for name in texts for mark in _present(frame[name], SURE_MARKS)}
    for name in texts:
        doubtful = _present(frame[name], DOUBTFUL_MARKS)
        if doubtful:
            values = distinct(frame[name], tuple(found))
            if not _is_typed(values) and _is_typed(distinct(frame[name], (*found, *doubtful))):
                found |= set(doubtful)
    more = [mark for mark in (*SURE_MARKS, *DOUBTFUL_MARKS) if mark in found and mark not in NULL_VALUES]
    return (*NULL_VALUES, *more)


def _is_typed(values: pl.Series) -> bool:
    return kind_of(values) != "text" or spelling_of(values) is not None


def distinct(values: pl.Series, marks: tuple[str, ...]) -> pl.Series:
    """The distinct texts that do not mean 'missing', sorted: the same file gives the same draft."""
    single = values.drop_nulls().unique().sort()
    return single.filter(~single.is_in(list(marks)))


def typed(values: pl.Series, kind: ColumnType, format: Format | None) -> pl.Series:
    """Texts as validation casts them."""
    return cast(values, Column(kind, format=format))


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
