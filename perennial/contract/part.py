"""Settings as frozen dataclasses: declared with limits and descriptions, written to JSON and read from it.

`setting` keeps a field's limits and description in the field's metadata, where pydantic finds them when
perennial.spec reads YAML. Nothing here imports pydantic: a server and a training job read the same classes.
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


class Part:
    """Base of all settings. `to_json` gives every field; `from_json` accepts a document that leaves some out."""

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    def to_json(self) -> dict[str, Any]:
        """Plain data for json.dumps: tuples as lists, dates as ISO text."""
        return {name: _plain(getattr(self, name)) for name in _field_names(cast(Any, type(self)))}

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read a document that was checked when it was written. Raises ContractError, which names the place."""
        if not isinstance(data, Mapping):
            raise ContractError(f"expected an object of {cls.__name__}, found {type(data).__name__}")
        readers = _readers(cast(Any, cls))
        values = {}
        for name, value in data.items():
            name = RENAMED.get(name, name) if name not in readers else name
            if name not in readers:
                raise ContractError(f"{cls.__name__} has no field '{name}'", name)
            try:
                values[name] = readers[name](value)
            except ContractError as error:
                raise ContractError(str(error), name, *error.place) from None
        try:
            return cls(**values)
        except TypeError as error:
            raise ContractError(f"{cls.__name__}: {error}") from None


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
def _field_names(cls: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(cls))


@cache
def _readers(cls: Any) -> dict[str, Callable[[Any], Any]]:
    hints = typing.get_type_hints(cls)
    return {name: _reader(hints[name]) for name in _field_names(cls)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    """The function that turns JSON's value into one of the type; most types are JSON's own."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments)
    if isinstance(hint, type) and issubclass(hint, Part):
        return hint.from_json
    if hint is dt.date:
        return _date
    if origin is typing.Literal:
        return _literal(arguments)
    if hint in _SCALARS:
        return _scalar(hint)
    if origin is tuple:
        return _tuple(_reader(arguments[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(_reader(arguments[1]))
    return _same


#: JSON's types of a scalar; an integer is a float as well
_SCALARS: dict[Any, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (float, int), str: (str,)}


def _same(value: Any) -> Any:
    return value


def _union(members: tuple[Any, ...]) -> Callable[[Any], Any]:
    """A value that is of one of the scalar members stays; all else is for the one member that is no scalar."""
    scalars = tuple(_SCALARS[each] for each in members if each in _SCALARS)
    plain = tuple(kind for kinds in scalars for kind in kinds)
    others = [_reader(each) for each in members if each not in _SCALARS and each is not type(None)]
    optional = type(None) in members

    def read(value: Any) -> Any:
        if (value is None and optional) or type(value) in plain:
            return value
        if others:
            return others[0](value)
        raise ContractError(f"expected {' or '.join(kind.__name__ for kind in plain)}, found {value!r:.80}")

    return read


def _scalar(hint: Any) -> Callable[[Any], Any]:
    kinds = _SCALARS[hint]

    def read(value: Any) -> Any:
        if type(value) not in kinds:
            raise ContractError(f"expected {hint.__name__}, found {value!r:.80}")
        return value

    return read


def _literal(values: tuple[Any, ...]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if value not in values:
            raise ContractError(f"expected one of {', '.join(map(str, values))}, found {value!r:.80}")
        return value

    return read


def _date(value: Any) -> dt.date:
    try:
        return value if isinstance(value, dt.date) else dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ContractError(f"expected a date such as 2026-01-31, found {value!r}") from None


def _tuple(reader: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise ContractError(f"expected a list, found {type(value).__name__}")
        return tuple(map(reader, value)) if reader is not _same else tuple(value)

    return read


def _mapping(reader: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ContractError(f"expected an object, found {type(value).__name__}")
        found = {}
        for name, each in value.items():
            try:
                found[name] = reader(each)
            except ContractError as error:
                raise ContractError(str(error), name, *error.place) from None
        return found

    return read


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return value.to_json()
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    return value.isoformat() if isinstance(value, dt.date) else value
