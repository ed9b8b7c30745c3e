"""A model is stale if its traffic has drifted or its age exceeds the policy; too little traffic proves nothing."""

import pytest

from perennial.contract.lifecycle import Monitoring
from perennial.retraining import INSUFFICIENT, assess, row_sentences
from tests.perennial.reports.cases import spec

POLICY = Monitoring(min_rows=100, max_age_days=30)


@pytest.mark.parametrize(
    ("rows", "drift", "age", "stale"),
    [
        (100, "stable", 0, False),
        (100, "watch", 0, False),
        (100, "drifted", 0, True),
        (99, "drifted", 0, False),
        (0, "stable", 30, True),
        (100, "incomparable", 29, False),
    ],
)
def test_a_model_is_stale_by_drift_or_by_age(rows, drift, age, stale):
    assert assess(POLICY, rows, drift, "d", age).stale is stale


def test_too_little_traffic_is_called_insufficient_and_says_how_much_is_asked_for():
    found = assess(POLICY, 7, "drifted", "d", 0)
    assert found.drift == INSUFFICIENT
    assert "7 rows of traffic, 100 are asked for" in found.sentences[1]


def test_the_rows_of_a_model_that_was_fitted_again_are_those_it_was_fitted_on() -> None:
    told = row_sentences({"train": 800, "held_out": 200, "refitted": 1000, "redivided": 30}, spec())
    assert told[0].startswith("Trained on 1,000 rows, after a model of 800 of them was judged on 200 held-out rows")
    assert told[1].startswith("30 held-out rows were left out")
