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
from training.rows import Split
from training.thresholds import Choice

CODE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Fitted:
    """A model as it will serve, the seconds of the fit, and for a binary problem the choice of its threshold."""

    model: Model
    seconds: float
    threshold: Choice | None


def fit(plan: Plan, split: Split, folder: Path) -> Fitted:
    """Fits a model and writes it to `folder`. Raises TrainingError.

    The model is read back from the folder: the model that is evaluated is the model that will serve.
    """
    classes = [] if plan.problem == "regression" else labels.find(plan, split.train[plan.target])
    started = time.perf_counter()
    target = split.train[plan.target]
    numbers = labels.numbers(target, classes) if classes else target.to_numpy(dtype=np.float64)
    pipeline = _fitted(plan, split.train, numbers, classes)
    seconds = round(time.perf_counter() - started, 3)
    report("fitted", seconds=seconds)
    threshold = None
    if plan.problem == "binary":
        threshold = thresholds.choose(plan, split, numbers, lambda rows, truth: _fitted(plan, rows, truth, classes))
        report("threshold chosen", aim=threshold.aim, value=threshold.value)
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(pipeline, folder / "model.joblib")
    facts = bundle.facts(plan, classes, split.train, threshold.value if threshold else None)
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
    return Fitted(Model.load(folder, digest), seconds, threshold)


def _fitted(plan: Plan, rows: pd.DataFrame, numbers: NDArray[Any], classes: list[Any]) -> Pipeline:
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
