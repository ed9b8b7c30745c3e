"""The threshold is the best of all cuts, by a search that tries each of them plainly."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from perennial.gate.measuring.thresholds import by_f_beta, by_recall, by_value

Rows = list[tuple[bool, float]]
ROWS = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.3, 0.35, 0.7, 1.0])), min_size=1, max_size=30)


def columns(rows: Rows) -> tuple[Any, Any]:
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def every_cut(probability: Any) -> list[Any]:
    """The cuts at each distinct threshold."""
    return [probability >= cut for cut in [2.0, *np.unique(probability)]]


@given(ROWS, st.sampled_from([0.5, 1.0, 2.0]))
def test_no_cut_has_a_greater_f_beta(rows: Rows, beta: float) -> None:
    actual, probability = columns(rows)
    cut = by_f_beta(actual, probability, beta)
    best = max(sk.fbeta_score(actual, predicted, beta=beta, zero_division=0) for predicted in every_cut(probability))
    assert cut.reached == pytest.approx(best)
    own = sk.fbeta_score(actual, probability >= cut.value, beta=beta, zero_division=0)
    assert own == pytest.approx(best)


@given(ROWS, st.sampled_from([0.3, 0.5, 0.9]))
def test_no_cut_of_that_precision_has_a_greater_recall(rows: Rows, precision: float) -> None:
    actual, probability = columns(rows)
    cut = by_recall(actual, probability, precision)
    scores = [
        (sk.precision_score(actual, predicted, zero_division=0), sk.recall_score(actual, predicted, zero_division=0))
        for predicted in every_cut(probability)
    ]
    enough = [recall for reached, recall in scores if reached >= precision]
    assert cut.met == bool(enough)
    assert cut.reached == pytest.approx(max(enough) if enough else max(reached for reached, _ in scores))
    if enough:
        assert sk.recall_score(actual, probability >= cut.value, zero_division=0) == pytest.approx(max(enough))


@given(ROWS, st.integers(0, 5))
def test_no_cut_is_worth_more(rows: Rows, seed: int) -> None:
    _, probability = columns(rows)
    positive, negative = np.random.default_rng(seed).normal(0, 1, (2, len(rows)))
    cut = by_value(probability, positive, negative)
    worth = [np.where(predicted, positive, negative).mean() for predicted in every_cut(probability)]
    assert cut.reached == pytest.approx(max(worth))
    assert np.where(probability >= cut.value, positive, negative).mean() == pytest.approx(max(worth))


def test_a_cut_lies_halfway_between_two_probabilities() -> None:
    actual, probability = np.array([False, False, True, True]), np.array([0.1, 0.2, 0.6, 0.9])
    assert by_f_beta(actual, probability, 1.0).value == pytest.approx(0.4)


def test_where_nobody_should_be_called_positive_the_cut_is_above_all() -> None:
    cut = by_value(np.array([0.2, 1.0]), np.full(2, -1.0), np.zeros(2))
    assert cut.value > 1.0
    assert cut.reached == 0.0
