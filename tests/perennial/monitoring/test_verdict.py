"""A verdict needs several windows that agree; its error rates are those of the policy."""

import numpy as np
import pytest

from perennial.contract.lifecycle import Monitoring
from perennial.drift.report import ColumnDrift, DriftReport
from perennial.monitoring.promise import ESTIMATE, QUALITY, Shortfall
from perennial.monitoring.verdict import Look, judge, told

POLICY = Monitoring(min_rows=100, max_age_days=30)
STABLE = DriftReport("stable", "none of 1 columns drifted")


def drifted(**extents: float) -> DriftReport:
    columns = {
        name: ColumnDrift("drifted", "feature", {}, {}, extent, f"{name} changed", 1.0)
        for name, extent in extents.items()
    }
    return DriftReport("drifted", "drifted", max(extents, key=lambda name: extents[name]), 1000, 1000, columns)


def short(by: float, kind: str = QUALITY, common: float = 0.0, subject: str = "roc_auc") -> Look:
    return Look(1000, STABLE, (Shortfall(kind, subject, by, 1.0, f"{subject} is short by {by}", common),))


@pytest.mark.parametrize(
    ("looks", "age", "state"),
    [
        ([Look(1000, STABLE)], 0, "fresh"),
        ([Look(1000, drifted(x=2))], 0, "watch"),
        ([Look(1000, drifted(x=2)), Look(1000, STABLE), Look(1000, drifted(x=2))], 0, "stale"),
        ([Look(1000, drifted(x=2)), *3 * [Look(1000, STABLE)], Look(1000, drifted(x=2))], 0, "watch"),
        (2 * [Look(1000, drifted(x=2), season_known=False)], 0, "watch"),
        (2 * [Look(99, drifted(x=2))], 0, "insufficient data"),
        ([], 0, "insufficient data"),
        ([], 30, "stale"),
        ([Look(1000, STABLE)], 29, "fresh"),
        ([short(9)], 0, "watch"),
        ([short(3), short(3)], 0, "stale"),
        ([short(9), short(0)], 0, "fresh"),
        ([short(2), short(2)], 0, "fresh"),
    ],
)
def test_the_state_follows_from_the_newest_windows(looks, age, state):
    assert judge(looks, POLICY, age).state == state


def test_windows_that_share_an_uncertain_promise_are_not_surer_together():
    """The promise may be too high by chance: then every window is short."""
    assert judge([short(3), short(3)], POLICY, 0).state == "stale"
    assert judge([short(3, common=1.0), short(3, common=1.0)], POLICY, 0).state != "stale"


def test_figures_of_windows_whose_labels_are_late_still_count():
    """The newest window has no labels; the two before it are short."""
    assert judge([short(4), short(4), Look(1000, STABLE)], POLICY, 0).state == "stale"


@pytest.mark.parametrize(("trust", "state"), [("unconfirmed", "watch"), ("confirmed", "stale"), ("withheld", "fresh")])
def test_an_estimate_decides_only_once_truth_has_confirmed_it(trust, state):
    assert judge([short(5, ESTIMATE), short(5, ESTIMATE)], POLICY, 0, trust).state == state


def test_chance_makes_a_model_stale_at_most_at_the_rate_of_the_policy():
    chance, policy, alarms = np.random.default_rng(1), Monitoring(false_alarms=0.01), 0
    for _ in range(4000):
        looks = [short(float(by)) for by in chance.normal(0, 1, policy.windows)]
        alarms += judge(looks, policy, 0).state == "stale"
    assert alarms / 4000 <= 0.01 + 3 * (0.01 / 4000) ** 0.5


def test_comparisons_of_many_groups_raise_the_limit():
    one = Shortfall("fairness", "sex=f: error", 2.6, 1.0, "worse")
    many = Shortfall("fairness", "sex=f: error", 2.6, 1.0, "worse", comparisons=1000)
    assert judge([Look(1000, STABLE, (one,))] * 2, Monitoring(false_alarms=0.01), 0).state == "stale"
    assert judge([Look(1000, STABLE, (many,))] * 2, Monitoring(false_alarms=0.01), 0).state == "fresh"


def test_the_sentence_names_the_three_columns_that_explain_most():
    assert told(drifted(a=1.0, b=4.0, c=3.0, d=2.0)) == "b: b changed; c: c changed; d: d changed"
