"""The policy of automatic retraining: when a training is due, and what holds it back; no storm in virtual time."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.contract.lifecycle import Retraining
from perennial.retraining_policy import LONGEST_PAUSE, LONGEST_WAIT, Attempt, Facts, Ruling, decide, refused_in_a_row

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
POLICY = Retraining()


def facts(**changes: Any) -> Facts:
    return replace(Facts(NOW, "stale", NOW - timedelta(days=60), labelled=1000, price=0.1), **changes)


def attempt(hours_ago: float, outcome: Any = "refused", price: float = 0.05, hours: float = 1) -> Attempt:
    began = NOW - timedelta(hours=hours_ago)
    ended = None if outcome == "running" else began + timedelta(hours=hours)
    return Attempt(f"run-m-{hours_ago}", began, ended, outcome, price)


def test_a_stale_model_with_new_labels_is_trained() -> None:
    found = decide(POLICY, facts())
    assert (found.action, found.rule) == ("train", "due")
    assert found.sentences == ("The model is stale.", "1,000 labelled rows are new; a training begins.")


@pytest.mark.parametrize("verdict", ["fresh", "watch", "insufficient data"])
def test_another_verdict_trains_nothing_and_says_why(verdict: str) -> None:
    assert decide(POLICY, facts(verdict=verdict)) == Ruling("wait", "not due", (f"The model is {verdict}.",))


@pytest.mark.parametrize(
    ("changes", "rule", "sentence"),
    [
        ({"running": "run-m-1"}, "running", "run-m-1 is under way."),
        ({"labelled": 499}, "labels", "499 labelled rows are new; 500 are needed."),
        ({"learned": 8000}, "labels", "1,000 labelled rows are new; 1,600 are needed: the champion learned 8,000."),
        ({"attempts": (attempt(20, "promoted"),)}, "cool-down", "lasts until 2026-03-10 17:00 UTC."),
        ({"attempts": (attempt(40),)}, "cool-down", "lasts until 2026-03-10 21:00 UTC, 1 refused in a row."),
        (
            {"attempts": tuple(attempt(200 - hour, "promoted") for hour in range(8))},
            "runs per month",
            "8 trainings were made this month, at most 8 are allowed.",
        ),
    ],
)
def test_a_due_training_is_held_back_with_the_rule_that_does(changes: Any, rule: str, sentence: str) -> None:
    found = decide(POLICY, facts(**changes))
    assert (found.action, found.rule) == ("wait", rule)
    assert found.sentences[0] == "The model is stale."
    assert sentence in found.sentences[1]


def test_few_new_rows_are_enough_by_schedule_or_after_a_long_time() -> None:
    recent = NOW - timedelta(days=60)
    assert decide(POLICY, facts(since=recent, learned=8000)).rule == "labels"
    assert decide(POLICY, facts(since=NOW - LONGEST_WAIT, learned=8000)).action == "train"
    assert decide(Retraining(by="schedule"), facts(since=recent, learned=8000)).action == "train"
    assert decide(Retraining(min_new_share=0), facts(since=recent, learned=8000)).action == "train"


def test_the_budget_counts_what_was_spent_this_month_and_what_the_next_one_costs() -> None:
    policy = Retraining(money_per_month=0.1, cooldown_hours=0, ask_after=20)
    march, february = attempt(100, price=0.06), attempt(24 * 20, price=0.06)
    assert decide(policy, facts(attempts=(february,))).action == "train"
    found = decide(policy, facts(attempts=(february, march)))
    assert (found.rule, found.until) == ("money per month", datetime(2026, 4, 1, tzinfo=UTC))
    assert decide(policy, facts(price=0.2)).rule == "money per month", "the first training may cost the most"


def test_a_person_is_asked_after_the_third_refusal_and_only_a_person_or_new_data_goes_on() -> None:
    refused = tuple(attempt(24 * days) for days in (9, 7, 5))
    found = decide(POLICY, facts(attempts=refused))
    assert (found.action, found.rule) == ("ask", "asked")
    assert refused_in_a_row(facts(attempts=refused)) == 3
    late = NOW + timedelta(days=300)
    assert decide(POLICY, facts(attempts=refused, now=late)).action == "ask", "time alone mends nothing"
    assert decide(POLICY, facts(attempts=refused, resumed_at=NOW - timedelta(days=1))).action == "train"
    assert decide(POLICY, facts(attempts=refused, other_runs=(NOW - timedelta(days=1),))).action == "train"
    assert refused_in_a_row(facts(attempts=(*refused, attempt(48, "promoted")))) == 0


def test_a_failed_training_counts_as_a_refused_one() -> None:
    assert refused_in_a_row(facts(attempts=(attempt(90, "failed"), attempt(60)))) == 2


def test_a_schedule_counts_from_the_last_training_whatever_became_of_it() -> None:
    policy = Retraining(by="schedule", every_days=7)
    assert decide(policy, facts(verdict="fresh")).action == "train"
    assert decide(policy, facts(verdict="stale", attempts=(attempt(24 * 6),))).rule == "not due"
    assert decide(policy, facts(verdict="fresh", attempts=(attempt(24 * 8),))).action == "train"


def test_a_daily_schedule_and_daily_looks_train_each_day() -> None:
    policy = Retraining(by="schedule", every_days=1, cooldown_hours=0)
    yesterday = attempt(23.8, "promoted")
    released = yesterday.started_at + timedelta(minutes=50)
    assert decide(policy, facts(since=released, attempts=(yesterday,))).action == "train"
    assert decide(policy, facts(since=NOW - timedelta(hours=20), attempts=(yesterday,))).rule == "not due"


def test_cost_trains_when_the_loss_has_reached_the_price() -> None:
    policy = Retraining(by="cost")
    assert decide(policy, facts(loss=0.09)).rule == "not due"
    assert decide(policy, facts(loss=0.1)).action == "train"
    dear = (attempt(24 * 9, "promoted", price=7.0),)
    assert decide(policy, facts(loss=6.9, attempts=dear)).rule == "not due"
    assert decide(policy, facts(loss=None)).sentences[0].startswith("The loss by staleness is unknown")
    assert decide(policy, facts(loss=0.0, price=0.0)).rule == "not due", "a free training still needs a loss"


def test_a_changed_spec_needs_no_new_rows() -> None:
    assert decide(POLICY, facts(labelled=0, spec_changed=True)).action == "train"


def test_retraining_that_is_off_says_what_it_would_have_done() -> None:
    assert decide(POLICY, facts(), on=False).rule == "off"


def play(policy: Retraining, days: int, labels_a_day: int = 1000, hours: float = 1.5, price: float = 0.17) -> Any:
    """An hourly look at a model that is always stale and whose candidates are always refused.

    Returns the attempts, the notices of questions (one each time the question begins), and the rulings' rules.
    """
    began = datetime(2026, 1, 5, tzinfo=UTC)
    attempts: list[Attempt] = []
    questions, asked, rules, trained_at = 0, False, Counter[str](), began
    for hour in range(days * 24):
        now = began + timedelta(hours=hour)
        attempts = [
            replace(each, outcome="refused", ended_at=each.started_at + timedelta(hours=hours))
            if each.ended_at is None and each.started_at + timedelta(hours=hours) <= now
            else each
            for each in attempts
        ]
        running = next((each.run for each in attempts if each.ended_at is None), "")
        labelled = int((now - trained_at).total_seconds() / 86400 * labels_a_day)
        seen = Facts(now, "stale", began, labelled, tuple(attempts), running, price=price, loss=1e6)
        ruling = decide(policy, seen)
        rules[ruling.rule] += 1
        if ruling.action == "train":
            assert not running
            attempts.append(Attempt(f"run-m-{hour}", now, None, "running", price))
            trained_at = now
        questions += ruling.action == "ask" and not asked
        asked = ruling.action == "ask"
    return attempts, questions, rules


@pytest.mark.parametrize("by", ["verdict", "cost", "schedule"])
def test_ninety_days_with_a_model_that_cannot_be_mended_are_no_storm(by: Any) -> None:
    attempts, questions, rules = play(Retraining(by=by, every_days=1), 90)
    assert [(each.started_at - attempts[0].started_at).days for each in attempts] == [0, 2, 6]
    assert questions == 1
    assert rules["asked"] > 80 * 24


def test_without_a_person_to_ask_the_budget_and_the_pauses_hold() -> None:
    attempts, _, _ = play(Retraining(ask_after=20, money_per_month=0.5, runs_per_month=3), 90)
    months = Counter(each.started_at.month for each in attempts)
    assert max(months.values()) <= 2, "two at 0.17 fit into 0.50 with a third foreseen at 0.17 no more"
    assert len(attempts) <= 6
    gaps = [later.started_at - each.started_at for each, later in pairwise(attempts)]
    assert all(gap >= min(timedelta(days=2 ** (place + 1)), LONGEST_PAUSE) for place, gap in enumerate(gaps))


policies = st.builds(
    Retraining,
    by=st.sampled_from(["verdict", "cost", "schedule"]),
    every_days=st.integers(1, 10),
    min_labels=st.integers(1, 5000),
    cooldown_hours=st.integers(0, 72),
    runs_per_month=st.integers(1, 10),
    money_per_month=st.none() | st.floats(0.1, 3),
    ask_after=st.integers(1, 20),
)


@given(policy=policies, labels=st.integers(1, 20_000), hours=st.floats(0.1, 30))
def test_no_policy_exceeds_its_own_limits(policy: Retraining, labels: int, hours: float) -> None:
    price = 0.17
    attempts, questions, _ = play(policy, 70, labels, hours, price)
    months = Counter((each.started_at.year, each.started_at.month) for each in attempts)
    assert all(count <= policy.runs_per_month for count in months.values())
    if policy.money_per_month is not None:
        assert all(count * price <= policy.money_per_month + 1e-9 for count in months.values())
    assert len(attempts) <= policy.ask_after
    assert questions <= 1
    for before, after in pairwise(attempts):
        ended = before.started_at + timedelta(hours=hours)
        assert after.started_at >= ended + timedelta(hours=policy.cooldown_hours)
