"""Fitting: from rows to a model's folder, saved, sealed and read back."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped, unused-ignore]

from perennial.contract.plan import Plan
from training import artifact, bundle, estimators, labels, progress, thresholds, wheels
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


@dataclass(frozen=True)
class Draft:
    """A fitted pipeline that is not yet written; `facts` replace those of the manifest, `known` are the champion's
    features, whose categories an amended model keeps.
    """

    pipeline: Any
    classes: Sequence[Any]
    threshold: Choice | None
    seconds: float
    facts: Mapping[str, Any] = field(default_factory=dict)
    known: Sequence[Mapping[str, Any]] = ()


def fit(plan: Plan, split: Split, folder: Path) -> Fitted:
    """Fits a model and writes it to `folder`. Raises TrainingError."""
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
    return write(plan, split, folder, Draft(pipeline, classes, threshold, seconds))


def write(plan: Plan, split: Split, folder: Path, draft: Draft) -> Fitted:
    """Writes a model to `folder`.

    The model is read back from the folder: the model that is evaluated is the model that will serve.
    """
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(draft.pipeline, folder / "model.joblib")
    threshold = draft.threshold.value if draft.threshold else None
    facts = bundle.facts(plan, draft.classes, split.train, threshold) | dict(draft.facts)
    bundle.keep_categories(facts, draft.known)
    bundle.copy_code(CODE, folder / "code", with_models=":" in plan.estimator)
    if any(column.pattern is not None for column in plan.features.values()):
        wheels.copy(CODE, folder / "code")
    model = Model(folder, facts, draft.pipeline, plan.features)
    facts["serving"] = parity.choose(model, split.held_out, folder / "code")
    report("serving", **facts["serving"])
    openapi.write(folder, facts)
    bundle.write_golden(folder, model, split.held_out)
    digest = artifact.seal(folder, facts)
    report("saved", digest=digest)
    return Fitted(Model.load(folder, digest), draft.seconds, draft.threshold)


@contextmanager
def threads(pipeline: Any, rows: int) -> Iterator[None]:
    """The threads of a fit: of the libraries by the number of rows, of the estimator's workers as many as there are."""
    most = estimators.threads(rows)
    os.environ["OMP_NUM_THREADS"] = str(most)
    estimators.use_threads(pipeline, os.cpu_count() or 1)
    with threadpool_limits(most):
        yield
    estimators.use_threads(pipeline, 1)


def _fitted(plan: Plan, rows: pd.DataFrame, numbers: NDArray[Any], classes: list[Any]) -> Pipeline:
    pipeline = estimators.build(plan, max(1, len(classes)), CODE)
    try:
        own = ":" in plan.estimator  # what a user's estimator prints is not ours
        with threads(pipeline, len(rows)), nullcontext() if own else progress.trees(pipeline[-1]):
            pipeline.fit(rows[list(plan.features)], numbers)
    except (ValueError, TypeError) as error:
        # scikit-learn checks parameters before it reads rows; any other message may hold values
        reason = str(error) if type(error).__name__ == "InvalidParameterError" else type(error).__name__
        raise TrainingError(
            f"The estimator {plan.estimator} could not be fitted: {reason}. Check training.parameters in the spec; "
            "the job's log has the place."
        ) from error
    return pipeline
