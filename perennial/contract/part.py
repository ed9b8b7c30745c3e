"""Settings as frozen dataclasses: declared with limits and descriptions, written to JSON and read from it.

`setting` keeps a field's limits and description in the field's metadata, where pydantic finds them when perennial.spec
reads YAML. This module does not import pydantic: a server and a training job read the same classes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, ClassVar, Self, cast


class ContractError(ValueError):
    """A document that does not fit its class, or a contract that contradicts itself.

    `place` is the path of the fault in the document, as in ("columns", "distance", "minimum").
    """

    def __init__(self, message: str, *place: str | int) -> None:
        super().__init__(message)
        self.place = place


def setting(default: Any, description: str, **limits: Any) -> Any:
    """A field with a default value, or a callable that makes one, a description and limits (ge, le, max_length, ...).

    The limits have pydantic's names.
    """
    made = {"default_factory": default} if callable(default) else {"default": default}
    return dataclasses.field(**made, metadata={"description": description, **limits})


def required(description: str, **limits: Any) -> Any:
    """A field without a default."""
    return dataclasses.field(metadata={"description": description, **limits})


def named(name: str, **how: Any) -> Any:
    """A field that has another name in JSON."""
    return dataclasses.field(metadata={"json": name}, **how)


def name_of(field: dataclasses.Field[Any]) -> str:
    """The name of a field in JSON."""
    return str(field.metadata.get("json", field.name))


class Part:
    """Base of dataclasses that are written to JSON and read from it.

    Field types: str, int, float, bool, date, Literal, Any, tuples, mappings, other parts, and unions of scalars with at
    most one of the others. A field with a default may be missing. Errors name the type of a value, never the value.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}
    _ignores_unknown_fields: ClassVar[bool] = False

    def to_json(self) -> dict[str, Any]:
        """Plain data for json.dumps: tuples as lists, dates as ISO text."""
        return {name: _plain(getattr(self, field)) for name, field in _names(cast(Any, type(self))).items()}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Reads a document. Raises ContractError, which names the place."""
        return cls._read(data)

    @classmethod
    def _read(cls, data: Any) -> Self:
        if not isinstance(data, Mapping):
            raise _unexpected("an object", data)
        names, readers = _names(cast(Any, cls)), _readers(cast(Any, cls))
        values = {}
        for name, value in data.items():
            name = RENAMED.get(name, name) if name not in names else name
            if name in names:
                values[names[name]] = _at(name, readers[name], value)
            elif not cls._ignores_unknown_fields:
                raise ContractError(f"{cls.__name__} has no such field", name)
        for name in _required(cast(Any, cls)):
            if names[name] not in values:
                raise ContractError("is missing", name)
        return cls(**values)


#: former names of fields, by which older documents are still read
RENAMED: Mapping[str, str] = {
    "null_marks": "null_values",
    "least": "min_ratio",
    "most": "max_ratio",
    "most_apart": "max_difference",
    "least_ratio": "min_ratio",
    "may_lack": "max_missing_rate",
    "may_fail": "max_failure_rate",
    "most_worse": "max_gap",
    "watch": "warn",
    "drifted": "alert",
    "gone": "missing_category",
    "over_all": "dataset_drift",
}


@cache
def _names(cls: Any) -> dict[str, str]:
    """The fields of a class by their names in JSON."""
    return {name_of(field): field.name for field in dataclasses.fields(cls)}


@cache
def _required(cls: Any) -> tuple[str, ...]:
    missing = dataclasses.MISSING
    fields = dataclasses.fields(cls)
    return tuple(name_of(each) for each in fields if each.default is missing and each.default_factory is missing)


@cache
def _readers(cls: Any) -> dict[str, Callable[[Any], Any]]:
    hints = typing.get_type_hints(cls)
    return {name: _reader(hints[field]) for name, field in _names(cls).items()}


def _at(name: str | int, reader: Callable[[Any], Any], value: Any) -> Any:
    """The value of a field, a key or an index; errors name its place."""
    try:
        return reader(value)
    except ContractError as error:
        raise ContractError(str(error), name, *error.place) from None


def _unexpected(expected: str, value: Any) -> ContractError:
    return ContractError(f"is {type(value).__name__}; expected {expected}")


def _reader(hint: Any) -> Callable[[Any], Any]:
    """The function that converts a JSON value to the type; most types are JSON's own."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if isinstance(hint, type) and issubclass(hint, Part):
        return hint._read
    if hint is dt.date:
        return _date
    if origin is typing.Literal:
        return _literal(arguments)
    if hint in _SCALARS:
        return _scalar(hint)
    if origin is tuple:
        kinds = arguments[:1] if arguments[-1] is Ellipsis else arguments
        return _tuple(tuple(map(_reader, kinds)), None if arguments[-1] is Ellipsis else len(arguments))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_reader(arguments[1]))
    return _same


#: JSON's types of a scalar; an integer is a float as well
_SCALARS: dict[Any, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (float, int), str: (str,)}


def _same(value: Any) -> Any:
    return value


def _union(members: tuple[Any, ...]) -> Callable[[Any], Any]:
    """Reads a union: a value of a scalar member stays as it is; any other value belongs to the one member that is no
    scalar.
    """
    scalars = tuple(_SCALARS[each] for each in members if each in _SCALARS)
    plain = tuple(kind for kinds in scalars for kind in kinds)
    others = [_reader(each) for each in members if each not in _SCALARS and each is not type(None)]
    optional = type(None) in members

    def read(value: Any) -> Any:
        if (value is None and optional) or type(value) in plain:
            return value
        if others:
            return others[0](value)
        raise _unexpected(" or ".join(dict.fromkeys(kind.__name__ for kind in plain)), value)

    return read


def _scalar(hint: Any) -> Callable[[Any], Any]:
    kinds = _SCALARS[hint]

    def read(value: Any) -> Any:
        if type(value) not in kinds:
            raise _unexpected(hint.__name__, value)
        return value

    return read


def _literal(values: tuple[Any, ...]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str | int) or value not in values:
            raise _unexpected(f"one of {', '.join(map(repr, values))}", value)
        return value

    return read


def _date(value: Any) -> dt.date:
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _unexpected("a date such as 2026-01-31", value) from None


def _tuple(readers: tuple[Callable[[Any], Any], ...], length: int | None) -> Callable[[Any], Any]:
    """Reads a list of one type, or of a fixed length with a type for each place."""

    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise _unexpected("a list", value)
        if length is None:
            return tuple(_at(place, readers[0], each) for place, each in enumerate(value))
        if len(value) != length:
            raise _unexpected(f"a list of {length}", value)
        return tuple(_at(place, reader, each) for place, (reader, each) in enumerate(zip(readers, value, strict=True)))

    return read


def _mapping(reader: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _unexpected("an object", value)
        return {name: _at(name, reader, each) for name, each in value.items()}

    return read


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.to_json()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return value.isoformat() if isinstance(value, dt.date) else value
