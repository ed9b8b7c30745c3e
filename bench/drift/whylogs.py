"""whylogs: a profile of all 22 columns, and drift scores against the reference's stored profile."""

from __future__ import annotations

from typing import Any

import pandas as pd
import whylogs
from whylogs.core.view.dataset_profile_view import DatasetProfileView
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

from bench.table import FEATURES
from bench.work import Task, drifted, perform

_FROZEN = "reference.bin"


def prepare(task: Task) -> dict[str, Any]:
    """The reference's profile, as whylogs stores it."""
    task.frozen.mkdir(parents=True, exist_ok=True)
    whylogs.log(pandas=pd.read_parquet(task.reference)).view().write(str(task.frozen / _FROZEN))
    return {}


def full(task: Task) -> dict[str, Any]:
    """Profile and drift scores, by its own choice of method (KS, chi-square) with its own thresholds."""
    current = whylogs.log(pandas=pd.read_parquet(task.current)).view()
    reference = DatasetProfileView.read(str(task.frozen / _FROZEN))
    scores = calculate_drift_scores(target_view=current, reference_view=reference, with_thresholds=True)
    return drifted([name for name in FEATURES if (scores[name] or {}).get("drift_category") == "DRIFT"])


if __name__ == "__main__":
    perform({"prepare": prepare, "full": full})
