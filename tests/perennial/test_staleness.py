"""A model is stale if its traffic has drifted or its age exceeds the policy; too little traffic proves nothing."""

import pytest

from perennial.contract.lifecycle import Monitoring
from perennial.retraining import INSUFFICIENT, assess

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
