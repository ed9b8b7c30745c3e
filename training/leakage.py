"""The columns of a training that alone nearly give the target, for the report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from perennial.contract.columns import Column
from perennial.contract.plan import Plan
from perennial.leakage import MOST_ROWS, Values, leaks
from training.split import Split


def measure(plan: Plan, split: Split) -> list[dict[str, Any]]:
    """The leaks among the features, measured on training rows, which are in the order of a hash."""
    rows = split.train.head(MOST_ROWS)
    columns = {name: values(column, rows[name]) for name, column in plan.features.items()}
    texts = [name for name, column in plan.features.items() if column.type == "text"]
    found = leaks(columns, rows[plan.target].tolist(), plan.problem != "regression", plan.seed, texts)
    return [leak.to_json() for leak in found]


def values(column: Column, series: pd.Series) -> Values:
    """Values as `leaks` takes them: categories and texts as they are, None for a missing one; the others as floats."""
    if column.type in ("date", "datetime"):
        return np.asarray(series.astype("int64").where(series.notna()).to_numpy(dtype=np.float64, na_value=np.nan))
    if column.type in ("category", "text"):
        return list(series.astype(object).where(series.notna(), None))
    return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
