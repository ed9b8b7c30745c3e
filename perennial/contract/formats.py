"""Declared formats of numbers, dates and moments: from a text in the format to the spelling that every column reads.

A format rewrites text only: `1.234,5 €` becomes `1234.5`, `31/12/2024` becomes `2024-12-31`. perennial.contract.values
reads the result. The patterns have the syntax that Python and Polars share, and perennial.validation.formats applies
them to whole columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from perennial.contract.part import Part, setting

MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
#: a two-digit year below it is of this century, as in POSIX
CENTURY_FROM = 69
#: characters that separate thousands where the declared one is the key
_SEPARATORS = {" ": " \u00a0\u2009\u202f", "'": "'\u2019"}
_BLANKS = "[ \u00a0\u2009\u202f]*"
_DIRECTIVE = re.compile(r"%(.)|( +)|([^%])", re.DOTALL)
_DIGITS = {"d": 2, "m": 2, "y": 2, "H": 2, "I": 2, "M": 2, "S": 2, "Y": 4, "f": 6}
#: their leading zero may be left out, unless another number precedes or follows
_SHORT = frozenset("dmHI")
_OTHERS = {
    "b": f"(?i:{'|'.join(month[:3] for month in MONTHS)})",
    "B": f"(?i:{'|'.join(MONTHS)})",
    "p": "[AaPp][Mm]",
    "z": "(?:Z|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])",
}
DIRECTIVES = (*_DIGITS, *_OTHERS)


@dataclass(frozen=True)
class NumberFormat(Part):
    """The spelling of the numbers of a column. A number without its separators or its unit is read as well."""

    thousands: Literal["", ",", ".", " ", "'", "_"] = setting(
        "", "The separator between groups of three digits; a blank stands for every kind of blank."
    )
    decimal: Literal[".", ","] = setting(".", "The mark before the fraction.")
    unit: str = setting(
        "", "A sign before or after the number, which is removed: 12 % is read as 12, not 0.12.", max_length=16
    )
    negative: Literal["sign", "parentheses"] = setting(
        "sign", "The spelling of numbers below zero: -5, or as accountants write (5) as well."
    )


Format = NumberFormat | str


def plain(text: str, format: Format) -> str:
    """A text, without blanks at its ends, in the spelling of columns without a format.

    A text that is not in a date's format is returned as it is, because ISO 8601 is read in every column. Raises
    ValueError for a number that is not in the format.
    """
    found = _compiled(format).fullmatch(text)
    if isinstance(format, NumberFormat):
        if found is None:
            raise ValueError
        for old, new in replacements(format):
            text = text.replace(old, new)
        return text
    return text if found is None else _iso(found.groupdict())


class JsonNumber(str):
    """The text of a JSON number with a fraction or an exponent, told apart from a JSON string."""


def literal(text: str, format: Format | None) -> str:
    """A JSON number, which is in JSON's spelling, as a text in the format."""
    return text.replace(".", format.decimal) if isinstance(format, NumberFormat) else text


def replacements(format: NumberFormat) -> Iterator[tuple[str, str]]:
    """The replacements that make a number in the format plain, in their order."""
    if format.unit:
        yield format.unit, ""
    blanks = _SEPARATORS[" "] if format.unit or format.thousands == " " else ""
    for character in dict.fromkeys(_SEPARATORS.get(format.thousands, format.thousands) + blanks):
        yield character, ""
    if format.decimal != ".":
        yield format.decimal, "."
    if format.negative == "parentheses":
        yield "(", "-"
        yield ")", ""


@lru_cache
def pattern(format: Format) -> str:
    """A regular expression for a whole text in the format; of a date its groups are named after the directives."""
    return _number(format) if isinstance(format, NumberFormat) else _date(format)


def _number(format: NumberFormat) -> str:
    whole = "[0-9]+"
    if format.thousands:
        between = f"[{_SEPARATORS.get(format.thousands, format.thousands)}]"
        whole = f"(?:[0-9]{{1,3}}(?:{between}[0-9]{{3}})+|[0-9]+)"
    mark = re.escape(format.decimal)
    number = f"(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    if not format.unit:
        return f"(?:[+-]?{number}|\\({number}\\))" if format.negative == "parentheses" else f"[+-]?{number}"
    unit = re.escape(format.unit)
    below = (
        f"|\\((?:{unit}{_BLANKS}{number}|{number}(?:{_BLANKS}{unit})?)\\)" if format.negative == "parentheses" else ""
    )
    return f"(?:(?:[+-]?{unit}{_BLANKS}|{unit}{_BLANKS}[+-]){number}|[+-]?{number}(?:{_BLANKS}{unit})?{below})"


def _date(format: str) -> str:
    found, before = "", ""
    parts = [match.groups() for match in _DIRECTIVE.finditer(format)]
    for place, (directive, blanks, other) in enumerate(parts):
        after = parts[place + 1][0] if place + 1 < len(parts) else ""
        if blanks:
            found += " +"
        elif directive in _DIGITS:
            most = _DIGITS[directive]
            alone = before not in _DIGITS and after not in _DIGITS
            least = 1 if alone and (directive in _SHORT or directive == "f") else most
            found += f"(?P<{directive}>[0-9]{{{least},{most}}})"
        elif directive:
            found += f"(?P<{directive}>{_OTHERS[directive]})"
        else:
            found += re.escape(other)
        before = directive or ""
    return found


@lru_cache
def _compiled(format: Format) -> re.Pattern[str]:
    return re.compile(pattern(format))


def directives(format: str) -> tuple[str, ...]:
    """The letters of a date's directives, known or not, in their order."""
    return tuple(match[1] for match in _DIRECTIVE.finditer(format) if match[1])


def has_time(format: str) -> bool:
    """True if a date's format has a time of the day."""
    return not set("HI").isdisjoint(directives(format))


def _iso(parts: dict[str, str]) -> str:
    """ISO 8601 of the parts by their directives."""
    year = parts.get("Y") or f"{20 if int(parts['y']) < CENTURY_FROM else 19}{parts['y']}"
    name = (parts.get("b") or parts.get("B") or "").lower()[:3]
    month = parts.get("m") or str(1 + [month[:3] for month in MONTHS].index(name))
    day = f"{year}-{month.zfill(2)}-{parts.get('d', '1').zfill(2)}"
    if "H" in parts:
        hour = parts["H"]
    elif "I" in parts:
        hour = str(int(parts["I"]) % 12 + 12 * (parts["p"].lower() == "pm")) if 1 <= int(parts["I"]) <= 12 else "99"
    else:
        return day
    second = f":{parts['S']}" if "S" in parts else ""
    part = f".{parts['f']}" if "f" in parts else ""
    return f"{day}T{hour.zfill(2)}:{parts.get('M', '00')}{second}{part}{parts.get('z', '')}"


#: the same moment in every format of an example; no two parts are equal, and each may be any other of them
_EXAMPLE = {
    "d": "03", "m": "02", "Y": "2011", "y": "11", "b": "Feb", "B": "February", "H": "04", "I": "04", "p": "AM",
    "M": "05", "S": "06", "f": "25", "z": "+01:00",
}  # fmt: skip


def example(format: Format) -> str:
    """A text in the format, for messages."""
    if isinstance(format, NumberFormat):
        return f"1{format.thousands}234{format.decimal}5{' ' + format.unit if format.unit else ''}"
    return "".join(_EXAMPLE.get(match[1], match[0]) if match[1] else match[0] for match in _DIRECTIVE.finditer(format))


def faults(format: Format) -> Iterator[str]:
    """The faults that make a format unusable, in sentences."""
    yield from _number_faults(format) if isinstance(format, NumberFormat) else _date_faults(format)


def _number_faults(format: NumberFormat) -> Iterator[str]:
    if format.thousands == format.decimal:
        yield f"thousands and decimal are both '{format.decimal}'; one of them must differ"
    unit = format.unit
    if format.negative == "parentheses" and set(unit) & set("()"):
        yield f"'{unit}' has a parenthesis, which means a number below zero in this format"
    if unit != unit.strip() or re.search(r"[0-9+\-.,'_\u2019]", unit) or unit in ("e", "E"):
        yield (
            f"'{unit}' is no unit; expected a sign such as €, % or kg without digits, signs, separators and blanks"
            " at its ends, and not the e of 1e5"
        )


def _date_faults(format: str) -> Iterator[str]:
    found = directives(format)
    unknown = [letter for letter in found if letter not in DIRECTIVES]
    if unknown or format.replace("%%", "").endswith("%"):
        letter = f"%{unknown[0]}" if unknown else "a % at its end"
        yield f"'{format}' has {letter}; expected {', '.join(f'%{each}' for each in DIRECTIVES)}"
        return
    twice = next((letter for letter in found if found.count(letter) > 1), None)
    if twice:
        yield f"'{format}' has %{twice} twice"
    wanted = [("Yy", "year, %Y or %y"), ("mbB", "month, %m, %b or %B")]
    if has_time(format):
        wanted.append(("d", "day, %d"))  # a month without a day is its first
    for one_of, what in wanted:
        if sum(letter in found for letter in one_of) != 1:
            yield f"'{format}' must have one {what}"
    if sum(letter in found for letter in "HI") > 1:
        yield f"'{format}' has %H and %I; one of them is the hour"
    for letter, needed in (("I", "p"), ("p", "I"), ("f", "S"), ("S", "M")):
        if letter in found and needed not in found:
            yield f"'{format}' has %{letter} without %{needed}"
    if not set("MSfz").isdisjoint(found) and not has_time(format):
        yield f"'{format}' has a part of a time without its hour, %H or %I"
