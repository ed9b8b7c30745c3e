"""The metric of each model on the held-out rows, and the paired differences on resampled rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import r2_score, roc_auc_score

RESAMPLES = 500
CONFIDENCE = 0.95


def scores(truth: Any, predicted: dict[str, Any], classes: Any, problem: str) -> dict[str, Any]:
    """The metric of each model on all rows, and ours minus each baseline on resampled rows."""
    if problem == "binary":  # both orders: ours is of its own positive class
        for name, values in predicted.items():
            if name == "ours" and _score(truth, values, classes, problem) < 0.5:
                predicted = predicted | {name: values[:, ::-1]}
    found = {name: _score(truth, values, classes, problem) for name, values in predicted.items()}
    chance = np.random.default_rng(0)
    differences: dict[str, list[float]] = {name: [] for name in predicted if name != "ours"}
    for _ in range(RESAMPLES):
        rows = chance.integers(0, len(truth), len(truth))
        if problem != "regression" and len(np.unique(truth[rows])) < 2:
            continue
        mine = _score(truth[rows], predicted["ours"][rows], classes, problem)
        for name, each in differences.items():
            each.append(mine - _score(truth[rows], predicted[name][rows], classes, problem))
    tail = (1 - CONFIDENCE) / 2
    against = {
        name: {"difference": found["ours"] - found[name],
               "low": float(np.quantile(each, tail)), "high": float(np.quantile(each, 1 - tail))}
        for name, each in differences.items()
    }  # fmt: skip
    return {"problem": problem, "held_out": len(truth), "scores": found, "against": against}


def _score(truth: Any, predicted: Any, classes: Any, problem: str) -> float:
    """R2, or ROC AUC, of several classes the mean of each against the rest."""
    if problem == "regression":
        return float(r2_score(truth, predicted))
    columns = [1] if problem == "binary" else range(len(classes))
    sides = [(truth == classes[place], predicted[:, place]) for place in columns]
    return float(np.mean([roc_auc_score(*side) for side in sides if 0 < side[0].sum() < len(truth)]))
