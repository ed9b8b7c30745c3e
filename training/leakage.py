"""The columns of a training that alone nearly give the target, for the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from perennial.contract.columns import Column
from perennial.contract.plan import Plan
from perennial.leakage import MOST_ROWS, leaks
from training.split import Split


def measure(plan: Plan, split: Split) -> list[dict[str, Any]]:
    """The leaks among the features, measured on training rows, which are in the order of a hash."""
    rows = split.train.head(MOST_ROWS)
    columns = {name: values(column, rows[name]) for name, column in plan.features.items() if column.type != "text"}
    found = leaks(columns, rows[plan.target].tolist(), plan.problem != "regression", plan.seed)
    return [leak.to_json() for leak in found]


def values(column: Column, series: pd.Series) -> Sequence[Any]:
    """Values as `leaks` takes them: moments as numbers, None for what is missing."""
    if column.type in ("date", "datetime"):
        moments = series.astype("int64").astype(object)
        return list(moments.where(series.notna(), None))
    return list(series.astype(object).where(series.notna(), None))
