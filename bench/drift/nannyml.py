"""nannyml: univariate drift by Jensen-Shannon distance, from a calculator fitted on the reference and stored."""

from __future__ import annotations

import pickle
from typing import Any

import nannyml
import pandas as pd

from bench.table import CATEGORICAL, FEATURES
from bench.work import Task, drifted, perform

_FROZEN = "calculator.pickle"


def prepare(task: Task) -> dict[str, Any]:
    """The fitted calculator."""
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=list(FEATURES),
        treat_as_categorical=list(CATEGORICAL),
        continuous_methods=["jensen_shannon"],
        categorical_methods=["jensen_shannon"],
        chunk_number=1,
        thresholds={"jensen_shannon": nannyml.thresholds.ConstantThreshold(upper=0.1)},
    )
    task.frozen.mkdir(parents=True, exist_ok=True)
    calculator.fit(pd.read_parquet(task.reference, columns=list(FEATURES)))
    (task.frozen / _FROZEN).write_bytes(pickle.dumps(calculator))
    return {}


def js(task: Task) -> dict[str, Any]:
    """Compares one chunk, for one verdict over the file; an alert is a distance above 0.1, as in its documentation."""
    calculator = pickle.loads((task.frozen / _FROZEN).read_bytes())
    results = calculator.calculate(pd.read_parquet(task.current, columns=list(FEATURES)))
    table = results.filter(period="analysis").to_df()
    return drifted([name for name in FEATURES if table[(name, "jensen_shannon", "alert")].any()])


if __name__ == "__main__":
    perform({"prepare": prepare, "js": js})
