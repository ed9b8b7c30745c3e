"""A whole column of raw values read at once, for batches: plain values go through C, all others are read one by one.

Each reader gives the typed values, or None if a value is not plain; then `perennial.contract.values` decides about each
value and finds the faulty one. So this module changes only the time that reading takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

from perennial.contract.values import LEAST_INTEGER, LONGEST_TEXT, MOST_EXACT, MOST_INTEGER, TRUTHS

_NUMBER = b"0123456789+-.eE\n"
_INTEGER = b"0123456789+-\n"
_NOTHING = type(None)
Read = Callable[[Any], Any]


def read(
    given: Sequence[Any], types: set[type], kind: str, null_values: Collection[str], nullable: bool
) -> list[Any] | None:
    """Typed values, None where `given`, which has these types, is not plain. Texts that are repeated are read once."""
    if types == {str}:
        different = tuple(set(given))
        if 2 * len(different) <= len(given):
            values = _read(different, types, kind, null_values, nullable)
            return None if values is None else list(map(dict(zip(different, values, strict=True)).__getitem__, given))
    return _read(given, types, kind, null_values, nullable)


def _read(
    given: Sequence[Any], types: set[type], kind: str, null_values: Collection[str], nullable: bool
) -> list[Any] | None:
    nulls = _NOTHING in types
    if str in types and null_values and not types <= {str, _NOTHING}:
        return None
    if str in types and null_values and not set(given).isdisjoint(null_values):
        nulls, given = True, [None if value in null_values else value for value in given]
    if nulls and not nullable:
        return None
    try:
        return _READERS[kind](given, types - {_NOTHING}, nulls) if kind in _READERS else None
    except (ValueError, OverflowError):
        return None


def _numbers(given: Sequence[Any], types: set[type], nulls: bool) -> list[Any] | None:
    if types == {str}:
        if not _is_of(given, _NUMBER, nulls):
            return None
    elif not types <= {int, float}:
        return None
    values = _each(float, given, nulls)
    known = [value for value in values if value is not None] if nulls else values
    # No value is beyond the norm of all, and what is not finite is beyond every number.
    return values if math.hypot(*known) < MOST_EXACT else None


def _integers(given: Sequence[Any], types: set[type], nulls: bool) -> list[Any] | None:
    if types == {str}:
        if not _is_of(given, _INTEGER, nulls):
            return None
        values = _each(int, given, nulls)
    elif types <= {int}:
        values = list(given)
    else:
        return None
    known = [value for value in values if value is not None] if nulls else values
    return values if not known or (min(known) >= LEAST_INTEGER and max(known) <= MOST_INTEGER) else None


def _texts(given: Sequence[Any], types: set[type], nulls: bool) -> list[Any] | None:
    if not types <= {str}:
        return None
    joined = "".join([value for value in given if value is not None] if nulls else given)
    # UTF-8 takes at most four bytes a character.
    long = 4 * len(joined) > LONGEST_TEXT and 4 * max(len(value or "") for value in given) > LONGEST_TEXT
    if long or "\0" in joined:
        return None
    joined.encode()
    return list(given)


def _booleans(given: Sequence[Any], types: set[type], nulls: bool) -> list[Any] | None:
    if types <= {bool}:
        return list(given)
    if not types <= {str}:
        return None
    values = [None if value is None else TRUTHS.get(value.lower()) for value in given]
    return values if values.count(None) == list(given).count(None) else None


def _each(read: Read, given: Sequence[Any], nulls: bool) -> list[Any]:
    if not nulls:
        return list(map(read, given))
    return [None if value is None else read(value) for value in given]


def _is_of(given: Sequence[Any], characters: bytes, nulls: bool) -> bool:
    """True if the text has only these characters, in which float and int accept the same as the grammar of a number."""
    texts = [value for value in given if value is not None] if nulls else given
    return not "\n".join(texts).encode().translate(None, characters)


_READERS: dict[str, Callable[[Sequence[Any], set[type], bool], list[Any] | None]] = {
    "number": _numbers,
    "integer": _integers,
    "text": _texts,
    "category": _texts,
    "boolean": _booleans,
}
