"""`python -m bench.models.baselines FOLDER COLUMNS [TEXT]`: baselines on the rows of our split, and all scores.

Runs in the peers' environment. COLUMNS are those that an expert would not show to a model, as JSON. TEXT is a column of
sentences; then a TF-IDF pipeline is a third baseline.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegressionCV, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skrub import tabular_pipeline

from bench.models.scores import scores

MOST_CATEGORIES = 255  # of a column for HistGradientBoosting


def five_lines(frame: pd.DataFrame, target: Any, train: Any, is_regression: bool) -> Any:
    """HistGradientBoosting on pandas' types; texts are categories, those with too many are left out."""
    texts = {name: frame[name].astype("category") for name in frame.select_dtypes(["object", "bool"])}
    many = [name for name, values in texts.items() if len(values.cat.categories) > MOST_CATEGORIES]
    frame = frame.copy()
    for name, values in texts.items():
        frame[name] = values
    frame = frame.drop(columns=many)
    kind = HistGradientBoostingRegressor if is_regression else HistGradientBoostingClassifier
    model = kind(categorical_features="from_dtype", random_state=0).fit(frame.iloc[train], target[train])
    return model, frame


def skrub(frame: pd.DataFrame, target: Any, train: Any, is_regression: bool) -> Any:
    """skrub's pipeline for tables, as it is, with the seed of the five lines: without one its metrics differ by run."""
    model = tabular_pipeline("regressor" if is_regression else "classifier")
    model.set_params(**{name: 0 for name in model.get_params() if name.endswith("random_state")})
    return model.fit(frame.iloc[train], target[train]), frame


def tf_idf(text: str) -> Any:
    """A pipeline as one writes it by hand: words and pairs of words of a column, beside the numbers."""

    def fitted(frame: pd.DataFrame, target: Any, train: Any, is_regression: bool) -> Any:
        words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        numbers = [name for name in frame.select_dtypes("number") if name != text]
        parts: list[Any] = [("text", words, text)]
        if numbers:
            parts.append(("numbers", make_pipeline(SimpleImputer(), StandardScaler()), numbers))
        scoring = "roc_auc" if len(np.unique(target[train])) == 2 else "roc_auc_ovr"
        linear = (
            RidgeCV(np.logspace(-1, 2, 7))
            if is_regression
            else LogisticRegressionCV(Cs=np.logspace(-1, 2, 4), cv=3, scoring=scoring, max_iter=1000)
        )
        frame = frame.assign(**{text: frame[text].fillna("").astype(str)})
        return make_pipeline(ColumnTransformer(parts), linear).fit(frame.iloc[train], target[train]), frame

    return fitted


def main() -> None:
    """Writes scores.json: each model's metric, and the paired differences with their intervals."""
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
    predicted, seconds = {name: _ours(values, classes, problem) for name, values in ours.items()}, {}
    # the five lines leave a text out, and may have no column then
    other = {"tf_idf": tf_idf(sys.argv[3])} if sys.argv[3:] else {"five_lines": five_lines}
    makers = other | {"skrub": skrub}
    for name, make in makers.items():
        began = time.perf_counter()
        model, given = make(frame, answers, train, is_regression)
        seconds[name] = round(time.perf_counter() - began, 2)
        rows = given.iloc[asked]
        predicted[name] = model.predict(rows) if is_regression else model.predict_proba(rows)
    truth = answers[asked]
    if not is_regression:
        seen = np.isin(truth, classes)
        truth, predicted = truth[seen], {name: values[seen] for name, values in predicted.items()}
    (folder / "scores.json").write_text(json.dumps(scores(truth, predicted, classes, problem) | {"seconds": seconds}))


def _ours(values: dict[str, list[float]], classes: Any, problem: str) -> Any:
    if problem == "regression":
        return np.array(values["candidate.value"])
    if problem == "binary":
        positive = np.array(values["candidate.probability"])
        return np.column_stack([1 - positive, positive])
    named = {name.removeprefix("candidate.probability.").lower(): each for name, each in values.items()}
    return np.column_stack([named[str(value).strip().lower()] for value in classes])


if __name__ == "__main__":
    main()
