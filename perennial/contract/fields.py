"""A feature of a request: how its cells are read, and which values the contract allows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Any

from perennial.contract import bulk
from perennial.contract.columns import NULL_VALUES, TEXTS, Column
from perennial.contract.formats import literal
from perennial.contract.patterns import matcher
from perennial.contract.values import (
    ANOTHER_FORM,
    BLANKS,
    READERS,
    is_another_form,
    needs_text,
    normal_forms,
    reader,
    refused,
    shown,
)

_LITERAL = re.compile(r"-?[0-9][0-9.eE+-]*|true|false")


class PayloadError(ValueError):
    """A body cannot be read as rows of this model. `row` counts from 0 and leaves the header out."""

    def __init__(self, sentence: str, row: int | None = None, field: str | None = None) -> None:
        super().__init__(sentence)
        self.row, self.field = row, field


class TextNeededError(Exception):
    """A JSON document must be read again with its numbers as the texts they are written in."""


class Field:
    """A feature as requests hold it.

    `known` are the categories that the model learnt, if the list is complete; `null_values` are used for columns
    without their own.
    """

    def __init__(
        self,
        name: str,
        column: Column,
        known: Collection[str] | None = None,
        null_values: Collection[str] = NULL_VALUES,
    ) -> None:
        self.column, self.name, self.nullable, self.kind = column, name, column.nullable, column.type
        self.known = None if known is None else frozenset(known)
        self._read = reader(column)
        self._needs_text = needs_text(column)
        self._strips = column.trim or column.type not in TEXTS
        self._cleans = self._strips or bool(column.replace)
        self._replace = dict(column.replace)
        self._nulls = frozenset(null_values if column.null_values is None else column.null_values)
        #: True if a null value or a text to be replaced may be in JSON without quotes
        self.has_literals = any(_may_be_literal(text, column) for text in (*self._nulls, *self._replace))
        self._minimum, self._maximum = _bound(column, column.minimum), _bound(column, column.maximum)
        self._values = None if column.values is None else _allowed(column)
        self._pattern = None if column.pattern is None else matcher(column.pattern)
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

    def typed(self, given: Sequence[Any], json: bool) -> list[Any]:
        """Typed values; None is null. Raises PayloadError, which names the row; of JSON also TextNeededError."""
        types = set(map(type, given))
        if json and not types.isdisjoint(self._needs_text):
            raise TextNeededError
        if self.column.format is not None:
            return [self.one(value, row) for row, value in enumerate(given)]
        if self._replace or self.column.trim:
            given = [self._cleaned(value) if type(value) is str else value for value in given]
            values = bulk.read(given, set(map(type, given)), self.kind, (), self.nullable)
            return values or [self._typed(value, row) for row, value in enumerate(given)]
        values = bulk.read(given, types, self.kind, self._nulls, self.nullable)
        return values or [self.one(value, row) for row, value in enumerate(given)]

    def one(self, value: Any, row: int, json: bool = False) -> Any:
        """The typed value. Raises the errors of `typed`."""
        kind = type(value)
        if kind is str:
            if self._cleans:
                value = self._cleaned(value)
            elif value in self._nulls:
                value = None
        elif json and kind in self._needs_text:
            raise TextNeededError
        if value is not None:  # as in _typed; one call less for each value of a row
            try:
                return self._read(value)
            except (ValueError, OverflowError):
                pass
        return self._typed(value, row)

    def readable(self, value: Any, json: bool = False) -> Any:
        """The typed value, or None for one that cannot be read. Raises TextNeededError of JSON."""
        try:
            return self.one(value, 0, json)
        except PayloadError:
            return None

    def written(self, number: str) -> str:
        """A JSON number's text as the text of a cell."""
        return literal(number, self.column.format)

    def typed_or_none(self, given: Sequence[Any]) -> list[Any]:
        """Values that were cleaned at training; any may be null."""
        return [None if value is None else self._typed(value, row) for row, value in enumerate(given)]

    def _cleaned(self, text: str) -> str | None:
        """`values.cleaned` for this column."""
        if self._strips:
            text = text.strip(BLANKS)
        if self._replace:
            text = self._replace.get(text, text)
            text = text if self.kind in TEXTS else text.strip(BLANKS)
        return None if text in self._nulls else text

    def _typed(self, value: Any, row: int) -> Any:
        if value is not None:
            try:
                return self._read(value)
            except (ValueError, OverflowError):
                raise self._fault(str(refused(value, self.column)), row) from None
        if not self.nullable:
            raise self._fault(f"a value is required ({self.kind})", row)
        return None

    def _fault(self, sentence: str, row: int) -> PayloadError:
        return PayloadError(f"row {row}, '{self.name}': {sentence}", row, self.name)

    def breaches(self, values: Sequence[Any]) -> dict[int, str]:
        """Rows whose value breaks a limit, and the reason. Null breaks none: `typed` has accepted it."""
        if self._all_within(values):
            return {}
        found = ((row, None if value is None else self.breach(value)) for row, value in enumerate(values))
        return {row: reason for row, reason in found if reason is not None}

    def _all_within(self, values: Sequence[Any]) -> bool:
        """True if all values pass one vectorized check; False if each needs a check of its own."""
        different = set(values)
        different.discard(None)
        if not different:
            return True
        if self._values is not None or self._pattern is not None or self.kind in TEXTS:
            return all(self.breach(value) is None for value in different)
        return (self._minimum is None or min(different) >= self._minimum) and (
            self._maximum is None or max(different) <= self._maximum
        )

    def breach(self, value: Any) -> str | None:
        """The reason why a value that is not null breaks the contract; None if it is within the contract."""
        if self._minimum is not None and value < self._minimum:
            return f"{shown(value)} is below {self.column.minimum}"
        if self._maximum is not None and value > self._maximum:
            return f"{shown(value)} is above {self.column.maximum}"
        if self._values is not None:
            return None if value in self._values else self._not_allowed(value, self._values)
        broken = self._text_breach(value) if isinstance(value, str) else None
        if broken is None and self.known is not None and value not in self.known:
            return self._not_allowed(value, self.known)
        return broken

    def _not_allowed(self, value: Any, allowed: frozenset[Any]) -> str:
        if isinstance(value, str) and is_another_form(value, self._forms):
            return f"{shown(value)} is {ANOTHER_FORM}"
        if self._values is None:
            return f"{shown(value)} is not in the training data"
        return f"{shown(value)} is not among the {len(allowed)} allowed"

    @cached_property
    def _forms(self) -> frozenset[str]:
        allowed = self.known if self._values is None else self._values
        return normal_forms([each for each in allowed or () if isinstance(each, str)])

    def _text_breach(self, value: str) -> str | None:
        least, most = self.column.min_length, self.column.max_length
        if least is not None and len(value) < least:
            return f"{shown(value)} has fewer than {least} characters"
        if most is not None and len(value) > most:
            return f"{shown(value)} has more than {most} characters"
        if self._pattern is None:
            return None
        if self._pattern(value):
            return None
        return f"{shown(value)} does not match {self.column.pattern}"


def _may_be_literal(text: str, column: Column) -> bool:
    """True if a JSON number, true or false may become this text."""
    mark = literal(".", column.format)
    return _LITERAL.fullmatch(text if mark == "." else text.replace(mark, ".")) is not None


def _bound(column: Column, limit: Any) -> Any:
    return limit if limit is None else _compared(column, limit)


def _compared(column: Column, value: Any) -> Any:
    """A limit as a value of the column's type."""
    reader: Callable[[Any], Any] = READERS[column.type]
    if column.type in ("date", "datetime"):
        # As in validation, a bound may be a date or a moment; a date has no time.
        return reader(str(value)[:10]) if column.type == "date" else reader(dt.datetime.fromisoformat(str(value)))
    return value


def _allowed(column: Column) -> frozenset[Any]:
    if column.type in TEXTS:
        return frozenset(str(value) for value in column.values or ())
    found = []
    for value in column.values or ():
        try:
            found.append(_compared(column, READERS[column.type](value)))
        except (ValueError, OverflowError):  # no value of this type can equal it
            continue
    return frozenset(found)
