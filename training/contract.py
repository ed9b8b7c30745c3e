"""A declared column: its type, how its text is cleaned, and what its values may be.

It imports nothing, so that a server starts fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TYPES = ("boolean", "integer", "number", "text", "category", "date", "datetime")
_LIMITS = ("minimum", "maximum", "values", "pattern", "min_length", "max_length")


@dataclass(frozen=True)
class Column:
    """A column as the model's specification declares it. Bounds of dates and moments are ISO 8601 text."""

    name: str
    type: str
    nullable: bool = False
    feature: bool = True
    sensitive: bool = False
    minimum: float | int | str | None = None
    maximum: float | int | str | None = None
    values: tuple[Any, ...] | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    trim: bool = False
    replace: Mapping[str, str] = field(default_factory=dict)
    #: None: those of the whole dataset
    null_marks: tuple[str, ...] | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Column:
        """From a plan's or a manifest's JSON. Raises KeyError where name or type is missing."""
        limits = {name: data[name] for name in _LIMITS if data.get(name) is not None}
        if "values" in limits:
            limits["values"] = tuple(limits["values"])
        return cls(
            name=data["name"],
            type=data["type"],
            nullable=bool(data.get("nullable", False)),
            feature=bool(data.get("feature", True)),
            sensitive=bool(data.get("sensitive", False)),
            trim=bool(data.get("trim", False)),
            replace=dict(data.get("replace") or {}),
            null_marks=None if data.get("null_marks") is None else tuple(data["null_marks"]),
            **limits,
        )

    @property
    def limits(self) -> dict[str, Any]:
        """What is declared of its values, ready for JSON."""
        found = {name: getattr(self, name) for name in _LIMITS}
        return {name: list(v) if name == "values" else v for name, v in found.items() if v is not None}

    @property
    def cleaning(self) -> dict[str, Any]:
        """What is done to its text before it is typed, ready for JSON; empty where nothing is."""
        found: dict[str, Any] = {"trim": True} if self.trim else {}
        if self.replace:
            found["replace"] = dict(self.replace)
        if self.null_marks is not None:
            found["null_marks"] = list(self.null_marks)
        return found
