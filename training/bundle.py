"""The files in a model's folder beside the fitted pipeline."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from perennial import heldout
from perennial.contract.naming import FEWEST_NAMED
from perennial.contract.plan import Plan
from perennial.contract.schema import Schema
from training.artifact import environment
from training.columns import plain
from training.fast import parity
from training.fast.path import FOLDER, Fast
from training.model import Model
from training.predictions import GOLDEN, predicted

GOLDEN_ROWS = 200
MOST_CATEGORIES = 10_000  # categories of a column that a manifest lists
# Serving needs only these. A test serves from an archive to prove it.
CONTRACT = (
    "__init__",
    *(f"contract/{name}" for name in (
        "__init__", "bulk", "columns", "fields", "formats", "parquet", "part", "patterns", "requests",
        "reveal", "schema", "signed", "thrift", "values",
    )),
)  # fmt: skip
SERVING = (
    "__init__", "artifact", "columns", "encoders", "ensemble", "features", "imported", "model", "ngrams", "predictions",
    "quantile", "score", "serve", "served", "tables", "target_means", "wheels", "words",
    *(f"payloads/{name}" for name in (
        "__init__", "answers", "inputs", "negotiation", "parquet",
    )),
    *(f"fast/{name}" for name in (
        "__init__", "contributions", "encoding", "ensemble", "links", "ngrams", "quickscorer", "path", "trees", "words",
    )),
)  # fmt: skip


def facts(plan: Plan, classes: Sequence[Any], train: pd.DataFrame, threshold: float | None) -> dict[str, Any]:
    """The manifest's members about the model, its input and its output.

    `categories` are those of the training rows, whatever categories the encoding distinguishes; for more than
    MOST_CATEGORIES none are listed, and an unseen category is no breach. The last `unnamed` of them have few rows: the
    server knows them, and no description names them.
    """
    categories = {name: _categories(train[name]) for name, column in plan.features.items() if column.type == "category"}
    features = [
        {
            "name": name,
            "type": column.type,
            "nullable": column.nullable,
            **column.limits,
            **column.cleaning,
            "categories": None if (found := categories.get(name)) is None else list(found),
            "complete": found is not None,
            "unnamed": 0 if found is None else sum(count < FEWEST_NAMED for count in found.values()),
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
        "target_words": list(plan.target_words) if plan.target_words else None,
        "threshold": threshold,
        "features": features,
        "ignored": [name for name in plan.columns if name not in plan.features],
        "null_values": list(plan.null_values),
        "out_of_contract": plan.out_of_contract,
        "reveal": plan.reveal,
        "unknown_columns": plan.unknown_columns,
        "estimator": plan.estimator,
        "parameters": dict(plan.parameters),
        "rows": len(train),
        "without_near_duplicates": True,  # of held-out rows: later trainings compare models on these
        "division": division(plan),
        "run": plan.run,
        **plan.origin.to_json(),
        "versions": environment(),
    }


def division(plan: Plan) -> dict[str, Any]:
    """The settings that the side of a row depends on; of a secret only its digest."""
    secret = heldout.secret_digest(plan.secret)
    return {"key": list(plan.key), "group": list(plan.split.group), "held_out": plan.held_out, "secret": secret}


def _categories(values: pd.Series) -> dict[str, int] | None:
    """All categories with their rows, the most frequent first; None if there are too many."""
    counts = values.dropna().value_counts()
    if len(counts) > MOST_CATEGORIES:
        return None
    return {name: -rows for rows, name in sorted(zip((-counts).tolist(), counts.index.tolist(), strict=True))}


def keep_categories(facts: dict[str, Any], known: Sequence[Mapping[str, Any]]) -> None:
    """Adds the categories that a champion knew to the features of the model that grew from it."""
    before = {feature["name"]: feature for feature in known}
    for feature in facts["features"]:
        then = before.get(feature["name"])
        if then is None or feature["categories"] is None:
            continue
        both = list(
            dict.fromkeys([*_frequent(then), *_frequent(feature), *(then["categories"] or ()), *feature["categories"]])
        )
        complete = then["complete"] and len(both) <= MOST_CATEGORIES
        unnamed = len(both) - len({*_frequent(then), *_frequent(feature)})
        feature |= {
            "categories": both if complete else None,
            "complete": complete,
            "unnamed": unnamed if complete else 0,
        }


def _frequent(feature: Mapping[str, Any]) -> list[str]:
    """The categories of a manifest's feature that are named in what is published; models of before count none."""
    categories = list(feature["categories"] or ())
    return categories[: len(categories) - feature.get("unnamed", 0)]


def copy_code(source: Path, target: Path, with_models: bool) -> None:
    """Copies the code for serving from the folder of training/ (and models/, if the estimator is the user's)."""
    files = [source / "perennial" / f"{name}.py" for name in CONTRACT]
    files += [source / "training" / f"{name}.py" for name in SERVING]
    if with_models:
        files += sorted((source / "models").glob("*.py"))
    for file in files:
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def write_golden(folder: Path, model: Model, held_out: pd.DataFrame) -> None:
    """Writes the first held-out rows, by their hash, with the model's predictions on its serving path.

    Rows with an unseen category are left out, because a server may refuse them.
    """
    rows = _answerable(model, held_out.head(2 * GOLDEN_ROWS)).head(GOLDEN_ROWS)
    columns = {name: plain(column, rows[name]) for name, column in model.features.items()}
    fast = folder / FOLDER
    predictions = (
        predicted(model.manifest, Fast(fast).values(parity.typed(model, rows), len(rows))) if fast.is_dir() else None
    )
    content = {
        "rows": [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)],
        "predictions": (predictions or model.predict(rows)).entries(),
    }
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    (folder / GOLDEN).write_text(text, encoding="utf-8")


def _answerable(model: Model, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without an unseen category; all rows if there are none."""
    columns = parity.typed(model, rows)
    refused: set[int] = set()
    for field in Schema.of(model.manifest).fields:
        refused.update(field.breaches(columns[field.name]))
        if not field.nullable:
            refused.update(row for row, value in enumerate(columns[field.name]) if value is None)
    return rows if len(refused) == len(rows) else rows.drop(rows.index[sorted(refused)])
