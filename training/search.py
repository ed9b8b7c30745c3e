"""`estimator: auto`: a small search over estimators and parameters, on folds of the training rows.

The trials are the same for every table, in this order; the first one is the default estimator. It stays unless another
one has surely less loss. The work is bounded by the number of trials and rows, not by a clock, so that the same rows
give the same choice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from perennial.contract.lifecycle import AUTO
from perennial.contract.plan import Plan
from training import fitting, labels
from training.folds import Folds, Gain
from training.job import report
from training.split import Split

_BOOSTING = "hist_gradient_boosting"
TRIALS: tuple[tuple[str, dict[str, Any]], ...] = (
    (_BOOSTING, {}),
    (_BOOSTING, {"learning_rate": 0.05, "max_iter": 300}),
    (_BOOSTING, {"learning_rate": 0.05, "max_iter": 300, "max_leaf_nodes": 8}),
    (_BOOSTING, {"learning_rate": 0.05, "max_iter": 200, "max_features": 0.3, "min_samples_leaf": 10}),
    (_BOOSTING, {"learning_rate": 0.03, "max_iter": 100, "max_leaf_nodes": 6, "l2_regularization": 10.0}),
    ("random_forest", {}),
    ("extra_trees", {}),
    ("linear", {}),
    ("elastic_net", {}),
)
_SURELY = 1.0  # standard errors of the gain over the default


@dataclass(frozen=True)
class Trial:
    """An estimator with its parameters, its mean loss per row, and the gain over the default estimator."""

    estimator: str
    parameters: dict[str, Any]
    loss: float
    gain: Gain

    def to_json(self) -> dict[str, Any]:
        """The trial as plain data."""
        loss = float(f"{self.loss:.6g}") if np.isfinite(self.loss) else None
        return {"estimator": self.estimator, "parameters": self.parameters, "loss": loss, **self.gain.to_json()}


def resolve(plan: Plan, split: Split) -> tuple[Plan, dict[str, Any] | None]:
    """The plan with the estimator that is found, and the evaluation's member `search`; None unless it is asked for."""
    if plan.estimator != AUTO:
        return plan, None
    classes = [] if plan.problem == "regression" else labels.find(plan, split.train[plan.target])
    folds = Folds.of(split, fitting.targets(plan, split.train, classes), len(classes))
    if folds.fault:
        name, parameters = TRIALS[0]
        return replace(plan, estimator=name, parameters=parameters), {"trials": [], "reason": folds.fault}
    trials: list[Trial] = []
    first = None
    for name, parameters in TRIALS:
        tried = replace(plan, estimator=name, parameters=parameters)
        losses = folds.losses(partial(_fit, tried, classes))
        first = losses if first is None else first
        trials.append(Trial(name, parameters, float(losses.mean()), Gain.of(first, losses)))
        report("tried", **trials[-1].to_json())
    surely = [trial for trial in trials if trial.gain.mean > _SURELY * trial.gain.error]
    best = min(surely, key=lambda trial: trial.loss, default=trials[0])
    report("estimator chosen", estimator=best.estimator, parameters=best.parameters)
    found = replace(plan, estimator=best.estimator, parameters=best.parameters)
    return found, {"trials": [trial.to_json() for trial in trials], "reason": None}


def _fit(plan: Plan, classes: list[Any], rows: Any, numbers: Any) -> Any:
    return fitting.pipeline_on(plan, rows, numbers, classes)
