"""Stages of a boosted estimator are what it answers with so many iterations, and folds measure by the best one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from training.folds import FOLDS, Folds
from training.stages import ALL, quarters, staged

RNG = np.random.default_rng(3)
ROWS = pd.DataFrame(RNG.normal(size=(240, 2)), columns=["a", "b"])
NOISY = 0.3 * ROWS["a"].to_numpy() + RNG.normal(size=240)
PLACES = np.arange(240) % FOLDS


def boosted(rows: pd.DataFrame, truth: NDArray[Any], iterations: int, kind: Any = HistGradientBoostingRegressor) -> Any:
    estimator = kind(max_iter=iterations, early_stopping=False, random_state=0, min_samples_leaf=5)
    return Pipeline([("features", FunctionTransformer()), ("estimator", estimator)]).fit(rows, truth)


@pytest.mark.parametrize(("iterations", "wanted"), [(100, (25, 50, 75, 100)), (60, (15, 30, 45, 60)), (1, (1,))])
def test_the_stages_are_the_quarters_of_the_iterations(iterations: int, wanted: tuple[int, ...]) -> None:
    assert quarters(HistGradientBoostingRegressor(max_iter=iterations, early_stopping=False)) == wanted


def test_other_estimators_and_those_that_stop_early_have_one_stage() -> None:
    assert quarters(RandomForestRegressor()) == ALL
    assert quarters(HistGradientBoostingRegressor(early_stopping=True)) == ALL
    assert quarters(HistGradientBoostingClassifier()) == ALL  # "auto" stops early from 10,000 rows on


def test_a_stage_is_the_answer_of_a_fit_with_so_many_iterations() -> None:
    longest = boosted(ROWS, NOISY, 40)
    found = staged(longest[-1], "predict", ROWS, (10, 40))
    assert found.tolist() == [boosted(ROWS, NOISY, number).predict(ROWS).tolist() for number in (10, 40)]


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_folds_measure_by_the_quarter_of_the_least_loss(classes: int) -> None:
    cuts = np.linspace(0, 1, classes + 1)[1:-1] if classes else []
    truth = np.digitize(NOISY, np.quantile(NOISY, cuts)) if classes else NOISY
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    found = Folds(ROWS, truth, PLACES, classes).losses(lambda rows, numbers: boosted(rows, numbers, 80, kind))
    means = []
    for iterations in (20, 40, 60, 80):
        losses = np.zeros(len(ROWS))
        for fold in range(FOLDS):
            own = fold == PLACES
            model = boosted(ROWS[~own], truth[~own], iterations, kind)
            if classes:
                losses[own] = -np.log(model.predict_proba(ROWS[own])[np.arange(own.sum()), truth[own]])
            else:
                losses[own] = (model.predict(ROWS[own]) - truth[own]) ** 2
        means.append(losses.mean())
    assert found.mean() == pytest.approx(min(means), rel=1e-9)
    assert min(means) < 0.9 * means[-1]  # so much is chance that is fitted late
