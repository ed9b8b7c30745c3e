"""Fitting: from rows to a model's folder, saved, sealed and read back."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.plan import Plan
from training import artifact, bundle, encodings, intervals, labels, pipelines, thresholds, wheels
from training.encodings import Encodings, Ways
from training.fast import parity
from training.isolation import pipeline as isolation
from training.job import report
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


def fit(plan: Plan, split: Split, folder: Path, chosen: Encodings | None = None) -> Fitted:
    """Fits a model and writes it to `folder`. Raises TrainingError.

    `chosen`: the encodings that a search has tried with; without them they are chosen for the plan's estimator.
    """
    classes = [] if plan.problem == "regression" else labels.find(plan, split.train[plan.target])
    numbers = targets(plan, split.train, classes)
    chosen = chosen or encodings.choose(
        plan, split, numbers, len(classes), lambda rows, truth, *, ways: pipeline_on(plan, rows, truth, classes, ways)
    )
    pipeline, seconds = _timed(plan, split.train, numbers, classes, chosen.ways)
    threshold = None
    if plan.problem == "binary":
        threshold = thresholds.choose(
            plan, split, numbers, lambda rows, truth: pipeline_on(plan, rows, truth, classes, chosen.ways)
        )
        report("threshold chosen", aim=threshold.aim, value=threshold.value)
    facts = {"encodings": chosen.to_json(), "interval": intervals.of(plan, pipeline, split.held_out)}
    draft = Draft(pipeline, classes, threshold, seconds, facts)
    if not plan.refit:
        return write(plan, split, folder, draft)
    judged = _sealed(plan, split, draft, folder / artifact.JUDGED)
    rows = split.everything(plan.memory or 0)
    if classes:  # the model has no class that only held-out rows have
        rows = rows[targets(plan, rows, classes) >= 0]
    pipeline, more = _timed(plan, rows, targets(plan, rows, classes), classes, chosen.ways)
    draft = replace(draft, pipeline=pipeline, seconds=round(seconds + more, 3))
    served = write(plan, split, folder, draft, rows)
    return replace(served, model=judged)


def targets(plan: Plan, rows: pd.DataFrame, classes: list[Any]) -> NDArray[Any]:
    """The targets as numbers: the place of each among the classes, -1 for another value; or the values themselves."""
    values = rows[plan.target]
    return labels.numbers(values, classes) if classes else values.to_numpy(dtype=np.float64)


def _timed(plan: Plan, rows: pd.DataFrame, numbers: NDArray[Any], classes: list[Any], ways: Ways) -> tuple[Any, float]:
    started = time.perf_counter()
    pipeline = pipeline_on(plan, rows, numbers, classes, ways)
    seconds = round(time.perf_counter() - started, 3)
    report("fitted", seconds=seconds, rows=len(rows))
    return pipeline, seconds


def write(plan: Plan, split: Split, folder: Path, draft: Draft, rows: pd.DataFrame | None = None) -> Fitted:
    """Writes a model to `folder`. `rows`: those that it was fitted on, if not the training rows.

    The model is read back from the folder: the model that is evaluated is the model that will serve.
    """
    rows = split.train if rows is None else rows
    folder.mkdir(parents=True, exist_ok=True)
    save(draft.pipeline, folder / "model.joblib")
    threshold = draft.threshold.value if draft.threshold else None
    facts = bundle.facts(plan, draft.classes, rows, threshold) | dict(draft.facts)
    bundle.keep_categories(facts, draft.known)
    bundle.copy_code(CODE, folder / "code", with_models=isolation.is_own(plan.estimator))
    if any(column.pattern is not None for column in plan.features.values()):
        wheels.copy(CODE, folder / "code")
    model = Model(folder, facts, draft.pipeline, plan.features)
    facts["serving"] = parity.choose(model, split.held_out, folder / "code")
    report("serving", **facts["serving"])
    openapi.write(folder, facts)
    bundle.write_golden(folder, model, split.held_out)
    digest = artifact.seal(folder, facts)
    report("saved", digest=digest)
    model = isolation.load(folder, CODE, digest)
    return Fitted(model, model, draft.seconds, draft.threshold, len(rows))


def _sealed(plan: Plan, split: Split, draft: Draft, folder: Path) -> Model:
    """The folder of a judged model that will not serve: later trainings compare with it."""
    folder.mkdir(parents=True, exist_ok=True)
    save(draft.pipeline, folder / "model.joblib")
    facts = bundle.facts(plan, draft.classes, split.train, draft.threshold.value if draft.threshold else None)
    facts |= dict(draft.facts)
    bundle.write_golden(folder, Model(folder, facts, draft.pipeline, plan.features), split.held_out)
    return isolation.load(folder, CODE, artifact.seal(folder, facts))


def pipeline_on(
    plan: Plan, rows: pd.DataFrame, numbers: NDArray[Any], classes: list[Any], ways: Ways | None = None
) -> Any:
    """A pipeline fitted on rows with these targets: numbers, or places among the classes. Raises TrainingError.

    `ways`: the chosen encodings of columns. A team's own estimator is fitted in a process of its own.
    """
    if isolation.is_own(plan.estimator):
        return isolation.IsolatedPipeline.fit(plan, rows, numbers, classes, CODE)
    return pipelines.fit(plan, rows, numbers, len(classes), CODE, ways)


def save(pipeline: Any, file: Path) -> None:
    """Writes the pickle of a fitted pipeline."""
    if isinstance(pipeline, isolation.IsolatedPipeline):
        pipeline.save(file)
    else:
        joblib.dump(pipeline, file)
