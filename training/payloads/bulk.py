"""A whole column of raw values read at once, for batches: what is plain goes through C, all else is read one by one.

Each reader gives the typed values, or None where it is not sure; then `training.payloads.values` decides about
each value and finds the one that is wrong. So this module only ever changes how long it takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

_NUMBER = b"0123456789+-.eE\n"
_INTEGER = b"0123456789+-\n"
_NOTHING = type(None)
_LEAST, _MOST = -(2**63), 2**63 - 1
Read = Callable[[Any], Any]


def read(given: Sequence[Any], kind: str, null_values: Collection[str], nullable: bool) -> list[Any] | None:
    """Typed values, None where `given` is not plain. Texts that come again and again are read once."""
    types = set(map(type, given))
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
    # A sum beyond all numbers is no fault, but one of its terms may be.
    known = [value for value in values if value is not None] if nulls else values
    return values if math.isfinite(sum(known)) else None


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
    return values if not known or (min(known) >= _LEAST and max(known) <= _MOST) else None


def _texts(given: Sequence[Any], types: set[type], nulls: bool) -> list[Any] | None:
    if not types <= {str}:
        return None
    "".join([value for value in given if value is not None] if nulls else given).encode()
    return list(given)


def _booleans(given: Sequence[Any], types: set[type], nulls: bool) -> list[Any] | None:
    return list(given) if types <= {bool} else None


def _each(read: Read, given: Sequence[Any], nulls: bool) -> list[Any]:
    if not nulls:
        return list(map(read, given))
    return [None if value is None else read(value) for value in given]


def _is_of(given: Sequence[Any], characters: bytes, nulls: bool) -> bool:
    """Nothing but these characters: then float and int read just what the grammar of a number allows."""
    texts = [value for value in given if value is not None] if nulls else given
    return not "\n".join(texts).encode().translate(None, characters)


_READERS: dict[str, Callable[[Sequence[Any], set[type], bool], list[Any] | None]] = {
    "number": _numbers,
    "integer": _integers,
    "text": _texts,
    "category": _texts,
    "boolean": _booleans,
}
