"""What goes into a model's folder beside the fitted pipeline."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.pipeline import Pipeline

from perennial.contract.plan import Plan
from training import golden
from training.columns import plain
from training.fast import parity
from training.fast.path import FOLDER, Fast
from training.features import Features
from training.model import Model, environment
from training.payloads.schema import Schema
from training.predictions import said

GOLDEN_ROWS = 200
# Serving needs these alone. A test serves from an archive to prove it.
CONTRACT = ("__init__", "contract/__init__", "contract/columns", "contract/part")
SERVING = (
    "__init__", "artifact", "columns", "encoders", "features", "golden", "model", "predictions", "score",
    "serve", "served", "tables", "versions",
    *(f"payloads/{name}" for name in (
        "__init__", "answers", "bulk", "field", "inputs", "negotiation", "parquet", "readers", "schema", "values",
    )),
    *(f"fast/{name}" for name in ("__init__", "contributions", "encoding", "masks", "path", "trees")),
)  # fmt: skip


def facts(
    plan: Plan, pipeline: Pipeline, classes: Sequence[Any], trained_on: int, threshold: float | None
) -> dict[str, Any]:
    """The manifest's members: what the model is, what goes in, what comes out."""
    first = pipeline[0]
    categories = first.categories() if isinstance(first, Features) else {}
    features = [
        {
            "name": name,
            "type": column.type,
            "nullable": column.nullable,
            **column.limits,
            **column.cleaning,
            "categories": categories.get(name, (None, False))[0],
            "complete": categories.get(name, (None, False))[1],
        }
        for name, column in plan.features.items()
    ]
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
        "ignored": [name for name in plan.columns if name not in plan.features],
        "null_values": list(plan.null_values),
        "out_of_contract": plan.out_of_contract,
        "estimator": plan.estimator,
        "parameters": dict(plan.parameters),
        "rows": trained_on,
        "run": plan.run,
        **plan.origin.to_json(),
        "versions": environment(),
    }


def copy_code(source: Path, target: Path, with_models: bool) -> None:
    """What serving needs, from the folder that holds training/ (and models/, where the estimator is the user's)."""
    files = [source / "perennial" / f"{name}.py" for name in CONTRACT]
    files += [source / "training" / f"{name}.py" for name in SERVING]
    if with_models:
        files += sorted((source / "models").glob("*.py"))
    for file in files:
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def write_golden(folder: Path, model: Model, held_out: pd.DataFrame) -> None:
    """The first held-out rows, by their hash, with what the model says of them on the path by which it will serve.

    Rows that a server may refuse, for a category that training never saw, are none to ask it for.
    """
    rows = _answerable(model, held_out.head(2 * GOLDEN_ROWS)).head(GOLDEN_ROWS)
    columns = {name: plain(column, rows[name]) for name, column in model.features.items()}
    fast = folder / FOLDER
    predictions = (
        said(model.manifest, Fast(fast).values(parity.typed(model, rows), len(rows))) if fast.is_dir() else None
    )
    content = {
        "rows": [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)],
        "predictions": (predictions or model.predict(rows)).entries(),
    }
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    (folder / golden.FILE).write_text(text, encoding="utf-8")


def _answerable(model: Model, rows: pd.DataFrame) -> pd.DataFrame:
    """All rows, where none would be left."""
    columns = parity.typed(model, rows)
    refused: set[int] = set()
    for field in Schema.of(model.manifest).fields:
        refused.update(field.breaches(columns[field.name]))
        if not field.nullable:
            refused.update(row for row, value in enumerate(columns[field.name]) if value is None)
    return rows if len(refused) == len(rows) else rows.drop(rows.index[sorted(refused)])
