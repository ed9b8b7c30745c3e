"""The subject whose data is to be found: values of columns, read as an upload reads them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from perennial import PerennialError
from perennial.contract.fields import Field, PayloadError
from perennial.contract.model import ModelSpec
from perennial.contract.values import shown, written


class SubjectError(PerennialError):
    """The text names no subject of this model."""


@dataclass(frozen=True)
class Subject:
    """Rows in which every named column has the value. `values` are typed, by column."""

    values: Mapping[str, Any]

    @property
    def asked(self) -> str:
        """The subject as `parse` reads it."""
        return urlencode(dict(zip(self.values, self.texts, strict=True)))

    @property
    def texts(self) -> tuple[str, ...]:
        """The values as text, as CSV and JSON have them."""
        return tuple(written(value) for value in self.values.values())

    def __str__(self) -> str:
        """The subject for the person who asked; no record, log or notice may have it."""
        return "&".join(f"{name}={text}" for name, text in zip(self.values, self.texts, strict=True))

    def fingerprint(self, secret: str) -> str:
        """The subject in records: 64 hex digits, an HMAC-SHA256 that nobody can try values on without the secret."""
        text = json.dumps(sorted(zip(self.values, self.texts, strict=True)), ensure_ascii=False)
        return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def parse(text: str, spec: ModelSpec) -> Subject:
    """Reads KEY=VALUE, or KEY=VALUE&KEY=VALUE where several columns name a person; %XX stands for & and =.

    Values are read as those of an upload: 7 and 7.0 are one integer. Raises SubjectError for a column that the spec
    does not declare, and for a value that is null or cannot be of the column's type.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        pairs = []
    names = [name for name, _ in pairs]
    if not pairs or len(set(names)) != len(names):
        raise SubjectError("a subject is KEY=VALUE, or KEY=VALUE&KEY=VALUE for several columns", "perennial forget -h")
    return Subject({name: _typed(name, value, spec) for name, value in pairs})


def field(name: str, spec: ModelSpec) -> Field:
    """The reader of a column's values, without the limits of a model."""
    return Field(name, spec.columns[name], None, spec.validation.null_values)


def _typed(name: str, value: str, spec: ModelSpec) -> Any:
    if name not in spec.columns:
        known = ", ".join(spec.key or list(spec.columns)[:8])
        raise SubjectError(f"{spec.name} declares no column {shown(name)}; among its columns are: {known}")
    try:
        found = field(name, spec).one(value, 0)
    except PayloadError:
        found = None
    if found is None:
        raise SubjectError(f"the value for '{name}' is null or no {spec.columns[name].type}, so it names nobody")
    return found
