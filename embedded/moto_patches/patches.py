"""Replacing attributes of moto, and putting them back."""

from typing import Any

MOTO_VERSION = "5.2.5"


class MotoChangedError(RuntimeError):
    """moto is not the version the replacements were written for."""


class Patches:
    """Replacements made for one cloud; `undo` puts all of them back, last first."""

    def __init__(self) -> None:
        self._replaced: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, value: object) -> Any:
        """Sets `owner.name` to `value` and returns what was there; raises MotoChangedError if nothing was."""
        if not hasattr(owner, name):
            place = getattr(owner, "__qualname__", getattr(owner, "__name__", repr(owner)))
            raise MotoChangedError(f"moto has no {place}.{name}: pin moto to {MOTO_VERSION} or adapt embedded/moto_patches")
        original = getattr(owner, name)
        self._replaced.append((owner, name, original))
        setattr(owner, name, value)
        return original

    def undo(self) -> None:
        """Puts back every replaced attribute."""
        while self._replaced:
            owner, name, original = self._replaced.pop()
            setattr(owner, name, original)
