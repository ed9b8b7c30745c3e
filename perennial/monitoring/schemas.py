"""The columns of the tables about a model's traffic, with their data types."""

from __future__ import annotations

import polars as pl

from perennial.contract import observed as names
from perennial.contract.model import ModelSpec
from perennial.dtypes import DTYPES

MOMENT = pl.Datetime("us", "UTC")


def request_schema(spec: ModelSpec) -> dict[str, pl.DataType]:
    """One row for each answered row: when, which version, the inputs by the contract, the answer."""
    return identity_schema() | input_schema(spec) | answer_schema(spec)


def identity_schema() -> dict[str, pl.DataType]:
    """The columns that say which row it is, when it was answered and by which version."""
    return {
        names.AT: MOMENT,
        names.VERSION: pl.String(),
        names.EVENT: pl.String(),
        names.REQUEST: pl.String(),
        names.ROW: pl.Int64(),
    }


def input_schema(spec: ModelSpec) -> dict[str, pl.DataType]:
    """Every declared column but the target; those that no request may show are left out, or are texts of digits."""
    treatment = spec.treatment()
    found: dict[str, pl.DataType] = {}
    for name, column in spec.columns.items():
        hidden = column.sensitive and treatment != "keep"
        if name == spec.target or (hidden and treatment == "drop"):
            continue
        found[name] = pl.String() if hidden else DTYPES[column.type]
    return found


def answer_schema(spec: ModelSpec) -> dict[str, pl.DataType]:
    """The answer has the target's type, or for a regression that of a number."""
    answer = pl.Float64() if spec.problem == "regression" else DTYPES[spec.columns[spec.target].type]
    found: dict[str, pl.DataType] = {names.ANSWER: answer, names.SCORE: pl.Float64()}
    if spec.problem == "multiclass":
        found |= {names.CLASSES: pl.List(pl.String()), names.SCORES: pl.List(pl.Float64())}
    return found


def unreadable_schema() -> dict[str, pl.DataType]:
    """One row for each request that is in no other table, with the reason and the place of its record."""
    return {
        names.AT: MOMENT,
        names.VERSION: pl.String(),
        names.EVENT: pl.String(),
        names.REQUEST: pl.String(),
        names.REASON: pl.String(),
        names.OBJECT: pl.String(),
        names.LINE: pl.Int64(),
    }


def truth_schema(spec: ModelSpec) -> dict[str, pl.DataType]:
    """One row for each label that was uploaded. The request is named by its inference id, or by the spec's key."""
    keys = {name: DTYPES[spec.columns[name].type] for name in spec.key}
    return {
        names.REQUEST: pl.String(),
        names.ROW: pl.Int64(),
        **keys,
        names.LABEL: DTYPES[spec.columns[spec.target].type],
        names.KNOWN_AT: MOMENT,
        names.UPLOADED_AT: MOMENT,
        names.TRUTH: pl.String(),
    }
