"""The format of a text column, proposed from its distinct values: which declared spelling reads all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl

from perennial.contract.columns import Column, ColumnType
from perennial.contract.formats import Format, NumberFormat, pattern
from perennial.contract.values import BLANKS
from perennial.validation.casts import cast

FIRST = 50  # values that exclude most formats before all values are read
_SYMBOLS = frozenset("$€£¥₹₽₩₺₪฿%‰°")
_CURRENCIES = "usd eur gbp chf jpy cad aud sek nok dkk pln inr cny rub kr zł"
_WORDS = (
    "kg g mg lb lbs oz t km m cm mm mi ft yd km/h kmh mph"
    " min mins h hr hrs hours s sec ms days years °c °f c f w kw kwh mw mwh v a hz mhz ghz bhp hp cc ccm l ml mpg"
    " kmpl bps bp pct percent px mb gb tb kb kcal cal pts"
)
_FILLING = r"[0-9.,'\x{2019}_+\-\s\x{a0}\x{2009}\x{202f}]"
_PADDED = r"^\D*0[0-9]"  # postcodes and the like: leading zeros would be lost
_SEPARATORS = {",": ",", ".": ".", " ": " \u00a0\u2009\u202f", "'": "'\u2019", "_": "_"}
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", ", %H:%M", " %H:%M:%S.%f")
_DAYS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d %B %Y",
    "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%d-%b-%Y", "%d/%b/%Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y",
    "%d-%m-%y", "%m-%d-%y", "%d-%b-%y",
)  # fmt: skip
_FORMATS = tuple(day + clock for day in _DAYS for clock in _CLOCKS)
COMPACT = "%Y%m%d"
_DIGIT = re.compile("[0-9]")


@dataclass(frozen=True)
class Hints:
    """The marks and orders that the user, or other columns of the file, give: None where nothing is known."""

    decimal: str | None = None
    month_first: bool | None = None


@dataclass(frozen=True)
class Spelling:
    """A type with a format that reads all values.

    `other` is a format that reads all of them as well, with other values; `sample` is a text whose reading differs.
    """

    type: ColumnType
    format: Format
    other: Format | None = None
    sample: str = ""


UNKNOWN = Hints()


def spelling_of(values: pl.Series, hints: Hints = UNKNOWN) -> Spelling | None:
    """The proposal for distinct texts that no type reads without a format; None if no format reads all of them."""
    if not len(values):
        return None
    return _numbers(values, hints.decimal) or _dates(values, hints.month_first)


def units_of(values: pl.Series) -> list[str]:
    """The distinct rests of the texts without digits, separators, signs and blanks."""
    return sorted(values.str.replace_all(_FILLING, "").unique().to_list(), key=lambda unit: (len(unit), unit))


def _numbers(values: pl.Series, decimal: str | None) -> Spelling | None:
    if bool(values.str.contains(_PADDED).any()) or not values.str.contains("[0-9]").all():
        return None
    units = [unit for unit in units_of(values) if unit]
    if len(units) > 1 or (units and not _is_unit(units[0], values)):
        return None
    unit = _written(units[0], values) if units else ""
    body = values.str.replace(unit, "", literal=True).str.strip_chars() if unit else values.str.strip_chars()
    has = {mark for mark, signs in _SEPARATORS.items() if body.str.contains(f"[{re.escape(signs)}]").any()}
    wanted = [
        NumberFormat(thousands, point, unit)  # type: ignore[arg-type]
        for point in (".", ",")
        for thousands in ("", *_SEPARATORS)
        if thousands != point and (not thousands or thousands in has) and (point == "." or "," in has)
    ]
    fits = [format for format in wanted if _fits(values, "number", format)]
    if decimal and any(format.decimal == decimal for format in fits):
        fits = [format for format in fits if format.decimal == decimal]
    # A comma before three digits is a separator of thousands more often than a decimal mark.
    fits.sort(key=lambda format: (len(format.thousands) == 0, format.decimal == ","))
    if not fits or (fits[0] == NumberFormat() and not unit):
        return None
    best, other, sample = _against(values, fits, "number")
    whole = not body.str.contains(re.escape(best.decimal)).any() if isinstance(best, NumberFormat) else False
    return Spelling("integer" if whole and _fits(values, "integer", best) else "number", best, other, sample)


def _is_unit(unit: str, values: pl.Series) -> bool:
    """True for signs, known words, and other words that a blank separates from the number in every value."""
    if set(unit) <= _SYMBOLS:
        return True
    if unit.lower() in _CURRENCIES.split():
        return True
    between = r"\s*" if len(unit) > 1 and unit.lower() in _WORDS.split() else r"\s+"  # c12 and 12B are codes
    if len(unit) > 12 or re.search(r"[^\w/°²³]", unit):
        return False
    return bool(values.str.contains(rf"^\s*([+-]?[0-9.,]+{between}{re.escape(unit)}|[+-]?[0-9.,]+)\s*$").all())


def _written(unit: str, values: pl.Series) -> str:
    """The unit as it is written, with blanks within."""
    first = values.filter(values.str.contains("[^0-9.,'_+\\s-]"))[0]
    found = re.search(r"\s*".join(map(re.escape, unit)), first)
    return found[0] if found else unit


def _dates(values: pl.Series, month_first: bool | None) -> Spelling | None:
    few = [text.strip(BLANKS) for text in values.head(FIRST).to_list()]
    if not all(map(_DIGIT.search, few)):
        return None
    fits: list[str] = []
    for format in _FORMATS:
        kind: ColumnType = "datetime" if ":" in format else "date"
        if all(map(_compiled(format).fullmatch, few)) and _fits(values, kind, format):
            fits.append(format)
    if not fits:
        return None
    if month_first is not None:
        fits.sort(key=lambda format: is_month_first(format) is not month_first)
    type_: ColumnType = "datetime" if ":" in fits[0] else "date"
    best, other, sample = _against(values, fits, type_)
    return Spelling(type_, best, None if month_first is not None else other, sample)


def is_month_first(format: Format) -> bool | None:
    """True for month, day, year; False for day, month, year; None for formats without that question."""
    if not isinstance(format, str) or "%m" not in format or format.startswith("%Y"):
        return None
    return format.index("%m") < format.index("%d")


def compact_dates(values: pl.Series) -> bool:
    """True if all texts are eight digits that are days of the years 1900 to 2099, such as 20240131."""
    return bool(values.str.contains(r"^(19|20)[0-9]{6}$").all()) and _fits(values, "date", COMPACT)


@cache
def _compiled(format: str) -> re.Pattern[str]:
    return re.compile(pattern(format))


def _fits(values: pl.Series, kind: ColumnType, format: Format) -> bool:
    few = values.head(FIRST)
    return not _read(few, kind, format).null_count() and not _read(values, kind, format).null_count()


def _read(values: pl.Series, kind: ColumnType, format: Format) -> pl.Series:
    typed = cast(values, Column(kind, format=format))
    return typed if kind != "number" else typed.set(~typed.is_finite(), None)


def _against(values: pl.Series, fits: Sequence[Format], kind: ColumnType) -> tuple[Format, Format | None, str]:
    """The first format, one with another reading if there is any, and the first text that they read differently."""
    mine = _read(values, kind, fits[0])
    for other in fits[1:]:
        differs = (mine != _read(values, kind, other)).arg_true()
        if len(differs):
            return fits[0], other, str(values[int(differs[0])])
    return fits[0], None, ""


def written(format: Format) -> str:
    """A format as YAML."""
    if isinstance(format, str):
        return f'"{format}"'
    parts = {
        "thousands": format.thousands,
        "decimal": format.decimal if format.decimal != "." else "",
        "unit": format.unit,
    }
    quoted = (f'{name}: "{text}"' for name, text in parts.items() if text)
    return "{" + ", ".join(quoted) + "}"


def assumption(found: Spelling) -> str:
    """The assumption where two formats read all values, in a clause; '' if the values decide."""
    if found.other is None:
        return ""
    way = {True: "the month first", False: "the day first"}.get(is_month_first(found.format))  # type: ignore[arg-type]
    if way is None:
        way = f"as {_value(found.sample, found.type, found.format)}"
        return f"no value decides: '{found.sample}' is read {way}, not {_value(found.sample, found.type, found.other)}"
    return f"no value decides between day and month: '{found.sample}' is read with {way}"


def _value(text: str, kind: ColumnType, format: Format) -> str:
    return f"{_read(pl.Series([text]), 'number' if kind == 'integer' else kind, format)[0]:g}"


def hints_of(found: Iterable[Spelling], given: Hints) -> Hints:
    """The hints that decided columns give for the others of the file; the user's come first."""
    decided = [each for each in found if each.other is None]
    marks = {
        f.format.decimal
        for f in decided
        if isinstance(f.format, NumberFormat) and (f.type == "number" or f.format.thousands)
    }
    orders = {order for f in decided if (order := is_month_first(f.format)) is not None}
    return Hints(
        given.decimal or (marks.pop() if len(marks) == 1 else None),
        given.month_first if given.month_first is not None else (orders.pop() if len(orders) == 1 else None),
    )
