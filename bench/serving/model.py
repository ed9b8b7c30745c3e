"""The model that is asked, the flights' own of models/flights.yaml, trained on three months; and what is sent."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from bench.processes import ROOT
from examples.flights import read
from perennial.contract.model import ModelSpec
from perennial.contract.plan import Origin, Plan
from perennial.spec import load
from training.train import Paths, train

_MONTHS, _ASKED = [1, 2, 3], [4]
_DTYPES = {"boolean": pl.Boolean, "integer": pl.Int64, "number": pl.Float64, "category": pl.String}
#: of a column, what the preparation writes into a plan
MANY = 1000


@dataclass(frozen=True)
class Asked:
    """A model's folder, its version, and the bodies that are sent to it."""

    folder: Path
    version: str
    one_csv: Path
    one_json: Path
    many_csv: Path


def make(folder: Path, estimator: str = "hist_gradient_boosting") -> Asked:
    """Train, and write the bodies."""
    shutil.rmtree(folder, ignore_errors=True)
    spec = load(ROOT / "models" / "flights.yaml")
    paths = Paths.of({"SAGEMAKER_BASE_DIR": str(folder)})
    for needed in (paths.data, paths.plan):
        needed.mkdir(parents=True)
    _typed(spec, _MONTHS).write_parquet(paths.data / "rows.parquet")
    (paths.plan / "plan.json").write_text(json.dumps(_plan(spec, estimator)))
    with contextlib.redirect_stdout(io.StringIO()):
        digest = train(paths)
    return _bodies(folder, spec, paths.model, f"{spec.name}@{digest[:12]}")


def _bodies(folder: Path, spec: ModelSpec, model: Path, version: str) -> Asked:
    names = [name for name in spec.columns if spec.is_feature(name)]
    rows = _typed(spec, _ASKED).select(names).drop_nulls().sample(MANY, seed=1)
    asked = Asked(model, version, *(folder / name for name in ("one.csv", "one.json", "many.csv")))
    asked.one_csv.write_text(rows.head(1).write_csv(include_header=False))
    asked.one_json.write_text(json.dumps(rows.row(0, named=True)))
    asked.many_csv.write_text(rows.write_csv(include_header=False))
    return asked


def _typed(spec: ModelSpec, months: list[int]) -> pl.DataFrame:
    moments = {name for name, column in spec.columns.items() if column.type == "datetime"}
    return read(months).select(
        pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC")
        if name in moments
        else pl.col(name).cast(_DTYPES[column.type])
        for name, column in spec.columns.items()
    )


def _plan(spec: ModelSpec, estimator: str) -> dict[str, Any]:
    training = replace(
        spec.training,
        estimator=estimator,
        parameters=spec.training.parameters if estimator == spec.training.estimator else {},
    )
    return Plan.of(replace(spec, training=training), "run-bench", None, Origin()).to_json()


def environment(asked: Asked, code: Path | None = None) -> dict[str, str]:
    """What the image sets for a model: ours serves with nothing but what lies in its archive."""
    return {
        **os.environ,
        "SM_MODEL_DIR": str(asked.folder),
        "SAGEMAKER_BASE_DIR": str(asked.folder.parent),
        "PYTHONPATH": str(code or asked.folder / "code"),
        "PERENNIAL_MODEL_VERSION": asked.version,
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "",
    }
