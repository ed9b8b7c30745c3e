"""Redaction: a report omits values of sensitive and text columns, except groups that a fairness rule names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perennial.reports.json_values import entries, mapping, member, text

WITHHELD = "(withheld)"


@dataclass(frozen=True)
class Redaction:
    """The columns whose values are redacted, and those of them that a fairness rule compares."""

    hidden: frozenset[str]
    compared: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Redaction:
        """The redaction for the spec's columns. Without columns nothing is redacted."""
        columns = mapping(member(spec, "columns"))
        hidden = {
            text(name)
            for name, column in columns.items()
            if member(column, "sensitive") is True or member(column, "type") == "text"
        }
        rules = entries(member(member(spec, "gate"), "fairness"))
        compared = {text(name) for rule in rules for name in entries(member(rule, "columns"))}
        texts = {text(name) for name, column in columns.items() if member(column, "type") == "text"}
        return cls(frozenset(hidden), frozenset(compared - texts))

    def hides(self, column: object) -> bool:
        """True if values of the column are redacted."""
        return text(column) in self.hidden

    def group(self, column: object, value: object) -> str:
        """A group's name: shown if a fairness rule names the column, or if the column is not redacted."""
        return text(value) if not self.hides(column) or text(column) in self.compared else WITHHELD

    def where(self, where: object) -> str:
        """'carrier=EV, origin=EWR' of {column: value}, with redacted values."""
        return ", ".join(f"{text(column)}={self.group(column, _values(value))}" for column, value in _pairs(where))

    def redact(self, sentence: str) -> str:
        """A sentence with 'column=value' redacted for every redacted column."""
        for column in sorted(self.hidden - self.compared):
            sentence = re.sub(rf"(?<!\w){re.escape(column)}=[^,;:]*(?<![.\s])", f"{column}={WITHHELD}", sentence)
        return sentence

    def redacts_any(self, where: object) -> bool:
        """True if any of the values is redacted."""
        return any(self.group(column, "x") != "x" for column, _ in _pairs(where))


def _pairs(where: object) -> list[tuple[str, Any]]:
    return list(mapping(where).items())


def _values(value: object) -> object:
    return " or ".join(text(each) for each in entries(value)) if isinstance(value, list | tuple) else value
