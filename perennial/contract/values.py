"""The grammar of values: the texts, and the values of JSON and Parquet, that each type of column accepts.

Every reader follows this grammar: uploads, the endpoint, captured traffic, the command line. Faster readers
(perennial.contract.bulk, perennial.validation.casts) give the same values and pass all others on to it.

A text is cleaned first: blanks at both ends are removed (in columns of text only where the column trims), a whole
text is replaced as the column declares, and a text among the null values is null. A JSON number is read as the text
that stands in the document, and JSON's true and false as `true` and `false`. Where the column declares a format, a
cleaned text is rewritten from it (perennial.contract.formats), and a JSON number is read with the format's decimal
mark. Cleaning and formats do not touch Parquet values that are no text.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from perennial.contract.columns import TEXTS, Column
from perennial.contract.formats import Format, NumberFormat, example, plain

# Unicode's White_Space, as Polars trims it; str.strip() alone takes four control characters more.
BLANKS = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003"
    "\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
TRUTHS = {"true": True, "false": False, "yes": True, "no": False, "t": True, "f": False, "1": True, "0": False}
MOST_EXACT = 2**53  # up to here a float holds every integer
LONGEST_TEXT = 1 << 20  # bytes
LEAST_INTEGER, MOST_INTEGER = -(2**63), 2**63 - 1
EXPECTED = {
    "boolean": "true or false (or yes/no, t/f, 1/0)",
    "integer": "an integer of at most 64 bits",
    "number": "a finite number; an integer beyond 2**53 must be one that a float holds exactly",
    "text": f"text of at most {LONGEST_TEXT} bytes, without NUL",
    "category": f"text of at most {LONGEST_TEXT} bytes, without NUL",
    "date": "a date such as 2013-01-31",
    "datetime": "a moment such as 2013-01-31T05:15:00Z",
}
_SHOWN = 40
_LONGEST_FORM = 200
_INTEGER = re.compile(r"([+-]?[0-9]+)(?:\.0*)?")
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_PLAIN = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[T ]{_CLOCK}(?::[0-5][0-9](?:\.[0-9]{{1,6}})?)?(?:Z|[+-]{_CLOCK})?"
)
#: ISO 8601 in the spellings that programs write; Polars reads the same pattern in perennial.validation.moments
MOMENT = (
    rf"(?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[T ](?P<time>{_CLOCK})"
    r"(?::(?P<second>[0-5][0-9])(?:[.,](?P<part>[0-9]{1,6})0*)?)?"
    r" ?(?:(?P<utc>[Zz]|UTC)|(?P<hours>[+-](?:[01][0-9]|2[0-3]))(?::?(?P<minutes>[0-5][0-9]))?)?)?"
)
_MOMENT = re.compile(MOMENT)


class ValueRefusedError(ValueError):
    """A value does not fit its column. The message says what was expected and what was found."""


def read(value: Any, column: Column, null_values: Collection[str]) -> Any:
    """A cell as bool, int, float, str, date, datetime (UTC) or None. Raises ValueRefusedError.

    `null_values` are those of the dataset, which hold where the column has none of its own.
    """
    if isinstance(value, str):
        value = cleaned(value, column, null_values if column.null_values is None else column.null_values)
    if value is None:
        if not column.nullable:
            raise ValueRefusedError(f"a value is required ({column.type})")
        return None
    try:
        return reader(column)(value)
    except (ValueError, OverflowError):
        raise refused(value, column) from None


def reader(column: Column) -> Callable[[Any], Any]:
    """The function from a cleaned text, or a value of Parquet, to a value; ValueError or OverflowError for others."""
    plainly = READERS[column.type]
    return plainly if column.format is None else partial(_formatted, column.format, plainly)


def _formatted(format: Format, plainly: Callable[[Any], Any], value: Any) -> Any:
    return plainly(plain(value, format) if type(value) is str else value)


def refused(value: Any, column: Column) -> ValueRefusedError:
    """The error that states the expected and the found value."""
    return ValueRefusedError(f"expected {expected(column)}, got {shown(value)}")


def expected(column: Column) -> str:
    """A clause about the texts that a column accepts."""
    if column.format is None:
        return EXPECTED[column.type]
    what = {"integer": "an integer", "number": "a number", "date": "a date", "datetime": "a moment"}[column.type]
    if isinstance(column.format, NumberFormat):
        text = example(column.format)
        return f"{what} in the column's format, such as {text}"
    return f"{what} in the column's format, such as {example(column.format)}, or in ISO 8601"


def cleaned(text: str, column: Column, null_values: Collection[str]) -> str | None:
    """A text before it is typed: trimmed, replaced, and None if it means null. `null_values` are the column's."""
    blank = column.type not in TEXTS
    if blank or column.trim:
        text = text.strip(BLANKS)
    if column.replace:
        text = column.replace.get(text, text)
        text = text.strip(BLANKS) if blank else text
    return None if text in null_values else text


#: the end of the sentence about a text for which `is_another_form` holds
ANOTHER_FORM = "another Unicode normal form (NFC, NFD) of an allowed value; normalise spec and data to NFC"


def normal_form(text: str) -> str:
    """The text in the normal form NFC; one of more than 200 characters as it is, for sorting marks is quadratic."""
    from unicodedata import normalize

    return text if text.isascii() or len(text) > _LONGEST_FORM else normalize("NFC", text)


def normal_forms(allowed: Collection[str]) -> frozenset[str]:
    """The normal forms of the allowed texts that may have another one."""
    return frozenset(normal_form(each) for each in allowed if not each.isascii())


def is_another_form(value: str, forms: Collection[str]) -> bool:
    """True if a text that is not among the allowed ones is one of them in another form; `forms` are their normal forms.

    An ASCII text has one form only.
    """
    return not value.isascii() and normal_form(value) in forms


def frequent_words(counts: Mapping[str, Mapping[str, int]]) -> tuple[str, str] | None:
    """The most frequent words for false and true; None if they are true and false themselves, or not known.

    `counts` has the number of each word by "true" and "false".
    """
    false, true = (
        max(sorted(found), key=lambda word: found[word], default=None)
        for found in (counts.get(truth, {}) for truth in ("false", "true"))
    )
    if false is None or true is None or (false.lower(), true.lower()) == ("false", "true"):
        return None
    return false, true


def written(value: Any) -> str:
    """A class as text: true and false as in JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def rounded(value: float) -> str:
    """A number in a sentence, with at least four significant digits: 0.7421, 7.5, 33,594, 3.2e-05."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"


def shown(value: Any) -> str:
    """A value in a message: short, and nothing of what is nested."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str) or (truth := TRUTHS.get(value.lower())) is None:
        raise ValueError
    return truth


def _integer(value: Any) -> int:
    kind = type(value)
    if kind is str:
        found = _INTEGER.fullmatch(value)
        if found is None:
            raise ValueError
        value = int(found[1])
    elif kind is not int:
        if (kind is not float and not _is_decimal(kind)) or value % 1 != 0:  # infinity and NaN included
            raise ValueError
        value = int(value)
    if not LEAST_INTEGER <= value <= MOST_INTEGER:
        raise ValueError
    return int(value)


def _is_decimal(kind: type) -> bool:
    """True for a Decimal, which comes from Parquet only. The module is not imported unless a value has come from it."""
    return kind.__module__ == "decimal"


def _number(value: Any) -> float:
    kind = type(value)
    if kind is str:
        if _NUMBER.fullmatch(value) is None:
            raise ValueError
    elif kind is not float and kind is not int and not _is_decimal(kind):
        raise ValueError
    number = float(value)
    if not -MOST_EXACT < number < MOST_EXACT:
        _check_large(value, number)
    return number


def _check_large(value: Any, number: float) -> None:
    if number - number != 0:  # infinite, or no number
        raise ValueError
    whole = type(value) is int or (type(value) is str and _WHOLE.fullmatch(value) is not None)
    if whole and int(value) != int(number):
        raise ValueError


def _text(value: Any) -> str:
    if type(value) is not str:
        value = _as_text(value)
    if "\0" in value:
        raise ValueError
    # JSON can hold half of a surrogate pair, which no encoding accepts.
    if (not value.isascii() or len(value) > LONGEST_TEXT) and len(value.encode()) > LONGEST_TEXT:
        raise ValueError
    return str(value)


def _as_text(value: Any) -> str:
    """The text of a value that has one spelling only. A float, a decimal and a moment have several."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case bytes():
            return value.decode()
        case dt.date() if not isinstance(value, dt.datetime):
            return value.isoformat()
    raise ValueError


def _date(value: Any) -> dt.date:
    if type(value) is dt.date:
        return value
    if type(value) is str and _DATE.fullmatch(value):
        return dt.date.fromisoformat(value)
    moment = _moment(value)
    if moment.time() != dt.time():
        raise ValueError
    return moment.date()


def _moment(value: Any) -> dt.datetime:
    if type(value) is str:
        if _PLAIN.fullmatch(value) is None:
            value = _normal(value)
        value = dt.datetime.fromisoformat(value)
    elif type(value) is dt.date:
        value = dt.datetime(value.year, value.month, value.day)
    elif not isinstance(value, dt.datetime):
        raise ValueError
    moment: dt.datetime = value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)
    return moment


def _normal(text: str) -> str:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError
    day, time, second, part, hours, minutes = found.group("day", "time", "second", "part", "hours", "minutes")
    zone = f"{hours}:{minutes or '00'}" if hours else ""
    return f"{day}T{time or '00:00'}:{second or '00'}.{(part or '').ljust(6, '0')}{zone}"


#: a cleaned text, or a value of Parquet, as a value of the type; ValueError or OverflowError for what is none
READERS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "text": _text,
    "category": _text,
    "date": _date,
    "datetime": _moment,
}
#: the types of JSON values that do not keep the text they were read from, by the type of column that needs it
NEEDS_TEXT: dict[str, frozenset[type]] = {
    "boolean": frozenset({int, float}),
    "integer": frozenset({float}),
    "number": frozenset(),
    "text": frozenset({int, float}),
    "category": frozenset({int, float}),
    "date": frozenset(),
    "datetime": frozenset(),
}


def needs_text(column: Column) -> frozenset[type]:
    """The types of JSON values whose text counts in a column."""
    kinds = NEEDS_TEXT[column.type]
    return kinds | {int, float} if isinstance(column.format, str) else kinds
