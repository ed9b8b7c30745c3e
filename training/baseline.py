"""The candidate of a first training against a constant answer: scikit-learn's dummies, on the same held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier, DummyRegressor

from perennial.contract.plan import Plan
from training import labels
from training.comparison import Common, compare
from training.evaluation import Scored
from training.split import Split

# One-sided 0.25%: an interval of 95% would take one useless model in 40 for a better one.
CONFIDENCE = 0.995
# A constant answer can be perfect by these metrics; another one that needs the features is compared instead.
_INSTEAD: Mapping[str, str] = {"precision": "mcc", "recall": "mcc", "calibration_error": "brier"}


def measure(plan: Plan, split: Split, mine: Scored, common: Common | None) -> dict[str, Any] | None:
    """The 'baseline' of evaluation.json; None if there is a champion. Rare classes are left out, see `Common`."""
    if plan.champion is not None:
        return None
    metric, dummy = constant(plan, split, mine)
    truth = split.truth(plan)
    if common is not None:
        truth, mine, dummy = truth.where(common.rows), mine.where(common.rows), dummy.where(common.rows)
    surely = replace(plan, gate=replace(plan.gate, confidence=max(CONFIDENCE, plan.gate.confidence)))
    found = compare(surely, truth, mine, dummy).comparison
    assert found.champion is not None
    return {
        "strategy": dummy.name,
        "metric": metric,
        "confidence": surely.gate.confidence,
        "candidate": found.candidate.metrics[metric],
        "constant": found.champion.metrics[metric],
        "difference": found.difference[metric],
    }


def constant(plan: Plan, split: Split, mine: Scored) -> tuple[str, Scored]:
    """The metric to compare with a constant answer by, and that answer for the held-out rows, named by its strategy."""
    metric = _INSTEAD.get(plan.gate.metric, plan.gate.metric)
    strategy, values = _constant(plan, split, metric, mine)
    return metric, Scored(strategy, mine.classes, mine.threshold, values)


def _constant(plan: Plan, split: Split, metric: str, mine: Scored) -> tuple[str, NDArray[np.float64]]:
    """The dummy's strategy, and its predictions for the held-out rows, shaped as those of a model."""
    target, rows = split.train[plan.target], np.zeros((len(split.held_out), 1))
    seen = np.zeros((len(target), 1))
    if plan.problem == "regression":
        strategy = {"mae": "median", "pinball": "quantile"}.get(metric, "mean")
        quantile = plan.gate.quantile if strategy == "quantile" else None
        regressor = DummyRegressor(strategy=strategy, quantile=quantile)
        regressor.fit(seen, target.to_numpy(dtype=np.float64))
        return strategy, np.asarray(regressor.predict(rows), dtype=np.float64)
    classifier = DummyClassifier(strategy="prior").fit(seen, labels.numbers(target, mine.classes))
    probabilities = np.asarray(classifier.predict_proba(rows), dtype=np.float64)
    return "prior", probabilities[:, 1] if plan.problem == "binary" else probabilities
