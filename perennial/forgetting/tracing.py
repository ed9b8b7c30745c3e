"""Finds a subject in decoded content: tables, JSON documents and text.

Values are compared as the spec's types, so that "07", 7 and 7.0 are one integer. Rows without the subject's columns,
such as golden rows and requests, are recognised by the features of rows that were found before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from operator import add, and_
from typing import Any

import polars as pl

from perennial.contract.model import ModelSpec
from perennial.contract.values import written
from perennial.forgetting import subject as subjects
from perennial.forgetting.subject import Subject

#: a text is searched for values of at least so many characters; a shorter one is found everywhere
SHORTEST = 4
#: what stands in place of a value
MARK = "[forgotten]"
#: the declared columns that a record must share with a known row to be taken for it
FEWEST_SHARED = 3


@dataclass
class Tracer:
    """Looks for subjects of a model. `known` are rows of theirs, {column: value}, which `learn` adds."""

    spec: ModelSpec
    subjects: Sequence[Subject]
    known: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Compiles the search in text, and the readers of the columns."""
        self._fields = {name: subjects.field(name, self.spec) for name in self.spec.columns}
        self._features = [name for name in self.spec.columns if self.spec.is_feature(name)]
        self._fewest = min(FEWEST_SHARED, len(self._features))
        long = sorted({text for each in self.subjects for text in each.texts if len(text) >= SHORTEST})
        alternatives = "|".join(re.escape(text) for text in long)
        self._text = re.compile(rf"(?<![\w.-])(?:{alternatives})(?![\w-]|[.,]\d)") if long else None

    def mask(self, frame: pl.DataFrame) -> pl.Series:
        """A mask of the rows that are of a subject; all false where the table lacks the columns."""
        found = _all(frame, value=False)
        for each in self.subjects:
            if frame.height and set(each.values) <= set(frame.columns):
                here = _all(frame, value=True)
                for name, value in each.values.items():
                    here &= self._equal(frame[name], name, value)
                found |= here
        return found

    def learn(self, frame: pl.DataFrame) -> None:
        """Keeps the subject's rows, to recognise them where the columns of the subject are missing."""
        rows = frame.filter(self.mask(frame)).select([name for name in frame.columns if name in self._fields])
        for texts in rows.iter_rows(named=True):
            row = {name: self._typed(name, value) for name, value in texts.items()}
            if row not in self.known:
                self.known.append(row)

    def mask_of_all(self, frame: pl.DataFrame) -> pl.Series:
        """A mask of the rows that are of a subject, by its columns or, without these, by what is known of it.

        A row of a table of traffic is without a column that its request did not hold: it is null there. The columns of
        a key may have the prefix of predictions.parquet.
        """
        names = {name: name.removeprefix("key.") for name in frame.columns if name.startswith("key.")}
        frame = frame.rename({name: plain for name, plain in names.items() if plain not in frame.columns})
        named = _all(frame, value=False)  # rows that name a person, this one or another
        for each in self.subjects:
            if set(each.values) <= set(frame.columns):
                named |= reduce(and_, (~self._missing(frame[name], name) for name in each.values))
        return self.mask(frame) | (self._mask_of_known(frame) & ~named)

    def is_row(self, item: Any) -> bool:
        """True for a JSON object that is itself a row of a subject."""
        return isinstance(item, dict) and self._is_of_subject(item)

    def records(self, document: Any) -> int:
        """The number of JSON objects, however deep, that are rows of a subject."""
        return sum(self._is_of_subject(each) for each in _objects(document))

    def mentions(self, text: str) -> int:
        """The number of places in a text where a value of a subject stands as a word; 0 for short values."""
        return len(self._text.findall(text)) if self._text else 0

    def redacted(self, text: str) -> str:
        """The text with MARK in place of every such value."""
        return self._text.sub(MARK, text) if self._text else text

    def _is_of_subject(self, record: Mapping[str, Any]) -> bool:
        for each in self.subjects:
            if all(record.get(name) is not None for name in each.values):
                if all(self._typed(name, record[name]) == value for name, value in each.values.items()):
                    return True
                continue
            if self._is_known(record):
                return True
        return False

    def _is_known(self, record: Mapping[str, Any]) -> bool:
        """True if the record has all values of a known row, in the features that it has; at least three of them."""
        typed = {name: self._typed(name, record[name]) for name in self._features if record.get(name) is not None}
        if len(typed) < self._fewest:
            return False
        return any(all(_same(value, row.get(name)) for name, value in typed.items()) for row in self.known)

    def _mask_of_known(self, frame: pl.DataFrame) -> pl.Series:
        """A mask of the rows for which `_is_known` holds."""
        found = _all(frame, value=False)
        missing = {name: self._missing(frame[name], name) for name in self._features if name in frame.columns}
        if not self.known or len(missing) < self._fewest:
            return found
        enough = reduce(add, ((~each).cast(pl.Int64) for each in missing.values())) >= self._fewest
        for row in self.known:
            here = enough
            for name, absent in missing.items():
                value = row.get(name)
                here = here & (absent if value is None else absent | self._equal(frame[name], name, value))
            found |= here
        return found

    def _missing(self, values: pl.Series, name: str) -> pl.Series:
        """A mask of the values that are missing, in the words of their column."""
        if values.dtype != pl.String:
            return values.is_null()
        texts = values.unique().drop_nulls().to_list()
        return values.is_null() | values.is_in([text for text in texts if self._fields[name].readable(text) is None])

    def _typed(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, list | dict):
            return None
        return self._fields[name].readable(value if isinstance(value, str | date) else written(value))

    def _equal(self, values: pl.Series, name: str, value: Any) -> pl.Series:
        """A mask of the values that are read as `value`; each distinct text is read once."""
        if values.dtype == pl.String:
            texts = values.unique().drop_nulls()
            same = [text for text in texts.to_list() if text == value or self._fields[name].readable(text) == value]
            return values.is_in(same).fill_null(value=False)
        try:
            equal: pl.Series = values == pl.Series([value]).cast(values.dtype)[0]
            return equal.fill_null(value=False)
        except (pl.exceptions.PolarsError, TypeError):  # a column of another type than the spec's
            return pl.repeat(value=False, n=len(values), dtype=pl.Boolean, eager=True)


def _all(frame: pl.DataFrame, *, value: bool) -> pl.Series:
    return pl.repeat(value=value, n=frame.height, dtype=pl.Boolean, eager=True)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (one != one and other != other)
    return bool(one == other)


def _objects(document: Any) -> Iterator[Mapping[str, Any]]:
    """Every JSON object in a document, without recursion: a document may be nested deeply."""
    waiting: list[Any] = [document]
    while waiting:
        here = waiting.pop()
        children: Collection[Any] = ()
        if isinstance(here, dict):
            yield here
            children = here.values()
        elif isinstance(here, list):
            children = here
        waiting.extend(children)
