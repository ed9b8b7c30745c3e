"""Hand-overs as typed JSON: an error names the reader and the field, never a value."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from cloud import CloudError
from perennial.contract.part import ContractError, Part, name_of, named

__all__ = ["MalformedJsonError", "TypedJson", "name_of", "named"]


class MalformedJsonError(CloudError):
    """A JSON document lacks a field, or a field has the wrong type."""


class TypedJson(Part):
    """The base of the hand-overs' dataclasses. Unknown fields are ignored: an event may have more fields."""

    _ignores_unknown_fields: ClassVar[bool] = True

    @classmethod
    def from_json(cls, data: Any, reader: str = "") -> Self:
        """Reads a document. `reader` names the reader in the error. Raises MalformedJsonError."""
        try:
            return cls._read(data)
        except ContractError as error:
            place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.place).lstrip(".")
            raise MalformedJsonError(f"{reader or cls.__name__}: field '{place or '(all)'}' {error}") from None
