"""pandera on pandas: the 19 rules. Whole numbers with missing values are floats, as pandas reads them."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pandera.pandas as pa

from bench.table import COLUMNS, Column
from bench.validation.pandera_names import broken
from bench.validation.rules import FASTEST, RULES, Rule
from bench.work import Task, perform, violations

DTYPES = {"boolean": bool, "integer": "int64", "number": "float64", "text": object}


def validate(task: Task) -> dict[str, Any]:
    """Validates with all failures at once (lazy), as its documentation recommends for reports."""
    rows = pd.read_csv(task.current) if task.current.suffix == ".csv" else pd.read_parquet(task.current)
    try:
        _schema().validate(rows, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return violations(broken(errors.failure_cases[["column", "check", "index"]].itertuples(index=False)))
    return violations({})


def _schema() -> pa.DataFrameSchema:
    columns = {
        name: pa.Column(
            _dtype(column),
            checks=[_check(rule) for rule in RULES if rule.column == name and rule.kind != "unique"],
            nullable=column.nullable,
            unique=any(rule.column == name and rule.kind == "unique" for rule in RULES),
        )
        for name, column in COLUMNS.items()
    }
    fast = pa.Check(_plausible, name="speed", ignore_na=False)
    return pa.DataFrameSchema(columns, checks=[fast], strict=True)


def _dtype(column: Column) -> Any:
    return "float64" if column.type == "integer" and column.nullable else DTYPES[column.type]


def _check(rule: Rule) -> pa.Check:
    if rule.kind == "range":
        return pa.Check.in_range(rule.low, rule.high)
    if rule.kind == "set":
        return pa.Check.isin(rule.values)
    if rule.kind == "length":
        return pa.Check.str_length(int(rule.low), int(rule.high))
    return pa.Check.str_matches(rf"^{rule.pattern}$")


def _plausible(rows: pd.DataFrame) -> pd.Series:
    return (rows["distance"] <= FASTEST * rows["air_time"]) | rows["air_time"].isna()


if __name__ == "__main__":
    perform({"validate": validate})
