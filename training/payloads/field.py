"""A feature as the server reads it: its type, and what its values may be."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from perennial.contract.columns import Column
from training.payloads import bulk
from training.payloads.values import READERS, ValueOfWrongTypeError, read, shown

# Unicode's White_Space, which is what validation trims; str.strip() alone takes four control characters more.
_BLANKS = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003"
    "\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
# Beyond this a text is not held against a pattern: matching may take longer than linear.
_LONGEST_MATCHED = 256


class PayloadError(ValueError):
    """A body cannot be read as rows of this model. `row` counts from 0 and leaves the header out."""

    def __init__(self, sentence: str, row: int | None = None, field: str | None = None) -> None:
        super().__init__(sentence)
        self.row, self.field = row, field


class Field:
    """A feature as the server reads it.

    `known` are the categories it learnt, where they are all of them; `null_values` those of columns without their own.
    """

    def __init__(
        self, name: str, column: Column, known: Collection[str] | None = None, null_values: Collection[str] = ("",)
    ) -> None:
        self.column, self.name, self.nullable, self.kind = column, name, column.nullable, column.type
        self.known = None if known is None else frozenset(known)
        self._read = READERS[column.type]
        self._cleans = bool(column.cleaning)
        self._marks = frozenset(null_values if column.null_values is None else column.null_values)
        self._minimum, self._maximum = _bound(column, column.minimum), _bound(column, column.maximum)
        self._values = None if column.values is None else _allowed(column)
        self._pattern = None if column.pattern is None else re.compile(column.pattern)
        self.within = self._quick()

    def _quick(self) -> Callable[[Any], bool] | None:
        """The one test that most fields need; None where nothing limits the values."""
        column, low, high = self.column, self._minimum, self._maximum
        texts = self._pattern is not None or column.min_length is not None or column.max_length is not None
        allowed = self._values if self._values is not None else self.known
        if texts or (allowed is not None and (low is not None or high is not None)):
            return lambda value: self.breach(value) is None
        if allowed is not None:
            return allowed.__contains__
        if low is not None and high is not None:
            return lambda value: bool(low <= value <= high)
        if low is not None or high is not None:
            return lambda value: self.breach(value) is None
        return None

    def typed(self, given: Sequence[Any], null_values: Collection[str]) -> list[Any]:
        """Typed values; None is null. Raises PayloadError, which names the row."""
        if self._cleans:
            given, null_values = [self._clean(value) for value in given], ()
        values = bulk.read(given, self.kind, null_values, self.nullable)
        return values or [self._one(value, row, null_values) for row, value in enumerate(given)]

    def typed_or_none(self, given: Sequence[Any]) -> list[Any]:
        """The same for rows that were accepted when the column was not required: any value may be null."""
        return [None if value is None else self._one(value, row, ()) for row, value in enumerate(given)]

    def one(self, value: Any, row: int, null_values: Collection[str]) -> Any:
        """One typed value. Raises PayloadError, which names the row."""
        return self._one(self._clean(value), row, ()) if self._cleans else self._one(value, row, null_values)

    def _clean(self, value: Any) -> Any:
        """A text as validation would have cleaned it before the model learnt from it."""
        if not isinstance(value, str):
            return value
        value = value.strip(_BLANKS) if self.column.trim else value
        value = self.column.replace.get(value, value)
        return None if value in self._marks else value

    def _one(self, value: Any, row: int, null_values: Collection[str]) -> Any:
        try:
            if value is not None and value not in null_values:
                return self._read(value)
        except (ValueError, OverflowError, TypeError):
            pass
        try:
            return read(value, self.column, null_values)
        except ValueOfWrongTypeError as error:
            raise PayloadError(f"row {row}, '{self.name}': {error}", row, self.name) from None

    def breaches(self, values: Sequence[Any]) -> dict[int, str]:
        """Rows whose value is beyond the contract, and what is wrong with it. Null is not: it has passed `typed`."""
        if self._all_within(values):
            return {}
        found = ((row, None if value is None else self.breach(value)) for row, value in enumerate(values))
        return {row: reason for row, reason in found if reason is not None}

    def _all_within(self, values: Sequence[Any]) -> bool:
        """A look at all at once; False where it takes a second one."""
        different = set(values)
        different.discard(None)
        if not different:
            return True
        if self._values is not None or self._pattern is not None or self.kind in ("category", "text"):
            return all(self.breach(value) is None for value in different)
        return (self._minimum is None or min(different) >= self._minimum) and (
            self._maximum is None or max(different) <= self._maximum
        )

    def breach(self, value: Any) -> str | None:
        """What is wrong with a value that is not null, None where it is within the contract."""
        if self._minimum is not None and value < self._minimum:
            return f"{shown(value)} is below {self.column.minimum}"
        if self._maximum is not None and value > self._maximum:
            return f"{shown(value)} is above {self.column.maximum}"
        if self._values is not None:
            return None if value in self._values else f"{shown(value)} is not among the {len(self._values)} allowed"
        if self.known is not None and value not in self.known:
            return f"the model never saw {shown(value)}"
        return self._text_breach(value) if isinstance(value, str) else None

    def _text_breach(self, value: str) -> str | None:
        least, most = self.column.min_length, self.column.max_length
        if least is not None and len(value) < least:
            return f"{shown(value)} has fewer than {least} characters"
        if most is not None and len(value) > most:
            return f"{shown(value)} has more than {most} characters"
        if self._pattern is None:
            return None
        if len(value) <= _LONGEST_MATCHED and self._pattern.fullmatch(value):
            return None
        return f"{shown(value)} does not match {self.column.pattern}"


def _bound(column: Column, limit: Any) -> Any:
    return limit if limit is None else _compared(column, limit)


def _compared(column: Column, value: Any) -> Any:
    """A limit as values of the column's type are compared with it."""
    reader: Callable[[Any], Any] = READERS[column.type]
    if column.type in ("date", "datetime"):
        # As in validation, a bound may be a date alone or a moment; a date has no clock.
        return reader(str(value)[:10]) if column.type == "date" else reader(dt.datetime.fromisoformat(str(value)))
    return value


def _allowed(column: Column) -> frozenset[Any]:
    if column.type in ("text", "category"):
        return frozenset(str(value) for value in column.values or ())
    found = []
    for value in column.values or ():
        try:
            found.append(_compared(column, READERS[column.type](value)))
        except (ValueError, OverflowError):  # no value of this type can be it
            continue
    return frozenset(found)
