"""The served model, models/flights.yaml trained on three months; and the bodies of the requests."""

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
from training.job import Paths
from training.train import train

_MONTHS, _ASKED = [1, 2, 3], [4]
_DTYPES = {"boolean": pl.Boolean, "integer": pl.Int64, "number": pl.Float64, "category": pl.String}
#: members of a column that the preparation writes into a plan
MANY = 1000


@dataclass(frozen=True)
class PreparedModel:
    """A model's folder, its version, and the bodies of requests to it."""

    folder: Path
    version: str
    one_csv: Path
    one_json: Path
    many_csv: Path


def make(folder: Path, estimator: str = "hist_gradient_boosting") -> PreparedModel:
    """Trains the model and writes the bodies."""
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


def _bodies(folder: Path, spec: ModelSpec, model: Path, version: str) -> PreparedModel:
    names = [name for name in spec.columns if spec.is_feature(name)]
    rows = _typed(spec, _ASKED).select(names).drop_nulls().sample(MANY, seed=1)
    prepared = PreparedModel(model, version, *(folder / name for name in ("one.csv", "one.json", "many.csv")))
    prepared.one_csv.write_text(rows.head(1).write_csv(include_header=False))
    prepared.one_json.write_text(json.dumps(rows.row(0, named=True)))
    prepared.many_csv.write_text(rows.write_csv(include_header=False))
    return prepared


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


def environment(prepared: PreparedModel, code: Path | None = None) -> dict[str, str]:
    """The environment variables that the image sets: the server has nothing but the model's archive."""
    return {
        **os.environ,
        "SM_MODEL_DIR": str(prepared.folder),
        "SAGEMAKER_BASE_DIR": str(prepared.folder.parent),
        "PYTHONPATH": str(code or prepared.folder / "code"),
        "PERENNIAL_MODEL_VERSION": prepared.version,
        "OMP_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "",
    }
