"""The constraints of a shape, compiled once: required members, lengths, bounds, enums, patterns and types."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.model import Shape

from embedded.validation.patterns import Pattern

_LARGE = 64  # characters of a value that a message repeats at most from each side of a long one


@dataclass
class Findings:
    """The faults of one request, in AWS's words; `misshapen` is the first value with another type than the model's."""

    sentences: list[str] = field(default_factory=list)
    misshapen: str | None = None

    def add(self, value: Any, path: str, constraint: str) -> None:
        """Adds the fault that a member's value breaks a constraint."""
        start = f"Value {value} at" if value else "Value at"
        self.sentences.append(f"{start} '{path}' failed to satisfy constraint: {constraint}")


Check = Callable[[Any, str, Findings], None]
Limits = list[tuple[Callable[[Any], bool], str]]


class Compiler:
    """Makes the check of each shape of one service once.

    Args:
        raw: values are as the JSON protocol brings them: members by their names on the wire, blobs in base64, and no
            type checked yet.
    """

    def __init__(self, *, raw: bool) -> None:
        self._raw = raw
        self._checks: dict[str, Check] = {}

    def check(self, shape: Shape) -> Check:
        """The function that records the faults of a value of that shape."""
        known = self._checks.get(shape.name)
        if known is not None:
            return known
        # A shape may contain itself: until its check is made, other checks look it up when called.
        self._checks[shape.name] = lambda value, path, found: self._checks[shape.name](value, path, found)
        made = getattr(self, f"_{shape.type_name}", self._scalar)(shape)
        self._checks[shape.name] = made
        return made

    def _structure(self, shape: Any) -> Check:
        if getattr(shape, "is_document_type", False):
            return _nothing
        wire = {name: member.serialization.get("name", name) for name, member in shape.members.items()}
        wire = wire if self._raw else {name: name for name in wire}
        required = [wire[name] for name in shape.required_members]
        checks = {wire[name]: self.check(member) for name, member in shape.members.items()}
        names = {wire[name]: _lower(name) for name in wire}

        def run(value: Any, path: str, found: Findings) -> None:
            if not isinstance(value, dict):
                _misshape(found, path, "a structure")
                return
            prefix = f"{path}." if path else ""
            for name in required:
                if value.get(name) is None:
                    found.add("null", prefix + names[name], "Member must not be null")
            for name, member in value.items():
                if member is not None and name in checks:
                    checks[name](member, prefix + names[name], found)

        return run

    def _list(self, shape: Any) -> Check:
        sizes, member = _sizes(shape, len), shape.member
        inner = self._limits(member)
        check = None if inner is not None else self.check(member)
        fits, named = self._kind(member)

        def run(value: Any, path: str, found: Findings) -> None:
            if not isinstance(value, list):
                _misshape(found, path, "a list")
                return
            _hold(value, path, found, sizes)
            given = [item for item in value if item is not None]
            if check is not None:
                for number, item in enumerate(value, 1):
                    if item is not None:
                        check(item, f"{path}.{number}.member", found)
            elif not all(map(fits, given)):
                _misshape(found, path, f"a list whose members are each {named}")
            elif inner and not _all_hold(given, inner):
                found.add(_shown(value), path, f"Member must satisfy constraint: [{_words(inner)}]")

        return run

    def _map(self, shape: Any) -> Check:
        sizes, keys, inner = _sizes(shape, len), self._limits(shape.key), self._limits(shape.value)
        check = None if inner is not None else self.check(shape.value)
        fits, named = self._kind(shape.value)

        def run(value: Any, path: str, found: Findings) -> None:
            if not isinstance(value, dict):
                _misshape(found, path, "a map")
                return
            _hold(value, path, found, sizes)
            if keys and not _all_hold(value, keys):
                found.add(_shown(value), path, f"Map keys must satisfy constraint: [{_words(keys)}]")
            if check is not None:
                for key, item in value.items():
                    if item is not None:
                        check(item, f"{path}.{key}.member", found)
            elif not all(map(fits, given := [item for item in value.values() if item is not None])):
                _misshape(found, path, f"a map whose values are each {named}")
            elif inner and not _all_hold(given, inner):
                found.add(_shown(value), path, f"Map value must satisfy constraint: [{_words(inner)}]")

        return run

    def _scalar(self, shape: Any) -> Check:
        limits, sensitive = self._limits(shape) or [], bool(shape.metadata.get("sensitive"))
        fits, named = self._kind(shape)

        def run(value: Any, path: str, found: Findings) -> None:
            if not fits(value):
                _misshape(found, path, named)
                return
            _hold(value, path, found, limits, hidden=sensitive)

        return run

    def _kind(self, shape: Any) -> tuple[Callable[[Any], bool], str]:
        """The test of a raw value's type, and the type in words."""
        kinds, named = _KINDS.get(shape.type_name, (object, "")) if self._raw else (object, "")
        numeric = shape.type_name in _NUMBERS
        return lambda value: isinstance(value, kinds) and not (numeric and isinstance(value, bool)), named

    def _limits(self, shape: Any) -> Limits | None:
        """The constraints of each scalar of that shape; None for a shape with parts."""
        if shape.type_name in ("structure", "list", "map"):
            return None
        if shape.type_name == "string":
            return _strings(shape)
        if shape.type_name == "blob":
            return _sizes(shape, _blob_length, "have length")
        return _bounds(shape) if shape.type_name in _NUMBERS else []


_NUMBERS = ("integer", "long", "float", "double", "short", "byte")
_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "string": (str, "a string"),
    "boolean": (bool, "a boolean"),
    "integer": (int, "an integer"),
    "long": (int, "an integer"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
}


def _nothing(_value: Any, _path: str, _found: Findings) -> None:
    """The check of a document: any value is valid."""


def _misshape(found: Findings, path: str, wanted: str) -> None:
    found.misshapen = found.misshapen or f"Start of a value of another type where {wanted} is expected: {path}"


def _hold(value: Any, path: str, found: Findings, limits: Limits, *, hidden: bool = False) -> None:
    for holds, words in limits:
        if not holds(value):
            found.add("" if hidden else _shown(value), path, words)


def _all_hold(values: Any, limits: Limits) -> bool:
    return all(holds(value) for value in values for holds, _ in limits)


def _words(limits: Limits) -> str:
    return ", ".join(words for _, words in limits)


def _strings(shape: Any) -> Limits:
    limits = _sizes(shape, _java_length, "have length")
    pattern, choices = shape.metadata.get("pattern"), shape.metadata.get("enum")
    if choices:
        chosen = frozenset(choices)
        limits.append((lambda value: value in chosen, f"Member must satisfy enum value set: [{', '.join(choices)}]"))
    if pattern:
        made = Pattern(pattern)
        longest = shape.metadata.get("max")
        limits.append(
            (
                # For a text that is too long only the length is reported.
                lambda value: (longest is not None and len(value) > longest) or made.fits(value),
                f"Member must satisfy regular expression pattern: {pattern}",
            )
        )
    return limits


def _sizes(shape: Any, length: Callable[[Any], int], words: str = "have length") -> Limits:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    limits: Limits = []
    if most is not None:
        limits.append((lambda value: length(value) <= most, f"Member must {words} less than or equal to {most}"))
    if least:
        limits.append((lambda value: length(value) >= least, f"Member must {words} greater than or equal to {least}"))
    return limits


def _bounds(shape: Any) -> Limits:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    limits: Limits = []
    if most is not None:
        limits.append((lambda value: value <= most, f"Member must have value less than or equal to {most}"))
    if least is not None:
        limits.append((lambda value: value >= least, f"Member must have value greater than or equal to {least}"))
    return limits


def _java_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _blob_length(value: str | bytes) -> int:
    if isinstance(value, bytes):
        return len(value)
    try:
        return len(base64.b64decode(value))
    except (binascii.Error, ValueError):
        return len(value)


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _shown(value: Any) -> str:
    """A value as Java writes it, with the middle of a long one omitted."""
    text = _java(value)
    if len(text) > 4 * _LARGE:
        text = f"{text[: 3 * _LARGE]}...{text[-_LARGE:]}"
    return f"'{text}'"


def _java(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_java(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_java, value))}]"
    return f"({len(value)} bytes)" if isinstance(value, bytes) else str(value)
