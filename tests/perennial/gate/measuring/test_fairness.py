"""Rates of groups, gaps and ratios are Fairlearn's; what cannot be compared is not."""

import warnings
from typing import Any

import fairlearn.metrics as fl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, zero_one_loss

from perennial.contract.gate import Fairness
from perennial.gate.measuring import fairness
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.levels import levels
from perennial.gate.measuring.outcomes import Binary, Multiclass, Regression

FAIRLEARN = {
    "selection_rate": fl.selection_rate,
    "true_positive_rate": fl.true_positive_rate,
    "false_positive_rate": fl.false_positive_rate,
    "error": zero_one_loss,
}


@st.composite
def people(draw: st.DrawFn) -> tuple[np.ndarray, ...]:
    """Truth, probability (with ties and constants), one or two columns (with nulls), and weights (with noughts)."""
    rows = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    actual = rng.random(rows) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
    probability = rng.integers(0, draw(st.integers(1, 8)), rows) / 7
    columns = rng.choice(np.array(["a", "b", "c", None], dtype=object), (2, rows))
    weights = rng.integers(draw(st.integers(0, 1)), 4, rows).astype(float)
    return actual, probability, columns[0], columns[1], weights


def frame_of(actual: np.ndarray, predicted: np.ndarray, sensitive: Any, weights: np.ndarray) -> fl.MetricFrame:
    params = {name: {"sample_weight": weights} for name in FAIRLEARN}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return fl.MetricFrame(
            metrics=FAIRLEARN, y_true=actual.astype(int), y_pred=predicted.astype(int), sensitive_features=sensitive,
            sample_params=params,
        )  # fmt: skip


@given(people())
def test_the_rates_of_weighted_groups_are_fairlearns(drawn: tuple[np.ndarray, ...]) -> None:
    actual, probability, column, _, weights = drawn
    # Fairlearn cannot take a group whose weights are all 0
    weights = weights + 1
    groups = levels(pd.Series(column))
    outcomes = Binary(actual, probability, 0.5)
    told = fairness.Rates(groups.codes, len(groups.names), outcomes).of(weights[None])
    mine, wholes = ({name: each[0] for name, each in found.items()} for found in told)
    theirs = frame_of(actual, outcomes.predicted, groups.codes, weights).by_group
    for name in FAIRLEARN:
        # Fairlearn says 0 where no row of a group could be counted; here that is unknown.
        known = wholes[name] > 0
        assert np.isnan(mine[name][~known]).all()
        assert (theirs[name].to_numpy()[~known] == 0).all()
        np.testing.assert_allclose(mine[name][known], theirs[name].to_numpy()[known].astype(float), rtol=0, atol=1e-12)


@given(people(), st.booleans())
def test_gaps_and_ratios_are_fairlearns_over_one_column_and_over_two_crossed(
    drawn: tuple[np.ndarray, ...], both: bool
) -> None:
    actual, probability, one, other, _ = drawn
    rows = pd.DataFrame({"one": one, "other": other})
    columns = ("one", "other") if both else ("one",)
    outcomes = Binary(actual, probability, 0.5)
    (entry,) = fairness.measure([Fairness(columns, min_rows=1)], rows, outcomes, Resamples(len(rows), 20, 1))
    sensitive = rows[list(columns)].fillna("missing")
    frame = frame_of(actual, outcomes.predicted, sensitive, np.ones(len(rows)))
    groups = {tuple(group["group"]): group for group in entry["groups"]}
    # Crossed, Fairlearn shows pairs that nobody belongs to as unknown; here they are not there.
    counts = sensitive.value_counts()
    assert {group: told["rows"] for group, told in groups.items()} == {k: int(v) for k, v in counts.items()}
    for name in FAIRLEARN:
        defined = [g for g, told in groups.items() if told["measures"][name]["value"] is not None]
        theirs = frame.by_group[name].loc[[g if both else g[0] for g in defined]].astype(float)
        if len(defined) < 2:
            assert name not in entry["apart"]
            continue
        assert entry["apart"][name]["value"] == pytest.approx(theirs.max() - theirs.min(), abs=1e-12)
        ratio = 1.0 if theirs.max() == 0 else theirs.min() / theirs.max()
        assert entry["ratio"][name]["value"] == pytest.approx(ratio, abs=1e-12)
        if len(defined) == len(frame.by_group):
            assert entry["apart"][name]["value"] == pytest.approx(frame.difference()[name], abs=1e-12)
            if theirs.max() > 0:
                assert entry["ratio"][name]["value"] == pytest.approx(frame.ratio()[name], abs=1e-12)


@given(people())
def test_demographic_parity_and_the_parts_of_equalized_odds_are_fairlearns(drawn: tuple[np.ndarray, ...]) -> None:
    actual, probability, column, _, _ = drawn
    outcomes = Binary(actual, probability, 0.5)
    rows, sensitive = pd.DataFrame({"one": column}), pd.Series(column).fillna("missing")
    (entry,) = fairness.measure([Fairness(("one",), min_rows=1)], rows, outcomes, Resamples(len(rows), 20, 1))
    if len(entry["groups"]) < 2:
        return
    given_to = {"y_true": actual.astype(int), "y_pred": outcomes.predicted.astype(int), "sensitive_features": sensitive}
    parity = fl.demographic_parity_difference(**given_to)
    assert entry["apart"]["selection_rate"]["value"] == pytest.approx(parity, abs=1e-12)
    if outcomes.predicted.any():
        ratio = fl.demographic_parity_ratio(**given_to)
        assert entry["ratio"]["selection_rate"]["value"] == pytest.approx(ratio, abs=1e-12)
    parts = [
        [group["measures"][name]["value"] for group in entry["groups"]]
        for name in ("true_positive_rate", "false_positive_rate")
    ]
    if all(None not in part for part in parts):
        odds = max(entry["apart"][name]["value"] for name in ("true_positive_rate", "false_positive_rate"))
        assert odds == pytest.approx(fl.equalized_odds_difference(**given_to), abs=1e-12)


def test_calibration_and_error_of_numbers_and_of_many_classes() -> None:
    rng = np.random.default_rng(1)
    rows = pd.DataFrame({"sex": rng.choice(["f", "m"], 400)})
    actual = rng.normal(size=400)
    value = actual + np.where(rows["sex"] == "f", 1.0, 0.0) + rng.normal(size=400)
    (entry,) = fairness.measure([Fairness(("sex",))], rows, Regression(actual, value), Resamples(400, 100, 1))
    for group in entry["groups"]:
        mine = (rows["sex"] == group["group"][0]).to_numpy()
        assert group["measures"]["error"]["value"] == pytest.approx(mean_absolute_error(actual[mine], value[mine]))
        assert group["measures"]["calibration"]["value"] == pytest.approx(np.mean(value[mine] - actual[mine]))
        assert "positives" not in group
    assert entry["apart"]["calibration"]["between"] == ["f", "m"]
    assert "calibration" not in entry["ratio"]
    probabilities = rng.dirichlet([1, 1, 1], 400)
    truth = rng.integers(0, 3, 400)
    many = Multiclass(truth, probabilities)
    (entry,) = fairness.measure([Fairness(("sex",))], rows, many, Resamples(400, 100, 1))
    mine = (rows["sex"] == "f").to_numpy()
    measures = entry["groups"][0]["measures"]
    assert set(measures) == {"calibration", "error"}
    wrong = np.mean(many.predicted[mine] != truth[mine])
    assert measures["error"]["value"] == pytest.approx(wrong)
    assert measures["calibration"]["value"] == pytest.approx(probabilities.max(axis=1)[mine].mean() - (1 - wrong))


def test_small_groups_are_reported_and_not_compared() -> None:
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"city": ["big"] * 300 + ["other"] * 300 + ["tiny"] * 5})
    actual = rng.random(605) < 0.4
    probability = np.where(rows["city"] == "tiny", 1.0, rng.random(605))
    rule = Fairness(("city",), min_rows=100)
    (entry,) = fairness.measure([rule], rows, Binary(actual, probability), Resamples(605, 100, 1))
    assert [group["judged"] for group in entry["groups"]] == [True, True, False]
    assert "tiny" not in entry["apart"]["selection_rate"]["between"]


def test_a_rate_of_few_positives_is_not_compared() -> None:
    rng = np.random.default_rng(2)
    rows = pd.DataFrame({"city": ["big"] * 300 + ["other"] * 300})
    actual = np.r_[np.arange(300) < 100, np.arange(300) < 9]
    (entry,) = fairness.measure([Fairness(("city",))], rows, Binary(actual, rng.random(600)), Resamples(600, 100, 1))
    assert "true_positive_rate" not in entry["apart"]
    assert "false_positive_rate" in entry["apart"]


def test_two_declared_groups_are_compared_whatever_others_there_are() -> None:
    rng = np.random.default_rng(3)
    rows = pd.DataFrame({"zone": pd.array(rng.integers(1, 15, 3000), dtype="Int64")})
    outcomes = Binary(rng.random(3000) < 0.4, rng.random(3000))
    rule = Fairness(("zone",), groups=(3, 7))
    (entry,) = fairness.measure([rule], rows, outcomes, Resamples(3000, 50, 1))
    assert all(set(found["between"]) == {"3", "7"} for found in entry["apart"].values())


def test_the_interval_is_that_of_the_pair_and_not_of_each_resamples_widest_gap() -> None:
    rng = np.random.default_rng(4)
    rows = pd.DataFrame({"group": rng.choice(list("abcdefghij"), 5000)})
    outcomes = Binary(rng.random(5000) < 0.4, rng.random(5000))
    (entry,) = fairness.measure([Fairness(("group",))], rows, outcomes, Resamples(5000, 300, 1))
    apart = entry["apart"]["selection_rate"]
    assert (apart["low"] + apart["high"]) / 2 == pytest.approx(apart["value"], abs=0.01)
