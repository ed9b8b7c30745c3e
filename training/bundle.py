"""What goes into a model's folder beside the fitted pipeline."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline

from training.columns import plain
from training.features import Features
from training.model import Model, environment
from training.plan import Plan

GOLDEN_ROWS = 200
# Serving needs these alone: no perennial, no training. A test serves from an archive to prove it.
SERVING = (
    "__init__", "artifact", "columns", "encoders", "features", "model", "negotiation", "payloads", "predictions",
    "score", "serve", "tables", "values",
)  # fmt: skip


def facts(
    plan: Plan, pipeline: Pipeline, classes: Sequence[Any], trained_on: int, threshold: float | None
) -> dict[str, Any]:
    """The manifest's members: what the model is, what goes in, what comes out."""
    first = pipeline[0]
    categories = first.categories() if isinstance(first, Features) else {}
    features = [
        {"name": c.name, "type": c.type, "nullable": c.nullable, "categories": categories.get(c.name)}
        for c in plan.features
    ]
    shown = {column.name for column in plan.features}
    binary = plan.problem == "binary"
    return {
        "model": plan.model,
        "problem": plan.problem,
        "target": plan.target,
        "target_type": plan.target_column.type,
        "classes": list(classes) or None,
        "positive": classes[-1] if binary else None,
        "threshold": threshold,
        "features": features,
        "ignored": [column.name for column in plan.columns if column.name not in shown],
        "null_marks": list(plan.null_marks),
        "estimator": plan.estimator,
        "parameters": dict(plan.parameters),
        "rows": trained_on,
        "run": plan.run,
        **plan.origin,
        "versions": environment(),
    }


def copy_code(source: Path, target: Path, with_models: bool) -> None:
    """What serving needs, from the folder that holds training/ (and models/, where the estimator is the user's)."""
    files = [source / "training" / f"{name}.py" for name in SERVING]
    if with_models:
        files += sorted((source / "models").glob("*.py"))
    for file in files:
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def write_golden(folder: Path, model: Model, held_out: pd.DataFrame) -> None:
    """The first held-out rows, by their hash, with what the model says of them: to be said again wherever it serves."""
    rows = held_out.head(GOLDEN_ROWS)
    columns = {column.name: plain(column, rows[column.name]) for column in model.features}
    golden = {
        "rows": [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)],
        "predictions": model.predict(rows).entries(),
    }
    text = json.dumps(golden, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    (folder / "golden.json").write_text(text, encoding="utf-8")
