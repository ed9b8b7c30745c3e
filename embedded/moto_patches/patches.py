"""Replacement of moto's attributes, and its undoing."""

from collections.abc import Callable
from typing import Any

MOTO_VERSION = "5.2.5"


class MotoChangedError(RuntimeError):
    """The installed moto is not the version that the replacements were written for."""


class Patches:
    """The replacements of one cloud; `undo` reverts them, last first."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def replace(self, owner: Any, name: str, value: object) -> Any:
        """Sets `owner.name` to `value` and returns what was there; raises MotoChangedError if nothing was."""
        if not hasattr(owner, name):
            place = getattr(owner, "__qualname__", getattr(owner, "__name__", repr(owner)))
            raise MotoChangedError(
                f"moto has no {place}.{name}: pin moto to {MOTO_VERSION} or adapt embedded/moto_patches"
            )
        original = getattr(owner, name)
        self._undo.append(lambda: setattr(owner, name, original))
        setattr(owner, name, value)
        return original

    def add(self, owner: Any, name: str, value: object) -> None:
        """Adds `owner.name`; raises MotoChangedError if moto has it by now."""
        if hasattr(owner, name):
            raise MotoChangedError(f"moto has {owner.__name__}.{name} now: remove ours, or replace moto's")
        self._undo.append(lambda: delattr(owner, name))
        setattr(owner, name, value)

    def put(self, mapping: Any, key: str, value: object) -> None:
        """Sets `mapping[key]`; raises MotoChangedError if there is no such key."""
        if key not in mapping:
            raise MotoChangedError(f"moto has no setting {key!r}: pin moto to {MOTO_VERSION}")
        original = mapping[key]
        self._undo.append(lambda: mapping.__setitem__(key, original))
        mapping[key] = value

    def undo(self) -> None:
        """Puts back every replaced attribute and setting."""
        while self._undo:
            self._undo.pop()()
