"""The rows that a model accepts: its features with their limits, and the policy for values beyond them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from perennial.contract.columns import NULL_VALUES, declared
from perennial.contract.fields import Field, PayloadError

if TYPE_CHECKING:
    from perennial.contract.model import ModelSpec


@dataclass
class Rows:
    """Typed rows by column, in the features' order; lists of equal length. `beyond`: how many rows break a limit.

    `kept` has the columns that are no features, where the schema keeps them.
    """

    columns: dict[str, list[Any]]
    count: int
    invalid: int = 0
    beyond: dict[str, int] = field(default_factory=dict)
    kept: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Schema:
    """The features, in order, and other declared columns (the target, ids), which are ignored in requests.

    `refuses`: rows beyond the contract are refused. `takes_unknown`: columns that are not declared are ignored, too.
    `kept`: columns that are no features, which monitoring reads where a request holds them; the server keeps none.
    """

    fields: tuple[Field, ...]
    ignored: frozenset[str]
    refuses: bool = False
    takes_unknown: bool = False
    kept: tuple[Field, ...] = ()

    @classmethod
    def of(cls, manifest: Mapping[str, Any]) -> Schema:
        """The schema in a model's manifest."""
        nulls = manifest.get("null_values", NULL_VALUES)
        fields = tuple(
            Field(name, column, each.get("categories") if each.get("complete") else None, nulls)
            for each, (name, column) in zip(manifest["features"], declared(manifest["features"]).items(), strict=True)
        )
        return cls(
            fields,
            frozenset(manifest.get("ignored", ())),
            manifest.get("out_of_contract") == "refuse",
            manifest.get("unknown_columns") == "ignore",
        )

    @classmethod
    def of_spec(cls, spec: ModelSpec) -> Schema:
        """The schema of a model trained with this spec. Its learnt categories are unknown."""
        nulls = spec.validation.null_values
        fields = tuple(Field(name, spec.columns[name], None, nulls) for name in spec.features())
        ignored = frozenset(spec.columns) - frozenset(spec.features())
        return cls(
            fields,
            ignored,
            spec.serving.out_of_contract == "refuse",
            spec.validation.unknown_columns == "ignore",
        )

    @classmethod
    def observed(cls, spec: ModelSpec) -> Schema:
        """The schema by which monitoring reads requests: `of_spec`, and the columns that are no features are kept."""
        nulls = spec.validation.null_values
        others = [name for name in spec.columns if name != spec.target and not spec.is_feature(name)]
        kept = tuple(Field(name, replace(spec.columns[name], nullable=True), None, nulls) for name in others)
        return replace(cls.of_spec(spec), kept=kept)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(each.name for each in self.fields)

    @cached_property
    def read_names(self) -> tuple[str, ...]:
        """The names of the features and of the columns that are kept."""
        return (*self.names, *(each.name for each in self.kept))

    @cached_property
    def known(self) -> frozenset[str]:
        """Every name that a request may contain."""
        return self.ignored | frozenset(self.names)

    @cached_property
    def required(self) -> frozenset[str]:
        """The names that a request must contain."""
        return frozenset(each.name for each in self.fields if not each.nullable)

    @cached_property
    def has_literals(self) -> bool:
        """True if a JSON number, true or false may be a null value or be replaced, so that its text counts."""
        return any(each.has_literals for each in (*self.fields, *self.kept))

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The columns that are read, by their names."""
        return {each.name: each for each in (*self.fields, *self.kept)}

    @cached_property
    def writes_numbers(self) -> bool:
        """True if a JSON number has another spelling as the text of a cell of some feature."""
        return any(each.written(".") != "." for each in (*self.fields, *self.kept))

    def rows(self, columns: Mapping[str, Sequence[Any]], count: int, json: bool = False) -> Rows:
        """Typed rows that were compared with the contract. An absent nullable feature is null. Raises PayloadError.

        `json`: the cells are JSON values, which may have to be read again as text (TextNeededError).
        """
        if count == 0:
            raise PayloadError("there are no rows; expected at least one")
        if count == 1:
            return self._one_row(columns, json)
        typed: dict[str, list[Any]] = {}
        for each in self.fields:
            given = columns.get(each.name)
            typed[each.name] = [None] * count if given is None else each.typed(given, json)
        return self._checked(Rows(typed, count, kept=self._kept(columns, count, json) if self.kept else {}))

    def _kept(self, columns: Mapping[str, Sequence[Any]], count: int, json: bool) -> dict[str, list[Any]]:
        """The columns that are kept; a value that cannot be read is null, for the server has not read it."""
        return {
            each.name: [each.readable(value, json) for value in columns.get(each.name, [None] * count)]
            for each in self.kept
        }

    def _one_row(self, columns: Mapping[str, Sequence[Any]], json: bool) -> Rows:
        """The result of `rows` for one row, the most frequent case, without work that pays off only for many rows."""
        rows = Rows({}, 1)
        for each in self.fields:
            given = columns.get(each.name)
            value = None if given is None else each.one(given[0], 0, json)
            rows.columns[each.name] = [value]
            if value is not None and each.within is not None and not each.within(value):
                self._note(each, {0: each.breach(value) or ""}, rows)
                rows.invalid = 1
        if self.kept:
            rows.kept = self._kept(columns, 1, json)
        return rows

    def _checked(self, rows: Rows) -> Rows:
        """The same rows. Values beyond the contract are counted or, by the policy, refused with a PayloadError."""
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
