"""What leaves the job for the gate: the figures of both models on the same rows, and the table of predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from perennial.gate.measuring.evaluation import Binary, Comparison, Figure, Multiclass, Outcomes, Regression, evaluate
from training import labels
from training.plan import Plan
from training.values import written

FORMAT = 1
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """A model's answers about the held-out rows: probabilities of the positive or numbers (n,), or (n, K)."""

    name: str
    classes: Sequence[Any]
    threshold: float | None
    values: Floats


def compare(plan: Plan, actual: pd.Series, candidate: Scored, champion: Scored | None) -> Comparison:
    """Figures of both on the rows whose truth is `actual`."""
    models = [candidate] if champion is None else [candidate, champion]
    known = _all_classes(actual, models)
    outcomes = [_outcomes(plan, actual, model, known) for model in models]
    return evaluate(outcomes[0], outcomes[1] if champion else None, plan.confidence, plan.seed)


def side_counts(plan: Plan, actual: pd.Series, classes: Sequence[Any]) -> dict[str, int]:
    """How many held-out rows are positive and negative; nothing for other problems."""
    if plan.problem != "binary":
        return {}
    positives = int((labels.numbers(actual, classes) == 1).sum())
    return {"positives": positives, "negatives": len(actual) - positives}


def as_dicts(figures: dict[str, Figure]) -> dict[str, dict[str, float | None]]:
    """Ready for JSON."""
    return {name: figure.as_dict() for name, figure in figures.items()}


def write(path: Path, content: dict[str, Any]) -> None:
    """evaluation.json. A NaN would be no JSON: there is none, by construction, and it is refused."""
    text = json.dumps({"format": FORMAT, **content}, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_predictions(
    path: Path, plan: Plan, rows: pd.DataFrame, hashes: NDArray[np.uint64], models: Sequence[Scored]
) -> None:
    """predictions.parquet: `row` (the hash of the key), the key's columns, `actual`, and each model's answers."""
    table: dict[str, Any] = {"row": hashes, **{f"key.{name}": rows[name].to_numpy() for name in plan.key}}
    table["actual"] = rows[plan.target].to_numpy()
    for model in models:
        if plan.problem == "multiclass":
            for place, value in enumerate(model.classes):
                table[f"{model.name}.probability.{written(value)}"] = model.values[:, place]
        else:
            table[f"{model.name}.{'value' if plan.problem == 'regression' else 'probability'}"] = model.values
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(table), preserve_index=False), path)


def _all_classes(actual: pd.Series, models: Sequence[Scored]) -> list[Any]:
    """Every class that a row has or a model knows; a model that does not know it gives it no probability."""
    if not models[0].classes:
        return []
    found = {value for model in models for value in model.classes} | set(actual.astype(object).tolist())
    return sorted(found)


def _outcomes(plan: Plan, actual: pd.Series, model: Scored, known: Sequence[Any]) -> Outcomes:
    if plan.problem == "regression":
        return Regression(actual.to_numpy(dtype=np.float64), model.values)
    if plan.problem == "binary":
        is_positive = labels.numbers(actual, model.classes) == 1
        return Binary(is_positive, model.values, labels.THRESHOLD if model.threshold is None else model.threshold)
    probabilities = np.zeros((len(actual), len(known)))
    probabilities[:, labels.numbers(pd.Series(list(model.classes), dtype=object), known)] = model.values
    return Multiclass(labels.numbers(actual, known), probabilities)
