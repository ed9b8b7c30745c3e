"""The output of the job for the gate: evaluation.json, and the table of both models' predictions on the same rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from perennial.contract.plan import Plan
from perennial.contract.values import written

FORMAT = 2
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """A model's predictions for the held-out rows: probabilities of the positive or numbers (n,), or (n, K)."""

    name: str
    classes: Sequence[Any]
    threshold: float | None
    values: Floats

    def where(self, rows: NDArray[np.bool_]) -> Scored:
        """The predictions for some of the rows."""
        return replace(self, values=self.values[rows])


def write(path: Path, content: dict[str, Any]) -> None:
    """Writes evaluation.json. NaN is not JSON and raises an error."""
    text = json.dumps({"format": FORMAT, **content}, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_predictions(
    path: Path, plan: Plan, rows: pd.DataFrame, hashes: NDArray[np.uint64], models: Sequence[Scored]
) -> None:
    """Writes predictions.parquet: `row` (the hash of the key), the key's columns, `actual`, and each model's
    predictions.
    """
    table: dict[str, Any] = {"row": hashes, **{f"key.{name}": rows[name].to_numpy() for name in plan.key}}
    table["actual"] = rows[plan.target].to_numpy()
    for model in models:
        if plan.problem == "multiclass":
            for place, value in enumerate(model.classes):
                table[f"{model.name}.probability.{written(value)}"] = model.values[:, place]
        else:
            table[f"{model.name}.{'value' if plan.problem == 'regression' else 'probability'}"] = model.values
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(table), preserve_index=False), path)
