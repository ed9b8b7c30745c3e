"""Great Expectations 1.x: the 19 rules as one suite on a pandas batch, run once, with only counts in the result."""

from __future__ import annotations

from collections import Counter
from typing import Any

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd

from bench.table import COLUMNS, REQUIRED, Column
from bench.validation.rules import FASTEST, RULES, Rule
from bench.work import Task, perform, violations

DTYPES = {"boolean": "bool", "integer": "int64", "number": "float64", "text": "str"}


def validate(task: Task) -> dict[str, Any]:
    """Validates with an ephemeral context, a batch of the whole data frame, and one validation."""
    rows = pd.read_csv(task.current) if task.current.suffix == ".csv" else pd.read_parquet(task.current)
    # no expectation covers an expression over two columns: the difference is a column of its own, as in its
    # documentation
    if rows["distance"].dtype.kind in "iuf":
        rows["allowed"] = FASTEST * rows["air_time"].fillna(1e9)
    else:
        rows["allowed"] = rows["distance"]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("departures")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows})
    suite = gx.ExpectationSuite("departures", expectations=_expectations())
    report = batch.validate(suite, result_format="BASIC")
    return violations(_broken(report))


def _expectations() -> list[Any]:
    made = [
        gxe.ExpectColumnValuesToBeOfType(column=name, type_=_dtype(column), meta={"rule": "types"})
        for name, column in COLUMNS.items()
    ]
    made += [gxe.ExpectColumnValuesToNotBeNull(column=name, meta={"rule": "nulls"}) for name in REQUIRED]
    return made + [_expectation(rule) for rule in RULES if rule.kind not in ("types", "nulls")]


def _dtype(column: Column) -> str:
    return "float64" if column.type == "integer" and column.nullable else DTYPES[column.type]


def _expectation(rule: Rule) -> Any:
    column, meta = rule.column, {"rule": rule.name}
    if rule.kind == "range":
        return gxe.ExpectColumnValuesToBeBetween(column=column, min_value=rule.low, max_value=rule.high, meta=meta)
    if rule.kind == "set":
        return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(rule.values), meta=meta)
    if rule.kind == "length":
        low, high = int(rule.low), int(rule.high)
        return gxe.ExpectColumnValueLengthsToBeBetween(column=column, min_value=low, max_value=high, meta=meta)
    if rule.kind == "pattern":
        return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=rf"^{rule.pattern}$", meta=meta)
    if rule.kind == "unique":
        return gxe.ExpectColumnValuesToBeUnique(column=column, meta=meta)
    pair = {"column_A": "allowed", "column_B": "distance", "or_equal": True}
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(**pair, meta=meta)


def _broken(report: Any) -> Counter[str]:
    counts: Counter[str] = Counter()
    for result in report.results:
        if not result.success:
            counts[result.expectation_config.meta["rule"]] += result.result.get("unexpected_count") or 1
    return counts


if __name__ == "__main__":
    perform({"validate": validate})
