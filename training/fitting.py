"""Fitting: from rows to a model's folder, saved, sealed and read back."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

from perennial.contract.plan import Plan
from training import artifact, bundle, estimators, labels, thresholds, wheels
from training.fast import parity
from training.job import TrainingError, report
from training.model import Model
from training.payloads import openapi
from training.split import Split
from training.thresholds import Choice

CODE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Fitted:
    """The judged model and the one that will serve, mostly the same, with the seconds of the fits.

    `threshold`: the choice of a binary model's. `rows`: the number of rows that the served model was fitted on.
    """

    model: Model
    served: Model
    seconds: float
    threshold: Choice | None
    rows: int


def fit(plan: Plan, split: Split, folder: Path) -> Fitted:
    """Fits a model and writes it to `folder`. Raises TrainingError.

    The model is read back from the folder: the model that is evaluated is the model that will serve. With `refit` it is
    written to `folder`/judged, and the one that will serve is fitted on all rows, with the same classes and threshold.
    """
    classes = [] if plan.problem == "regression" else labels.find(plan, split.train[plan.target])
    numbers = targets(plan, split.train, classes)
    pipeline, seconds = _timed(plan, split.train, numbers, classes)
    threshold = None
    if plan.problem == "binary":
        threshold = thresholds.choose(plan, split, numbers, lambda rows, truth: pipeline_on(plan, rows, truth, classes))
        report("threshold chosen", aim=threshold.aim, value=threshold.value)
    facts = bundle.facts(plan, classes, split.train, threshold.value if threshold else None)
    if not plan.refit:
        served = _saved(plan, split, facts, pipeline, folder)
        return Fitted(served, served, seconds, threshold, len(split.train))
    judged = _sealed(plan, split, facts, pipeline, folder / artifact.JUDGED)
    rows = split.everything()
    if classes:  # the model has no class that only held-out rows have
        rows = rows[targets(plan, rows, classes) >= 0]
    pipeline, more = _timed(plan, rows, targets(plan, rows, classes), classes)
    served = _saved(plan, split, bundle.facts(plan, classes, rows, facts["threshold"]), pipeline, folder)
    return Fitted(judged, served, round(seconds + more, 3), threshold, len(rows))


def targets(plan: Plan, rows: pd.DataFrame, classes: list[Any]) -> NDArray[Any]:
    """The targets as numbers: the place of each among the classes, -1 for another value; or the values themselves."""
    values = rows[plan.target]
    return labels.numbers(values, classes) if classes else values.to_numpy(dtype=np.float64)


def _timed(plan: Plan, rows: pd.DataFrame, numbers: NDArray[Any], classes: list[Any]) -> tuple[Pipeline, float]:
    started = time.perf_counter()
    pipeline = pipeline_on(plan, rows, numbers, classes)
    seconds = round(time.perf_counter() - started, 3)
    report("fitted", seconds=seconds, rows=len(rows))
    return pipeline, seconds


def _saved(plan: Plan, split: Split, facts: dict[str, Any], pipeline: Pipeline, folder: Path) -> Model:
    """A model's folder as it will serve, sealed and read back."""
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(pipeline, folder / "model.joblib")
    bundle.copy_code(CODE, folder / "code", with_models=":" in plan.estimator)
    if any(column.pattern is not None for column in plan.features.values()):
        wheels.copy(CODE, folder / "code")
    model = Model(folder, facts, pipeline, plan.features)
    facts["serving"] = parity.choose(model, split.held_out, folder / "code")
    report("serving", **facts["serving"])
    openapi.write(folder, facts)
    bundle.write_golden(folder, model, split.held_out)
    digest = artifact.seal(folder, facts)
    report("saved", digest=digest)
    return Model.load(folder, digest)


def _sealed(plan: Plan, split: Split, facts: dict[str, Any], pipeline: Pipeline, folder: Path) -> Model:
    """The folder of a judged model that will not serve: later trainings compare with it."""
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(pipeline, folder / "model.joblib")
    bundle.write_golden(folder, Model(folder, facts, pipeline, plan.features), split.held_out)
    return Model.load(folder, artifact.seal(folder, facts))


def pipeline_on(plan: Plan, rows: pd.DataFrame, numbers: NDArray[Any], classes: list[Any]) -> Pipeline:
    """A pipeline fitted on rows with these targets: numbers, or places among the classes. Raises TrainingError."""
    pipeline = estimators.build(plan, max(1, len(classes)), CODE)
    threads = estimators.threads(len(rows))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    estimators.use_threads(pipeline, os.cpu_count() or 1)
    try:
        with threadpool_limits(threads):
            pipeline.fit(rows[list(plan.features)], numbers)
    except (ValueError, TypeError) as error:
        raise TrainingError(
            f"The estimator {plan.estimator} could not be fitted: {error}. Check training.parameters in the spec."
        ) from error
    estimators.use_threads(pipeline, 1)
    return pipeline
