"""pandera on Polars: the 19 rules on a DataFrame read whole, because pandera checks no values on a LazyFrame."""

from __future__ import annotations

from typing import Any

import pandera.polars as pa
import polars as pl

from bench.table import COLUMNS
from bench.validation.pandera_names import broken
from bench.validation.rules import FASTEST, RULES, Rule
from bench.work import Task, perform, violations

DTYPES = {"boolean": pl.Boolean, "integer": pl.Int64, "number": pl.Float64, "text": pl.String}


def validate(task: Task) -> dict[str, Any]:
    """Validates with all failures at once (lazy), as its documentation recommends for reports."""
    csv = task.current.suffix == ".csv"
    rows = pl.read_csv(task.current, schema=_dtypes()) if csv else pl.read_parquet(task.current)
    try:
        _schema().validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return violations(broken(errors.failure_cases.select("column", "check", "index").iter_rows()))
    return violations({})


def _dtypes() -> dict[str, Any]:
    return {name: DTYPES[column.type] for name, column in COLUMNS.items()}


def _schema() -> pa.DataFrameSchema:
    columns = {
        name: pa.Column(
            DTYPES[column.type],
            checks=[_check(rule) for rule in RULES if rule.column == name and rule.kind != "unique"],
            nullable=column.nullable,
            unique=any(rule.column == name and rule.kind == "unique" for rule in RULES),
        )
        for name, column in COLUMNS.items()
    }
    fast = pa.Check(_plausible, name="speed")
    return pa.DataFrameSchema(columns, checks=[fast], strict=True)


def _check(rule: Rule) -> pa.Check:
    if rule.kind == "range":
        return pa.Check.in_range(rule.low, rule.high)
    if rule.kind == "set":
        return pa.Check.isin(rule.values)
    if rule.kind == "length":
        return pa.Check.str_length(int(rule.low), int(rule.high))
    return pa.Check.str_matches(rf"^{rule.pattern}$")


def _plausible(data: pa.PolarsData) -> pl.LazyFrame:
    slow = pl.col("distance") <= FASTEST * pl.col("air_time")
    return data.lazyframe.select(slow | pl.col("air_time").is_null())


if __name__ == "__main__":
    perform({"validate": validate})
