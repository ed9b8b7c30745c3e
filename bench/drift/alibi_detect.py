"""alibi-detect: KS for numbers and chi-square for categories (TabularDrift). Reads both files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from alibi_detect.cd import TabularDrift

from bench.table import CATEGORICAL, FEATURES, NUMERIC
from bench.work import Task, drifted, perform


def ks(task: Task) -> dict[str, Any]:
    """Tests each column, corrected for the number of columns. Its matrix has no missing values: medians fill them."""
    reference, current = _read(task.reference), _read(task.current)
    medians = reference[list(NUMERIC)].median()
    kinds = {name: pd.CategoricalDtype(sorted(set(reference[name]) | set(current[name]))) for name in CATEGORICAL}
    categories = {FEATURES.index(name): len(kinds[name].categories) for name in CATEGORICAL}
    detector = TabularDrift(_matrix(reference, medians, kinds), p_val=0.05, categories_per_feature=categories)
    found = detector.predict(_matrix(current, medians, kinds), drift_type="feature")["data"]
    return drifted([name for name, moved in zip(FEATURES, found["is_drift"], strict=True) if moved])


def _read(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path, columns=list(FEATURES))


def _matrix(rows: pd.DataFrame, medians: pd.Series, kinds: dict[str, pd.CategoricalDtype]) -> np.ndarray:
    codes = {name: rows[name].astype(kind).cat.codes for name, kind in kinds.items()}
    return rows.fillna(medians).assign(**codes).to_numpy(dtype=np.float64)


if __name__ == "__main__":
    perform({"ks": ks})
