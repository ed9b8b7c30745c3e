"""The tables of a model's traffic as Athena sees them: names and types of their columns."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.monitoring.schemas import request_schema, truth_schema, unreadable_schema

Columns = tuple[tuple[str, str], ...]

_TYPES: Mapping[pl.DataType, str] = {
    pl.Boolean(): "boolean",
    pl.Int64(): "bigint",
    pl.Float64(): "double",
    pl.String(): "string",
    pl.Date(): "date",
    pl.Datetime("us", "UTC"): "timestamp",
    pl.List(pl.String()): "array<string>",
    pl.List(pl.Float64()): "array<double>",
}


def tables(spec: ModelSpec) -> dict[str, Columns]:
    """The columns of each table of a model, by the table's kind."""
    schemas = {
        layout.REQUESTS: request_schema(spec),
        layout.UNREADABLE: unreadable_schema(),
        layout.TRUTHS: truth_schema(spec),
    }
    return {kind: columns(schema) for kind, schema in schemas.items()}


def columns(schema: Mapping[str, pl.DataType]) -> Columns:
    """The columns in Athena's types. It knows lower case only: of two names that differ in case the first is kept."""
    found: dict[str, str] = {}
    for name, dtype in schema.items():
        found.setdefault(name.lower(), _TYPES[dtype])
    return tuple(found.items())
