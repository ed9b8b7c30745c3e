"""Figures are scikit-learn's, intervals are honest, and two models are compared on the same resamples."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from perennial.gate import metrics_of
from perennial.gate.measuring.curves import Ranking
from perennial.gate.measuring.evaluation import Binary, DifferentRowsError, Multiclass, Outcomes, Regression, evaluate


def binary(rows: int, seed: int = 1, skill: float = 0.3, ties: bool = False) -> Binary:
    rng = np.random.default_rng(99)
    actual = rng.random(rows) < 0.25
    noise = np.random.default_rng(seed).normal(0, 0.2, rows)
    probability = np.clip(0.3 + skill * actual + noise, 0, 1)
    return Binary(actual, np.round(probability, 1) if ties else probability)


def multiclass(rows: int, classes: int = 4) -> Multiclass:
    rng = np.random.default_rng(5)
    actual = rng.integers(0, classes, rows)
    probabilities = rng.dirichlet(np.ones(classes), rows)
    probabilities[np.arange(rows), actual] += 0.3
    return Multiclass(actual, probabilities / probabilities.sum(axis=1, keepdims=True))


def regression(rows: int, offset: float = 1e6) -> Regression:
    rng = np.random.default_rng(6)
    actual = rng.normal(offset, 3, rows)
    return Regression(actual, actual + rng.normal(0.2, 1, rows))


ALL = [binary(500), binary(500, ties=True), multiclass(500), regression(500)]


@pytest.mark.parametrize("outcomes", ALL, ids=["binary", "ties", "multiclass", "regression"])
def test_counting_each_row_once_gives_the_points(outcomes: Outcomes) -> None:
    assert outcomes.resampled(np.ones(outcomes.rows)) == pytest.approx(outcomes.points(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("outcomes", ALL, ids=["binary", "ties", "multiclass", "regression"])
def test_every_metric_of_the_problem_has_a_figure_within_its_interval(outcomes: Outcomes) -> None:
    figures = evaluate(outcomes, None, 0.95, 7).candidate
    assert list(figures) == [metric.name for metric in metrics_of(outcomes.problem)]
    for name, figure in figures.items():
        assert figure.low is not None, name
        assert figure.high is not None, name
        assert figure.low <= figure.value <= figure.high, name


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 4)), min_size=2, max_size=60).filter(
        lambda rows: {label for label, _, weight in rows if weight} == {True, False}
    )
)
def test_the_weighted_areas_are_those_of_scikit_learn(rows: list[tuple[bool, int, int]]) -> None:
    actual = np.array([row[0] for row in rows])
    score, weights = np.array([row[1] / 8 for row in rows]), np.array([float(row[2]) for row in rows])
    roc_auc, average_precision = Ranking(actual, score).areas(weights)
    repeated = np.repeat(np.arange(len(rows)), weights.astype(int))
    assert roc_auc == pytest.approx(sk.roc_auc_score(actual[repeated], score[repeated]))
    assert average_precision == pytest.approx(sk.average_precision_score(actual[repeated], score[repeated]))


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_the_macro_figures_are_those_of_scikit_learn(rows: list[tuple[int, int]]) -> None:
    actual, said = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    points = Multiclass(actual, np.eye(4)[said]).points()
    assert points["f1"] == pytest.approx(sk.f1_score(actual, said, average="macro", zero_division=0))
    assert points["mcc"] == pytest.approx(sk.matthews_corrcoef(actual, said))


def test_the_difference_of_a_model_with_itself_is_nothing() -> None:
    for figure in evaluate(binary(300), binary(300), 0.95, 7).difference.values():
        assert (figure.value, figure.low, figure.high) == (0.0, 0.0, 0.0)


def test_a_paired_difference_is_sharper_than_two_intervals() -> None:
    compared = evaluate(binary(1000, skill=0.3), binary(1000, skill=0.26), 0.95, 7)
    own, paired = compared.candidate["roc_auc"], compared.difference["roc_auc"]
    assert own.low is not None
    assert own.high is not None
    assert paired.low is not None
    assert paired.high is not None
    assert paired.high - paired.low < 0.5 * (own.high - own.low)
    assert paired.low > 0


def test_the_interval_of_the_mean_error_covers_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(60):
        errors = np.random.default_rng(seed).exponential(1, 200)
        figure = evaluate(Regression(np.zeros(200), errors), None, 0.9, seed).candidate["mae"]
        covered += bool(figure.low <= 1 <= figure.high)  # type: ignore[operator]
    assert 0.75 <= covered / 60 <= 0.99


def test_the_same_seed_gives_the_same_intervals() -> None:
    assert evaluate(regression(200), None, 0.95, 3) == evaluate(regression(200), None, 0.95, 3)
    assert evaluate(regression(200), None, 0.95, 3) != evaluate(regression(200), None, 0.95, 4)


def test_rows_of_one_class_have_no_areas_but_an_accuracy() -> None:
    figures = evaluate(Binary(np.zeros(50, dtype=bool), np.linspace(0, 0.4, 50)), None, 0.95, 1).candidate
    assert figures["roc_auc"].as_dict() == {"value": None, "low": None, "high": None}
    assert figures["accuracy"].value == 1.0


def test_a_constant_truth_has_no_r2() -> None:
    assert evaluate(Regression(np.ones(30), np.zeros(30)), None, 0.95, 1).candidate["r2"].value is None


def test_models_scored_on_different_rows_are_not_compared() -> None:
    with pytest.raises(DifferentRowsError, match="scored on 10 binary rows, the champion on 20"):
        evaluate(binary(10), binary(20), 0.95, 1)


@pytest.mark.parametrize("make", [binary, regression])
def test_25_000_held_out_rows_and_two_models_cost_less_than_two_seconds(make: Any) -> None:
    one, two = make(25_000), make(25_000)
    started = time.process_time()
    evaluate(one, two, 0.95, 7)
    # Processor time, and twice the goal: the machine that runs the suite may be busy.
    assert time.process_time() - started < 4
