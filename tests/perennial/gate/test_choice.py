"""The choice between two candidates of one run, by the gate's decision on each."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.contract.gate import Gate
from perennial.gate.choice import AMENDED, FULL, choose

POLICY = Gate(metric="roc_auc", forgetting=0.02, min_rows=10)


def metric(value: float, half: float = 0.005) -> dict[str, Any]:
    return {"roc_auc": {"value": value, "low": value - half, "high": value + half}}


def evaluation(value: float, older: float, champion: float = 0.8, policy: str = "roc_auc") -> dict[str, Any]:
    """The candidate's metric on all and on older rows; the champion's is the same on both."""

    def part(candidate: float) -> dict[str, Any]:
        return {
            "rows": 500,
            "candidate": metric(candidate),
            "champion": metric(champion),
            "difference": metric(candidate - champion),
        }

    return {
        "format": 2,
        "problem": "binary",
        "metric": policy,
        "rows": {"held_out": 1000, "positives": 300, "negatives": 700},
        "candidate": {"metrics": metric(value)},
        "champion": {"version": "m@1", "metrics": metric(champion)},
        "difference": metric(value - champion),
        "parts": {"newest": part(value), "older": part(older)},
    }


def test_the_better_one_is_taken_where_the_gate_promotes_both() -> None:
    choice = choose({FULL: evaluation(0.82, 0.8), AMENDED: evaluation(0.83, 0.8)}, POLICY)
    assert choice.taken == AMENDED
    assert choice.sentence == (
        "The amended candidate is taken: its roc_auc is better (amended: 0.83 on all rows, 0.8 on older rows, 0.83 on "
        "newest rows; full: 0.82 on all rows, 0.8 on older rows, 0.82 on newest rows)."
    )


def test_of_equal_ones_the_full_one_is_taken() -> None:
    choice = choose({FULL: evaluation(0.82, 0.8), AMENDED: evaluation(0.82, 0.8)}, POLICY)
    assert (choice.taken, "the amended one is no better" in choice.sentence) == (FULL, True)


def test_a_better_one_that_forgets_is_not_taken() -> None:
    choice = choose({FULL: evaluation(0.9, 0.7), AMENDED: evaluation(0.81, 0.8)}, POLICY)
    assert choice.taken == AMENDED
    assert "the full one forgets more than gate.forgetting allows" in choice.sentence


def test_a_better_one_that_the_gate_refuses_for_something_else_is_not_taken() -> None:
    policy = Gate(metric="roc_auc", forgetting=0.02, min_rows=10, floors={"roc_auc": 0.75})
    choice = choose({FULL: evaluation(0.7, 0.8, champion=0.7), AMENDED: evaluation(0.8, 0.8)}, policy)
    assert choice.taken == AMENDED
    assert "the gate does not promote the full one (floor" in choice.sentence


def test_a_loss_is_better_where_it_is_smaller() -> None:
    policy = Gate(metric="brier", min_rows=10)
    both = {name: evaluation(0.8, 0.8) for name in (FULL, AMENDED)}
    for name, value in ((FULL, 0.2), (AMENDED, 0.1)):
        found = {"brier": {"value": value, "low": value - 0.01, "high": value + 0.01}}
        both[name]["candidate"] = {"metrics": found}
    assert choose(both, policy).taken == AMENDED


values = st.floats(0.5, 1.0)


@given(full=st.tuples(values, values), amended=st.tuples(values, values))
def test_one_that_forgets_is_taken_only_where_both_do(full: tuple[float, float], amended: tuple[float, float]) -> None:
    evaluations = {FULL: evaluation(*full), AMENDED: evaluation(*amended)}
    choice = choose(evaluations, POLICY)
    assert choose(dict(reversed(evaluations.items())), POLICY).taken == choice.taken, "the order decides nothing"
    forgets = {
        name: any(check.name == "forgetting" and check.verdict == "failed" for check in decision.checks)
        for name, decision in choice.decisions.items()
    }
    assert not forgets[choice.taken] or all(forgets.values())


@pytest.mark.parametrize("spoilt", [{}, {"format": 2}, {"format": 2, "candidate": {"metrics": {"roc_auc": "high"}}}])
def test_an_evaluation_without_a_metric_is_never_preferred(spoilt: dict[str, Any]) -> None:
    assert choose({FULL: spoilt, AMENDED: evaluation(0.81, 0.8)}, POLICY).taken == AMENDED
