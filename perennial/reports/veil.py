"""What a report must not say: values of sensitive columns and of texts, but for groups that a fairness rule names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perennial.reports.reading import entries, mapping, part, text

WITHHELD = "(withheld)"


@dataclass(frozen=True)
class Veil:
    """The columns whose values are kept back, and those of them that a fairness rule compares by group."""

    hidden: frozenset[str]
    compared: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Veil:
        """By the spec's columns. Of a spec without columns nothing is known and nothing is hidden."""
        columns = mapping(part(spec, "columns"))
        hidden = {
            text(name)
            for name, column in columns.items()
            if part(column, "sensitive") is True or part(column, "type") == "text"
        }
        rules = entries(part(part(spec, "gate"), "fairness"))
        compared = {text(name) for rule in rules for name in entries(part(rule, "columns"))}
        texts = {text(name) for name, column in columns.items() if part(column, "type") == "text"}
        return cls(frozenset(hidden), frozenset(compared - texts))

    def hides(self, column: object) -> bool:
        """May values of the column not be shown?"""
        return text(column) in self.hidden

    def group(self, column: object, value: object) -> str:
        """A group's name: shown where a fairness rule names the column, or where the column is open."""
        return text(value) if not self.hides(column) or text(column) in self.compared else WITHHELD

    def where(self, where: object) -> str:
        """'carrier=EV, origin=EWR' of {column: value}, with hidden values withheld."""
        return ", ".join(f"{text(column)}={self.group(column, _values(value))}" for column, value in _pairs(where))

    def conceal(self, sentence: str) -> str:
        """A sentence without 'column=value' of hidden columns, whatever wrote it."""
        for column in sorted(self.hidden - self.compared):
            sentence = re.sub(rf"(?<!\w){re.escape(column)}=[^,;:]*(?<![.\s])", f"{column}={WITHHELD}", sentence)
        return sentence

    def veils(self, where: object) -> bool:
        """Is any of the values withheld?"""
        return any(self.group(column, "x") != "x" for column, _ in _pairs(where))


def _pairs(where: object) -> list[tuple[str, Any]]:
    return list(mapping(where).items())


def _values(value: object) -> object:
    return " or ".join(text(each) for each in entries(value)) if isinstance(value, list | tuple) else value
