"""The metric of each model on the held-out rows, and the paired differences on resampled rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import r2_score, roc_auc_score

RESAMPLES = 500
CONFIDENCE = 0.95
#: our models, and the member of the result with their differences to the baselines
OURS = {"ours": "against", "auto": "auto"}


def scores(truth: Any, predicted: dict[str, Any], classes: Any, problem: str) -> dict[str, Any]:
    """The metric of each model on all rows, and each of OURS minus each baseline on resampled rows.

    `against` has the differences of the default estimator, `auto` those of the search, where it is among `predicted`.
    """
    if problem == "binary":  # both orders: ours is of its own positive class
        for name, values in predicted.items():
            if name in OURS and _score(truth, values, classes, problem) < 0.5:
                predicted = predicted | {name: values[:, ::-1]}
    found = {name: _score(truth, values, classes, problem) for name, values in predicted.items()}
    chance = np.random.default_rng(0)
    draws: dict[str, list[float]] = {name: [] for name in predicted}
    for _ in range(RESAMPLES):
        rows = chance.integers(0, len(truth), len(truth))
        if problem != "regression" and len(np.unique(truth[rows])) < 2:
            continue
        for name, each in draws.items():
            each.append(_score(truth[rows], predicted[name][rows], classes, problem))
    told = {"problem": problem, "held_out": len(truth), "scores": found}
    return told | {key: _against(mine, found, draws) for mine, key in OURS.items() if mine in predicted}


def _against(mine: str, found: dict[str, float], draws: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """The differences of a model to the baselines, and to the better one of five lines and skrub."""
    tail = (1 - CONFIDENCE) / 2
    others = [name for name in found if name not in OURS]
    differences = {}
    for name in others:
        each = np.array(draws[mine]) - np.array(draws[name])
        low, high = np.quantile(each, [tail, 1 - tail])
        differences[name] = {"difference": found[mine] - found[name], "low": float(low), "high": float(high)}
    return differences


def _score(truth: Any, predicted: Any, classes: Any, problem: str) -> float:
    """R2, or ROC AUC, of several classes the mean of each against the rest."""
    if problem == "regression":
        return float(r2_score(truth, predicted))
    columns = [1] if problem == "binary" else range(len(classes))
    sides = [(truth == classes[place], predicted[:, place]) for place in columns]
    return float(np.mean([roc_auc_score(*side) for side in sides if 0 < side[0].sum() < len(truth)]))
