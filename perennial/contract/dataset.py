"""A dataset: its card, its columns, rules over rows and over the whole, and what a reader may spend on one file."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from perennial.contract.columns import NULL_VALUES, Breach, Column, Problem, Value
from perennial.contract.part import Part, required, setting


@dataclass(frozen=True)
class Card(Part):
    """The dataset card: the data's origin, terms of use and personal data.

    Each field may be given by the card that is uploaded beside the data; perennial.card lists the required ones.
    """

    origin: str | None = setting(None, "The origin of the data. Without it no upload is accepted.")
    licence: str | None = setting(
        None, "The licence, preferably as an SPDX identifier. Without it no upload is accepted."
    )
    terms: str | None = setting(None, "Terms of use in a sentence.")
    personal_data: str = setting("none", "The personal data in it, or 'none'.")
    lawful_basis: str | None = setting(
        None, "The legal ground on which personal data is used. Without it no personal data is accepted."
    )
    retention_days: int = setting(3650, "The retention of the data in days.", ge=1)
    collected: dt.date | None = setting(None, "The day from which retention counts. Default: that of the upload.")

    def digest(self) -> str:
        """The SHA-256 of the card's content, 64 hex digits."""
        return hashlib.sha256(json.dumps(self.to_json(), separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class RowRule(Part):
    """A rule over several columns of a row: broken where its expression is false; null passes."""

    name: str = required("The rule's name in messages.", min_length=1, max_length=64)
    holds: str = required("An SQL expression over the row's columns; where it is false, the rule is broken.")
    on_breach: Breach = setting("quarantine", "Quarantine rows that break it, or refuse the dataset.")
    tolerance: float | None = setting(None, "The share of rows that may break this rule.", ge=0, le=1)


@dataclass(frozen=True)
class Volume(Part):
    """The number of rows a dataset may have, as multiples of the median of earlier accepted ones."""

    min_ratio: float = setting(0.0, "The minimum, as a multiple of the usual number.", ge=0)
    max_ratio: float = setting(1000.0, "The maximum, as a multiple of the usual number.", gt=0)
    versions: int = setting(5, "The number of earlier datasets whose median is the usual number.", ge=1, le=100)


@dataclass(frozen=True)
class Validation(Part):
    """The strictness with which a dataset is read."""

    tolerance: float = setting(
        0.0, "The share of rows that may break rules without a tolerance of their own.", ge=0, le=1
    )
    rules: tuple[RowRule, ...] = setting((), "Rules over several columns.", max_length=200)
    duplicates: Literal["keep", "drop"] = setting("keep", "Rows that equal an earlier one in every column.")
    unknown_columns: Literal["refuse", "ignore"] = setting("refuse", "A column that the spec does not name.")
    forgotten: Literal["accept", "leave_out"] = setting(
        "accept", "Rows of a person who was forgotten before: accept them, or leave them out."
    )
    null_values: tuple[str, ...] = setting(
        NULL_VALUES, "Texts that mean 'missing', in every format and at the endpoint.", max_length=100
    )
    min_rows: int = setting(1, "A dataset with fewer sound rows is refused.", ge=1)
    max_rows: int | None = setting(None, "A dataset with more sound rows is refused.", ge=1)
    max_age_days: int | None = setting(
        None, "A dataset whose newest row is older than this at its upload is refused.", ge=0
    )
    volume: Volume | None = setting(None, "Bounds for the number of rows, relative to earlier datasets.")


@dataclass(frozen=True)
class Data(Part):
    """The relation of a model's uploads to each other."""

    uploads: Literal["increment", "snapshot"] = setting(
        "increment", "An upload adds rows to the earlier ones (increment), or replaces them (snapshot: a full export)."
    )
    refused_runs: Literal["leave_out", "include"] = setting(
        "leave_out", "Datasets whose candidate was refused: leave them out of later trainings, or include them."
    )
    daily_uploads: int = setting(500, "The number of uploads in a day (UTC); further ones wait for the next day.", ge=1)
    daily_gb: float = setting(
        1000.0, "The size of a day's uploads in GB, with the parts that manifests name; further ones wait.", gt=0
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """A reader's budget for one file. Bytes, unless the name says otherwise."""

    batch_bytes: int = 32 << 20
    batch_rows: int = 262_144
    line_bytes: int = 1 << 20
    total_bytes: int = 64 << 30
    #: decompressed bytes per compressed byte that are believed; plain repetition in real files stays below 100
    expansion: int = 200
    #: smaller content is never called a bomb, whatever its ratio
    expansion_free_bytes: int = 64 << 20
    parquet_expansion: int = 500
    parquet_free_bytes: int = 256 << 20
    columns: int = 2_000
    #: keys that are held in memory to find repeats; further ones are in a temporary folder
    keys: int = 2_000_000
    examples: int = 5


@dataclass(frozen=True)
class Contract:
    """The part of a spec that validation, profiles and drift need."""

    columns: Mapping[str, Column]
    target: str
    problem: Problem = "binary"
    key: tuple[str, ...] = ()
    event_time: str | None = None
    validation: Validation = Validation()
    limits: Limits = field(default_factory=Limits)
    positive: Value | None = None

    @property
    def classified(self) -> bool:
        """True if the target is a class."""
        return self.problem != "regression"

    def is_feature(self, name: str) -> bool:
        """True if the column is shown to the model."""
        column = self.columns[name]
        if name == self.target:
            return False
        if column.feature is not None:
            return column.feature
        return column.type != "text" and name not in self.key

    def features(self) -> tuple[str, ...]:
        """The names of the columns shown to the model, in the spec's order."""
        return tuple(name for name in self.columns if self.is_feature(name))

    def nulls(self, name: str) -> tuple[str, ...]:
        """The texts that mean 'missing' in a column."""
        return self.columns[name].nulls(self.validation.null_values)

    @property
    def common_nulls(self) -> tuple[str, ...]:
        """The dataset's null values that are null values of every column."""
        shared = frozenset(self.validation.null_values).intersection(*(self.nulls(name) for name in self.columns))
        return tuple(text for text in self.validation.null_values if text in shared)
