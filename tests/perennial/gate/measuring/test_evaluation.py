"""Intervals cover, two models are compared on the same resamples, and threads change nothing."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perennial.contract.metrics import metrics_of
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.evaluation import Comparison, DifferentRowsError, affordable, evaluate
from perennial.gate.measuring.intervals import bootstrapped
from perennial.gate.measuring.outcomes import Binary, Multiclass, Outcomes, Regression
from tests.perennial.gate.measuring.made import MAKERS, binary, regression


def compared(one: Outcomes, other: Outcomes | None = None, seed: int = 7, count: int = 300) -> Comparison:
    return evaluate(one, other, 0.95, Resamples(one.rows, count, seed))


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_every_metric_of_the_problem_has_a_metric_within_its_interval(problem: str) -> None:
    measured = compared(MAKERS[problem](500)).candidate
    assert list(measured.metrics) == [metric.name for metric in metrics_of(problem)]
    assert len(measured.classes) == {"binary": 2, "multiclass": 4, "regression": 0}[problem]
    metrics = {**measured.metrics, **{str(k): f for one in measured.classes for k, f in enumerate(one.values())}}
    for name, found in metrics.items():
        assert found["value"] is not None, name
        assert found["low"] is not None, name
        assert found["high"] is not None, name
        assert found["low"] <= found["value"] <= found["high"], name
        assert found["high"] > found["low"], name


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_the_difference_of_a_model_with_itself_is_nothing(problem: str) -> None:
    for found in compared(MAKERS[problem](300), MAKERS[problem](300)).difference.values():
        assert (found["value"], found["low"], found["high"]) == (0.0, 0.0, 0.0)


def test_a_paired_difference_is_sharper_than_two_intervals() -> None:
    found = compared(binary(1000, skill=0.3), binary(1000, skill=0.26))
    own, paired = found.candidate.metrics["roc_auc"], found.difference["roc_auc"]
    assert own["low"] is not None
    assert own["high"] is not None
    assert paired["low"] is not None
    assert paired["high"] is not None
    assert paired["high"] - paired["low"] < 0.5 * (own["high"] - own["low"])
    assert paired["low"] > 0


def test_the_interval_of_a_skewed_mean_covers_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(150):
        errors = np.random.default_rng(seed).exponential(1, 100)
        found = evaluate(Regression(np.zeros(100), errors), None, 0.9, Resamples(100, 300, seed))
        mae = found.candidate.metrics["mae"]
        covered += bool(mae["low"] <= 1 <= mae["high"])
    assert 0.84 <= covered / 150 <= 0.96


def test_the_same_seed_gives_the_same_intervals() -> None:
    assert compared(regression(200), seed=3) == compared(regression(200), seed=3)
    assert compared(regression(200), seed=3) != compared(regression(200), seed=4)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_number_of_threads_does_not_change_a_bit(threads: int) -> None:
    model = binary(400)
    resamples = Resamples(400, 60, 5)

    alone = [model.vectors(weights[None])[0] for weights in resamples]
    assert np.array_equal(resamples.replicate(model.vectors, threads), alone)


def test_fewer_resamples_are_the_first_of_more() -> None:
    assert np.array_equal(list(Resamples(50, 10, 3)), list(Resamples(50, 20, 3))[:10])
    assert all(weights.sum() == 50 for weights in Resamples(50, 10, 3))


def test_rows_of_one_class_have_no_area_but_an_accuracy() -> None:
    metrics = compared(Binary(np.zeros(50, dtype=bool), np.linspace(0, 0.4, 50))).candidate.metrics
    assert metrics["roc_auc"] == {"value": None, "low": None, "high": None}
    assert metrics["accuracy"]["value"] == 1.0


def test_a_constant_truth_has_no_r2() -> None:
    metrics = compared(Regression(np.full(30, 0.1), np.zeros(30))).candidate.metrics
    assert metrics["r2"]["value"] is None
    assert metrics["mae"]["value"] == pytest.approx(0.1)


@pytest.mark.parametrize(
    "nothing",
    [
        Binary(np.zeros(0, dtype=bool), np.zeros(0)),
        Multiclass(np.zeros(0, dtype=np.int64), np.zeros((0, 3))),
        Regression(np.zeros(0), np.zeros(0)),
    ],
    ids=["binary", "multiclass", "regression"],
)
def test_no_rows_give_metrics_without_values(nothing: Outcomes) -> None:
    found = compared(nothing, nothing, count=10)
    assert found.champion is not None
    for metrics in (found.candidate.metrics, found.champion.metrics, found.difference):
        assert {one["value"] for one in metrics.values()} == {None}


def test_models_scored_on_different_rows_are_not_compared() -> None:
    with pytest.raises(DifferentRowsError, match="on 10 binary rows and 20 binary rows"):
        compared(binary(10), binary(20))
    with pytest.raises(DifferentRowsError, match="resamples are of 5 rows"):
        evaluate(binary(10), None, 0.95, Resamples(5, 10, 1))


def test_a_metric_that_resampling_always_makes_worse_keeps_its_value_inside() -> None:
    found = bootstrapped(0.01, np.linspace(0.02, 0.03, 200), 0.95)
    assert found["low"] == 0.01
    assert found["high"] is not None
    assert found["high"] < 0.03


@given(st.lists(st.floats(-1e3, 1e3) | st.just(float("nan")), max_size=30), st.floats(-1e3, 1e3))
@example([0.0, 1e-150, 3e-150], 1e-150)  # whose cubes are too small for a float
def test_an_interval_is_whole_or_absent_and_holds_its_value(draws: list[float], value: float) -> None:
    found = bootstrapped(value, np.array(draws), 0.95, np.array(draws))
    assert (found["low"] is None) == (found["high"] is None)
    if found["low"] is not None:
        assert found["low"] <= value <= found["high"]


def test_many_rows_get_fewer_resamples_but_never_more_than_asked() -> None:
    small, large = binary(100), binary(300_000)
    assert affordable(small, 1000) == 1000
    assert 200 <= affordable(large, 1000) < 1000
    assert affordable(large, 100) == 100


@pytest.mark.parametrize("make", [binary, regression])
def test_20_000_held_out_rows_and_two_models_cost_about_two_seconds(make: Any) -> None:
    one, two = make(20_000, seed=1), make(20_000, seed=2)
    started = time.process_time()
    evaluate(one, two, 0.95, Resamples(20_000, 1000, 7))
    # Processor time, not the clock's, and three times the goal: the machine that runs the suite may be busy.
    assert time.process_time() - started < 6
