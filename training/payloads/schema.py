"""What may be sent to a model, by its manifest: fields with their limits, and what is done with what is beyond them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from perennial.contract.columns import declared
from training.payloads.field import Field, PayloadError

__all__ = ["Field", "PayloadError", "Rows", "Schema"]


@dataclass
class Rows:
    """Typed rows by column, in the features' order; lists of equal length. `beyond`: how many rows break a limit."""

    columns: dict[str, list[Any]]
    count: int
    invalid: int = 0
    beyond: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Schema:
    """What may be sent: the features, in order, and other declared columns (the target, ids), which are ignored."""

    fields: tuple[Field, ...]
    ignored: frozenset[str]
    null_values: frozenset[str]
    refuses: bool = False

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Schema:
        """From a model's manifest."""
        ignored, marks = manifest.get("ignored", ()), manifest.get("null_values", ("",))
        fields = tuple(
            Field(name, column, each.get("categories") if each.get("complete") else None, marks)
            for each, (name, column) in zip(manifest["features"], declared(manifest["features"]).items(), strict=True)
        )
        return cls(fields, frozenset(ignored), frozenset(marks), manifest.get("out_of_contract") == "refuse")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(each.name for each in self.fields)

    @cached_property
    def known(self) -> frozenset[str]:
        """Every name that may be sent."""
        return self.ignored | frozenset(self.names)

    @cached_property
    def required(self) -> frozenset[str]:
        """The names that must be sent."""
        return frozenset(each.name for each in self.fields if not each.nullable)

    def rows(self, columns: Mapping[str, Sequence[Any]], count: int, null_values: Collection[str]) -> Rows:
        """Typed rows, held against the contract. A nullable feature that is absent is null. Raises PayloadError."""
        if count == 0:
            raise PayloadError("there are no rows; expected at least one")
        if count == 1:
            return self._one_row(columns, null_values)
        typed: dict[str, list[Any]] = {}
        for each in self.fields:
            given = columns.get(each.name)
            typed[each.name] = [None] * count if given is None else each.typed(given, null_values)
        return self._checked(Rows(typed, count))

    def _one_row(self, columns: Mapping[str, Sequence[Any]], null_values: Collection[str]) -> Rows:
        """The same for one row, which most requests hold, without what only pays for many."""
        rows = Rows({}, 1)
        for each in self.fields:
            given = columns.get(each.name)
            value = None if given is None else each.one(given[0], 0, null_values)
            rows.columns[each.name] = [value]
            if value is not None and each.within is not None and not each.within(value):
                self._note(each, {0: each.breach(value) or ""}, rows)
                rows.invalid = 1
        return rows

    def _checked(self, rows: Rows) -> Rows:
        """The same rows, with what is beyond the contract counted or, by the policy, refused with a PayloadError."""
        broken: set[int] = set()
        for each in self.fields:
            found = each.breaches(rows.columns[each.name]) if each.within is not None else {}
            if found:
                self._note(each, found, rows)
                broken.update(found)
        rows.invalid = len(broken)
        return rows

    def _note(self, field: Field, found: dict[int, str], rows: Rows) -> None:
        if self.refuses:
            row, reason = min(found.items())
            raise PayloadError(f"row {row}, '{field.name}': {reason}", row, field.name)
        rows.beyond[field.name] = len(found)
