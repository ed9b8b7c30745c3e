"""Evidently 0.7: its data drift preset, by PSI for all columns and by its own choice of method. Reads both files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

from bench.table import CATEGORICAL, FEATURES, NUMERIC
from bench.work import Task, drifted, perform


def psi(task: Task) -> dict[str, Any]:
    """PSI for all columns."""
    return _report(task, method="psi")


def default(task: Task) -> dict[str, Any]:
    """Its own choice for more than 1,000 rows: normed Wasserstein and Jensen-Shannon distances."""
    return _report(task)


def _report(task: Task, **options: Any) -> dict[str, Any]:
    report = Report([DataDriftPreset(columns=list(FEATURES), **options)])
    snapshot = report.run(_dataset(task.current), _dataset(task.reference)).dict()
    metrics = [metric for metric in snapshot["metrics"] if metric["config"]["type"].endswith("ValueDrift")]
    assert len(metrics) == len(FEATURES), [metric["config"] for metric in snapshot["metrics"]]
    return drifted([m["config"]["column"] for m in metrics if float(m["value"]) >= m["config"]["threshold"]])


def _dataset(path: Path) -> Dataset:
    definition = DataDefinition(numerical_columns=list(NUMERIC), categorical_columns=list(CATEGORICAL))
    return Dataset.from_pandas(pd.read_parquet(path, columns=list(FEATURES)), data_definition=definition)


if __name__ == "__main__":
    perform({"psi": psi, "default": default})
