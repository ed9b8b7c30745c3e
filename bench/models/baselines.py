"""`python -m bench.models.baselines FOLDER COLUMNS`: two baselines on the rows of our split, and all figures.

Runs in the peers' environment. COLUMNS are those that an expert would not show to a model, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import r2_score, roc_auc_score
from skrub import tabular_pipeline

RESAMPLES = 500
CONFIDENCE = 0.95
MOST_CATEGORIES = 255  # of a column for HistGradientBoosting


def five_lines(frame: pd.DataFrame, target: Any, train: Any, is_regression: bool) -> Any:
    """HistGradientBoosting on pandas' types; texts are categories, those with too many are left out."""
    texts = {name: frame[name].astype("category") for name in frame.select_dtypes(["object", "bool"])}
    many = [name for name, values in texts.items() if len(values.cat.categories) > MOST_CATEGORIES]
    frame = frame.assign(**texts).drop(columns=many)
    kind = HistGradientBoostingRegressor if is_regression else HistGradientBoostingClassifier
    model = kind(categorical_features="from_dtype", random_state=0).fit(frame.iloc[train], target[train])
    return model, frame


def skrub(frame: pd.DataFrame, target: Any, train: Any, is_regression: bool) -> Any:
    """skrub's pipeline for tables, as it is."""
    model = tabular_pipeline("regressor" if is_regression else "classifier").fit(frame.iloc[train], target[train])
    return model, frame


def main() -> None:
    """Writes figures.json: each model's metric, and the paired differences with their intervals."""
    folder, hidden = Path(sys.argv[1]), json.loads(sys.argv[2])
    places = json.loads((folder / "places.json").read_text())
    ours = json.loads((folder / "predictions.json").read_text())
    problem = json.loads((folder / "draft.json").read_text())["problem"]
    raw = pd.read_csv(folder / "table.csv")
    raw = raw.rename(columns={name: "" for name in raw if name == "Unnamed: 0"})
    target = raw[places["target"]]
    is_regression = problem == "regression"
    answers = target.to_numpy(dtype=float) if is_regression else target.astype(str).to_numpy()
    frame = raw.drop(columns=[places["target"], *hidden])
    train, asked = np.array(places["train"]), np.array(places["held_out"])
    classes = np.unique(answers[train]) if not is_regression else np.array([])
    predicted, seconds = {"ours": _ours(ours["values"], classes, problem)}, {}
    for name, make in (("five_lines", five_lines), ("skrub", skrub)):
        began = time.perf_counter()
        model, given = make(frame, answers, train, is_regression)
        seconds[name] = round(time.perf_counter() - began, 2)
        rows = given.iloc[asked]
        predicted[name] = model.predict(rows) if is_regression else model.predict_proba(rows)
    truth = answers[asked]
    if not is_regression:
        seen = np.isin(truth, classes)
        truth, predicted = truth[seen], {name: values[seen] for name, values in predicted.items()}
    (folder / "figures.json").write_text(json.dumps(figures(truth, predicted, classes, problem) | {"seconds": seconds}))


def _ours(values: dict[str, list[float]], classes: Any, problem: str) -> Any:
    if problem == "regression":
        return np.array(values["candidate.value"])
    if problem == "binary":
        positive = np.array(values["candidate.probability"])
        return np.column_stack([1 - positive, positive])
    named = {name.removeprefix("candidate.probability.").lower(): each for name, each in values.items()}
    return np.column_stack([named[str(value).strip().lower()] for value in classes])


def figures(truth: Any, predicted: dict[str, Any], classes: Any, problem: str) -> dict[str, Any]:
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
    return {"problem": problem, "held_out": len(truth), "metric": found, "against": against}


def _score(truth: Any, predicted: Any, classes: Any, problem: str) -> float:
    """R2, or ROC AUC, of several classes the mean of each against the rest."""
    if problem == "regression":
        return float(r2_score(truth, predicted))
    columns = [1] if problem == "binary" else range(len(classes))
    sides = [(truth == classes[place], predicted[:, place]) for place in columns]
    return float(np.mean([roc_auc_score(*side) for side in sides if 0 < side[0].sum() < len(truth)]))


if __name__ == "__main__":
    main()
