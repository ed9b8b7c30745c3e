"""One value of a request, as its column's declared type reads it. No guessing: what does not fit is refused."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection
from typing import Any

from perennial.contract.columns import Column

_INTEGER = re.compile(r"[+-]?[0-9]+(\.0*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?", re.ASCII)
_LEAST, _MOST = -(2**63), 2**63 - 1
_LONGEST = 40


class ValueOfWrongTypeError(ValueError):
    """A value does not fit its column. The message says what was expected and what was found."""


def read(value: Any, column: Column, null_values: Collection[str]) -> Any:
    """A value of a JSON document or a CSV cell as bool, int, float, str, date, datetime (UTC) or None.

    A text among `null_values` is null. Raises ValueOfWrongTypeError.
    """
    if value is None or (isinstance(value, str) and value in null_values):
        if not column.nullable:
            raise ValueOfWrongTypeError(f"a value is required ({column.type})")
        return None
    try:
        return READERS[column.type](value)
    except (ValueError, OverflowError):
        raise ValueOfWrongTypeError(f"expected {_EXPECTED[column.type]}, got {shown(value)}") from None


def written(value: Any) -> str:
    """A class as text: true and false as in JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown(value: Any) -> str:
    """A value in a message: short, and nothing of what is nested."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise ValueError


def _integer(value: Any) -> int:
    kind = type(value)
    if kind is str and _INTEGER.fullmatch(value.strip()):
        value = int(value.strip().partition(".")[0])
    elif kind is float and value.is_integer():
        value = int(value)
    elif kind is not int:
        raise ValueError
    if not _LEAST <= value <= _MOST:
        raise ValueError
    return int(value)


def _number(value: Any) -> float:
    kind = type(value)
    if kind is str:
        if not _NUMBER.fullmatch(value.strip()):
            raise ValueError
    elif kind is not float and kind is not int:
        raise ValueError
    value = float(value)
    if value - value != 0:  # infinite, or no number
        raise ValueError
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    if not value.isascii():
        value.encode()  # JSON can hold half a character, which no encoder takes
    return value


def _date(value: Any) -> dt.date:
    if isinstance(value, dt.date):  # of a Parquet file
        if not isinstance(value, dt.datetime):
            return value
        if value.time() == dt.time():
            return value.date()
    if not isinstance(value, str) or not _DATE.fullmatch(value.strip()):
        raise ValueError
    return dt.date.fromisoformat(value.strip())


def _moment(value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):  # of a Parquet file
        moment = value
    elif isinstance(value, str) and _MOMENT.fullmatch(value.strip()):
        moment = dt.datetime.fromisoformat(value.strip())
    else:
        raise ValueError
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


READERS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "text": _text,
    "category": _text,
    "date": _date,
    "datetime": _moment,
}
_EXPECTED = {
    "boolean": "true or false",
    "integer": "an integer of at most 64 bits",
    "number": "a finite number",
    "text": "text",
    "category": "text",
    "date": "a date such as 2013-01-31",
    "datetime": "a moment such as 2013-01-31T05:15:00Z",
}
