"""Estimated performance agrees with the metrics that the labels show later, and its intervals hold them."""

import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.monitoring.trials import estimates
from perennial.estimation.calibration import Calibrator
from perennial.estimation.estimate import Estimation
from perennial.gate.measuring.outcomes import Binary, Multiclass, Regression

ROWS = pl.DataFrame({"x": np.linspace(0, 1, 4000)})


@pytest.fixture(scope="module")
def trials():
    return [estimates(seed) for seed in range(8)]


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("shift", ["no shift", "inputs shifted"])
def test_most_intervals_hold_the_truth_and_the_errors_have_no_bias(trials, problem, shift):
    found = [trial[f"{problem}, {shift}"] for trial in trials]
    every = [metrics for trial in found for metrics in trial.values()]
    assert np.mean([low <= truth <= high for truth, _, low, high in every]) > 0.75
    for name in found[0]:
        truth, value, low, high = np.array([trial[name] for trial in found]).T
        assert abs((value - truth).mean()) < (high - low).mean() / 2


def test_a_shift_of_the_inputs_is_seen_without_labels(trials):
    """The accuracy falls where more rows lie near the threshold."""
    for trial in trials:
        before, after = trial["binary, no shift"]["accuracy"], trial["binary, inputs shifted"]["accuracy"]
        assert after[0] < before[0]
        assert after[1] < before[1]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=60, max_size=300))
def test_calibrated_probabilities_rise_with_the_score(pairs):
    scores, truth = (np.array(each) for each in zip(*pairs, strict=True))
    calibrator = Calibrator.fit(scores.astype(float), truth)
    if calibrator is None:
        assert min(truth.sum(), (~truth).sum()) < 10
        return
    assert (sum(calibrator.rows), sum(calibrator.positives)) == (len(pairs), truth.sum())
    grid = np.linspace(0, 1, 50)
    for rates in (calibrator.calibrated(grid), calibrator.redrawn(grid, np.random.default_rng(1))):
        assert (np.diff(rates) >= -1e-12).all()
        assert ((rates >= 0) & (rates <= 1)).all()


def test_it_is_the_isotonic_regression_of_scikit_learn():
    isotonic = pytest.importorskip("sklearn.isotonic")
    chance = np.random.default_rng(3)
    score = chance.random(1000)
    calibrator = Calibrator.fit(score, chance.random(1000) < score**2)
    rates = np.array(calibrator.positives) / calibrator.rows
    theirs = isotonic.IsotonicRegression().fit(calibrator.scores, rates, sample_weight=calibrator.rows)
    np.testing.assert_allclose(calibrator.calibrated(np.array(calibrator.scores)), theirs.predict(calibrator.scores))


def test_an_estimation_is_read_back_from_json_and_estimates_the_same():
    chance = np.random.default_rng(5)
    x = chance.normal(0, 1, 1000)
    rows = pl.DataFrame({"x": x, "kind": chance.choice(["a", "b"], 1000), "wet": chance.random(1000) < 0.5})
    fitted = Estimation.fit(Regression(x + chance.normal(0, 1, 1000), x), rows, rows.columns)
    again = Estimation.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again == fitted
    assert again.of_rows(rows, x, 0.9) == fitted.of_rows(rows, x, 0.9)


def test_unknown_texts_and_nulls_are_estimated_too():
    chance = np.random.default_rng(6)
    x = chance.normal(0, 1, 1000)
    rows = pl.DataFrame({"kind": chance.choice(["a", "b"], 1000), "x": x})
    fitted = Estimation.fit(Regression(x + chance.normal(0, 1, 1000), x), rows, rows.columns)
    unseen = pl.DataFrame({"kind": ["unseen", None], "x": [None, 1.0]}, schema={"kind": pl.String, "x": pl.Float64})
    found = fitted.of_rows(unseen, np.array([0.0, 1.0]), 0.95)
    assert 0.3 < found["mae"]["value"] < 2


def test_losses_that_depend_on_a_column_are_modelled():
    chance = np.random.default_rng(7)
    kind = chance.choice(["calm", "wild"], 2000)
    noise = np.where(kind == "wild", 5.0, 0.5) * chance.normal(0, 1, 2000)
    rows = pl.DataFrame({"kind": kind})
    fitted = Estimation.fit(Regression(noise, np.zeros(2000)), rows, ["kind"])
    calm, wild = (
        fitted.of_rows(pl.DataFrame({"kind": [name] * 500}), np.zeros(500), 0.95)["mae"]["value"]
        for name in ("calm", "wild")
    )
    assert calm == pytest.approx(0.4, abs=0.1)
    assert wild == pytest.approx(4, rel=0.15)


def test_too_few_held_out_rows_estimate_nothing():
    few = pl.DataFrame({"x": [0.0] * 30})
    assert not Estimation.fit(Binary(np.arange(30) < 5, np.linspace(0, 1, 30)), few, ["x"]).estimates
    assert not Estimation.fit(Regression(np.zeros(30), np.zeros(30)), few, ["x"]).estimates
    rare = np.minimum(np.arange(30) % 10, 2)  # three rows of each of two classes
    assert not Estimation.fit(Multiclass(rare, np.full((30, 3), 1 / 3)), few, ["x"]).estimates


def test_the_same_seed_gives_the_same_estimate():
    chance = np.random.default_rng(8)
    score = chance.random(4000)
    fitted = Estimation.fit(Binary(chance.random(4000) < score, score), ROWS, ["x"])
    assert fitted.of_scores(score, 0.95, 1) == fitted.of_scores(score, 0.95, 1)
    assert fitted.of_scores(score, 0.95, 1) != fitted.of_scores(score, 0.95, 2)
    assert fitted.of_scores(np.empty(0), 0.95, 1)["accuracy"]["value"] is None
