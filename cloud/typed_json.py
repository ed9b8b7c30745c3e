"""Reads JSON into frozen dataclasses and writes it back. It is strict about types; an error names reader and field.

Standard library only: functions import this before they handle their first event.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

from cloud import CloudError


class MalformedJsonError(CloudError):
    """A JSON document lacks a field, or a field has the wrong type."""


@dataclasses.dataclass(frozen=True)
class TypedJson:
    """The base of the dataclasses. A field with a default may be missing; unknown fields are ignored.

    Field types: str, int, float, bool, Literal, Any, tuple, dict, None, and other classes of this base.
    """

    @classmethod
    def from_json(cls, document: object, reader: str = "") -> Self:
        """Reads a document. `reader` is the name of who reads it, for the error. Raises MalformedJsonError."""
        made: Self = _read(cls, document, "", reader or cls.__name__)
        return made

    def to_json(self) -> dict[str, Any]:
        """Plain data for `json.dumps`."""
        return {name_of(field): _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}


def _plain(value: Any) -> Any:
    if isinstance(value, TypedJson):
        return value.to_json()
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return value


def named(name: str, **how: Any) -> Any:
    """A field that has another name in JSON."""
    return dataclasses.field(metadata={"json": name}, **how)


def name_of(field: dataclasses.Field[Any]) -> str:
    """The name of a field in JSON."""
    return str(field.metadata.get("json", field.name))


@cache
def _types(kind: type[Any]) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(kind: Any, document: object, path: str, reader: str) -> Any:
    if not isinstance(document, Mapping):
        raise _error(reader, path, document, "an object")
    values = {}
    for field in dataclasses.fields(kind):
        name = name_of(field)
        place = f"{path}.{name}" if path else name
        if name in document:
            values[field.name] = _value(_types(kind)[field.name], document[name], place, reader)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise MalformedJsonError(f"{reader}: field '{place}' is missing")
    return kind(**values)


def _value(kind: Any, value: object, path: str, reader: str) -> Any:
    if kind is Any:
        return value
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (inner,) = [one for one in arguments if one is not type(None)]
        return None if value is None else _value(inner, value, path, reader)
    if origin is Literal:
        if value in arguments and isinstance(value, str):
            return value
        raise _error(reader, path, value, f"one of {', '.join(map(repr, arguments))}")
    if origin is tuple:
        return _items(arguments, value, path, reader)
    if origin is dict:
        if isinstance(value, Mapping):
            return {key: _value(arguments[1], item, f"{path}.{key}", reader) for key, item in value.items()}
        raise _error(reader, path, value, "an object")
    if dataclasses.is_dataclass(kind):
        return _read(kind, value, path, reader)
    if type(value) is kind or (kind is float and type(value) is int):
        return value
    raise _error(reader, path, value, kind.__name__)


def _items(arguments: tuple[Any, ...], value: object, path: str, reader: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise _error(reader, path, value, "a list")
    kinds = arguments[:1] * len(value) if arguments[-1] is Ellipsis else arguments
    if len(kinds) != len(value):
        raise _error(reader, path, value, f"a list of {len(kinds)}")
    pairs = zip(kinds, value, strict=True)
    return tuple(_value(kind, item, f"{path}[{place}]", reader) for place, (kind, item) in enumerate(pairs))


def _error(reader: str, path: str, value: object, expected: str) -> MalformedJsonError:
    """Names the type of a value, never the value: it may be a secret or personal data."""
    return MalformedJsonError(f"{reader}: field '{path or '(all)'}' is {type(value).__name__}; expected {expected}")
