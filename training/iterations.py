"""The iterations of the default estimator: another number than usual where a fold of the training rows asks for it.

Boosting is fitted on two thirds of the rows once, and predicts the others after each number of iterations. The usual
number stays unless another one has surely less loss. Fewer are tried only where the fold is of all training rows,
because a sample asks for fewer than all rows do. Of few rows, of several classes, and where the spec sets the number,
nothing is tried.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from perennial.contract.plan import Plan
from training import encodings, fitting, labels
from training.features import ordinal_width
from training.folds import FOLDS, Folds, Gain
from training.job import report
from training.progress import trial
from training.search import BOOSTING, Found, Trial
from training.selection import Truth
from training.split import Split
from training.stages import staged

USUAL = 100  # the estimator's own
FEWER, MORE = (25, 50, 75), (150, 200, 300)
FEWEST_ROWS = 10_000
_MOST_ROWS = 20_000
_MOST_CELLS = 600_000  # numbers of all rows; with more columns there are fewer rows
_SURELY = 1.0  # standard errors
_SET = ("max_iter", "early_stopping", "warm_start")

Floats = NDArray[np.float64]


def resolve(plan: Plan, split: Split) -> Found:
    """The plan with `max_iter`, if another number than the usual one is surely better."""
    if plan.estimator != BOOSTING or plan.imported is not None or plan.update == "amend":
        return Found(plan)  # an amended candidate keeps the champion's number
    if len(split.train) < FEWEST_ROWS or any(name in plan.parameters for name in _SET):
        return Found(plan)
    classes = [] if plan.problem == "regression" else labels.find(plan, split.train[plan.target])
    numbers = fitting.targets(plan, split.train, classes)
    rows = min(_MOST_ROWS, _MOST_CELLS // max(1, ordinal_width(plan.features, None, max(1, len(classes)))))
    folds = Folds.of(split, numbers, len(classes), rows)
    if len(classes) > 2 or len(folds.rows) < FEWEST_ROWS or folds.fault:
        return Found(plan)
    pipeline_on = partial(fitting.pipeline_on, classes=classes)
    chosen = encodings.choose(plan, split, numbers, len(classes), partial(pipeline_on, plan))
    stages = (*(FEWER if len(folds.rows) == len(split.train) else ()), USUAL, *MORE)
    longest = replace(plan, parameters={**plan.parameters, "max_iter": stages[-1]})
    own = folds.folds == 0
    with trial(f"trial of {stages[0]} to {stages[-1]} iterations, fold 1 of {FOLDS}"):
        pipeline = pipeline_on(longest, folds.rows[~own], folds.numbers[~own], ways=chosen.ways)
    losses = _losses(pipeline, plan, folds, own, stages)
    usual, best = stages.index(USUAL), int(np.argmin(losses.mean(axis=1)))
    gain = Gain.of(losses[usual], losses[best])
    taken = best if gain.mean > _SURELY * gain.error else usual
    trials = [
        Trial(plan.estimator, {**plan.parameters, **({} if place == usual else {"max_iter": stage})}, False,
              float(losses[place].mean()), Gain.of(losses[usual], losses[place]), int(place == taken))
        for place, stage in enumerate(stages)
    ]  # fmt: skip
    report("iterations chosen", iterations=stages[taken])
    told = {
        "of": "iterations",
        "trials": [trial.to_json() for trial in trials],
        "gain": gain.to_json(),
        "rows": len(folds.rows),
    }
    return Found(replace(plan, parameters=trials[taken].parameters), told, chosen)


def _losses(pipeline: Pipeline, plan: Plan, folds: Folds, own: NDArray[np.bool_], stages: tuple[int, ...]) -> Floats:
    """The losses (stages, n) of a fold's rows."""
    numbers = pipeline[:-1].transform(folds.rows.loc[own, list(plan.features)])
    truth = folds.numbers[own]
    if not folds.classes:
        return Truth(truth).losses(staged(pipeline[-1], "predict", numbers, stages))
    chances = staged(pipeline[-1], "predict_proba", numbers, stages)
    return Truth(None).losses(chances[:, np.arange(len(truth)), truth.astype(int)])
