"""From rows to a model's folder: fitted, saved, sealed, and read back."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

from training import artifact, bundle, estimators, labels
from training.failure import TrainingError
from training.model import Model
from training.plan import Plan
from training.progress import report
from training.rows import Split

CODE = Path(__file__).resolve().parent.parent


def fit(plan: Plan, split: Split, folder: Path) -> tuple[Model, float]:
    """A model in `folder` and the seconds that fitting took. Raises TrainingError.

    It is read back from what was written: the model that is judged is the model that will serve.
    """
    classes = [] if plan.problem == "regression" else labels.find(plan, split.train[plan.target])
    started = time.perf_counter()
    pipeline = _fitted(plan, split, classes)
    seconds = round(time.perf_counter() - started, 3)
    report("fitted", seconds=seconds)
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(pipeline, folder / "model.joblib")
    facts = bundle.facts(plan, pipeline, classes, len(split.train))
    bundle.copy_code(CODE, folder / "code", with_models=":" in plan.estimator)
    bundle.write_golden(folder, Model(folder, facts, pipeline, plan.features), split.held_out)
    digest = artifact.seal(folder, facts)
    report("saved", digest=digest)
    return Model.load(folder, digest), seconds


def _fitted(plan: Plan, split: Split, classes: list[Any]) -> Pipeline:
    target = split.train[plan.target]
    numbers = labels.numbers(target, classes) if classes else target.to_numpy(dtype=np.float64)
    pipeline = estimators.build(plan, max(1, len(classes)), CODE)
    threads = estimators.threads(len(split.train))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    estimators.use_threads(pipeline, os.cpu_count() or 1)
    try:
        with threadpool_limits(threads):
            pipeline.fit(split.train[[column.name for column in plan.features]], numbers)
    except (ValueError, TypeError) as error:
        raise TrainingError(
            f"The estimator {plan.estimator} could not be fitted: {error}. Check training.parameters in the spec."
        ) from error
    estimators.use_threads(pipeline, 1)
    return pipeline
