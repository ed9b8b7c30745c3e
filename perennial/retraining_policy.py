"""Decides whether a model in service is trained again now, from a record of facts; pure, with the time as an argument.

A training is due by the policy's own rule (verdict, schedule or cost). It is then held back, or a person is asked, by
rules that are the same for all: so a model that cannot be mended costs no more than the spec allows.

`cost` is the rule of rent or buy: a training is bought when the loss by staleness since the last one has reached its
price, so that both together are at most twice what knowing the future would cost (Mahadevan and Mathioudakis,
"Cost-aware retraining for machine learning", 2024, decide by the same accumulated loss).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from perennial.contract.lifecycle import Retraining
from perennial.outcomes import State

STALE = "stale"
LONGEST_PAUSE = timedelta(days=28)
#: after which `min_new_share` does not count
LONGEST_WAIT = timedelta(days=90)
_INEXACT = timedelta(minutes=30)  # looks come by schedules, which are not exact
_COUNTED = 3  # newest prices from which the next one is foreseen
Action = Literal["train", "wait", "ask"]
Rule = Literal["due", "not due", "off", "running", "asked", "cool-down", "labels", "runs per month", "money per month"]


@dataclass(frozen=True)
class Attempt:
    """One training that the policy started, oldest first in `Facts`. `ended_at` is None while it runs."""

    run: str
    started_at: datetime
    ended_at: datetime | None
    outcome: State
    price: float


@dataclass(frozen=True)
class Facts:
    """The state of a model at one time, as far as the policy needs it.

    Args:
        verdict: of monitoring: fresh, watch, stale, insufficient data.
        since: the champion serves since then.
        labelled: labelled rows that no training has seen, whether its candidate was taken or not.
        learned: rows of the datasets that the champion was trained on.
        attempts: trainings that the policy started, oldest first.
        running: the run that holds the model's lease, or ''.
        spec_changed: the spec is another one than the champion's, so that the same rows give another model.
        loss: the money that staleness has lost since the last training, where it is known.
        price: the price of the next training at most, where none was made yet.
        resumed_at: the time at which a person last allowed trainings again.
        other_runs: the times at which other runs of the model ended: uploads, which start the count of refusals anew.
    """

    now: datetime
    verdict: str
    since: datetime
    labelled: int
    attempts: tuple[Attempt, ...] = ()
    running: str = ""
    spec_changed: bool = False
    loss: float | None = None
    price: float = 0.0
    resumed_at: datetime | None = None
    other_runs: tuple[datetime, ...] = ()
    learned: int = 0

    @property
    def trained_at(self) -> datetime:
        """The time of the last training, whatever became of its candidate."""
        return max([self.since, *self.other_runs, *(attempt.started_at for attempt in self.attempts)])


@dataclass(frozen=True)
class Ruling:
    """The decision, the rule that made it, and its reason in sentences; not before `until`, where that is known."""

    action: Action
    rule: Rule
    sentences: tuple[str, ...]
    until: datetime | None = None


def decide(policy: Retraining, facts: Facts, on: bool = True) -> Ruling:
    """The decision on a training now. `on`: the spec allows automatic retraining at all."""
    due, reason = _due(policy, facts)
    if not due:
        return Ruling("wait", "not due", (reason,))
    if not on:
        return Ruling("wait", "off", (reason, "monitoring.retrain is false, so nothing is trained."))
    held = next(_obstacles(policy, facts), None)
    if held is not None:
        return Ruling(held.action, held.rule, (reason, *held.sentences), held.until)
    return Ruling("train", "due", (reason, f"{facts.labelled:,} labelled rows are new; a training begins."))


def refused_in_a_row(facts: Facts) -> int:
    """The refused or failed candidates since the last one that was promoted, another run, or a person's word."""
    count = 0
    fresh_from = max((at for at in (facts.resumed_at, *facts.other_runs) if at is not None), default=None)
    for attempt in facts.attempts:
        if attempt.ended_at is None or (fresh_from is not None and attempt.started_at < fresh_from):
            continue
        count = 0 if attempt.outcome == "promoted" else count + 1
    return count


def foreseen_price(facts: Facts) -> float:
    """The price of the next training: the highest of the newest ones, else the most that it may cost."""
    return max((attempt.price for attempt in facts.attempts[-_COUNTED:]), default=facts.price)


def _due(policy: Retraining, facts: Facts) -> tuple[bool, str]:
    if policy.by == "verdict":
        return facts.verdict == STALE, f"The model is {facts.verdict}."
    if policy.by == "schedule":
        since = facts.now - _last_begun(facts)
        days = since / timedelta(days=1)
        return (
            since >= timedelta(days=policy.every_days) - _INEXACT,
            f"The last training was {days:.1f} days ago; one is due every {policy.every_days}.",
        )
    price = foreseen_price(facts)
    if facts.loss is None:
        return False, "The loss by staleness is unknown: too few labels, or no value was promised."
    sentence = f"Staleness has lost {facts.loss:,.2f} since the last training; a training costs {price:,.2f}."
    return facts.loss > 0 and facts.loss >= price, sentence


def _last_begun(facts: Facts) -> datetime:
    """The begin of the last training that the policy started, or the champion's release where that is of another run.

    A champion that the policy trained is released after its training began; the release is not counted.
    """
    own = any(each.started_at <= facts.since <= (each.ended_at or facts.now) for each in facts.attempts)
    return max([*([] if own else [facts.since]), *(attempt.started_at for attempt in facts.attempts)])


def _obstacles(policy: Retraining, facts: Facts) -> Iterator[Ruling]:
    """The rules that hold a due training back, the one that counts first before the others."""
    if facts.running:
        yield Ruling("wait", "running", (f"{facts.running} is under way.",))
    refused = refused_in_a_row(facts)
    if refused >= policy.ask_after:
        yield Ruling(
            "ask",
            "asked",
            (f"{refused} candidates in a row were not promoted. Trainings stop until a person looks at the model.",),
        )
    yield from _cooldown(policy, facts, refused)
    needed = _needed(policy, facts)
    if facts.labelled < needed and not facts.spec_changed:
        because = f": the champion learned {facts.learned:,}" if needed > policy.min_labels else ""
        sentence = f"{facts.labelled:,} labelled rows are new; {needed:,} are needed{because}."
        yield Ruling("wait", "labels", (sentence,))
    yield from _budget(policy, facts)


def _needed(policy: Retraining, facts: Facts) -> int:
    """The new labelled rows that a training needs.

    Few rows beside many old ones hardly change a model: it would be stale again at once. After a long time the share
    does not count any more: a model of much data would never be trained again on little traffic.
    """
    if policy.by == "schedule" or facts.now - facts.trained_at >= LONGEST_WAIT:
        return policy.min_labels
    return max(policy.min_labels, math.ceil(policy.min_new_share * facts.learned))


def _cooldown(policy: Retraining, facts: Facts, refused: int) -> Iterator[Ruling]:
    ended = [attempt.ended_at for attempt in facts.attempts if attempt.ended_at is not None]
    if not ended:
        return
    pause = min(timedelta(hours=policy.cooldown_hours) * 2**refused, max(LONGEST_PAUSE, _hours(policy)))
    until = max(ended) + pause
    if facts.now < until:
        because = f", {refused} refused in a row" if refused else ""
        sentence = f"The pause after the last training lasts until {until:%Y-%m-%d %H:%M} UTC{because}."
        yield Ruling("wait", "cool-down", (sentence,), until)


def _hours(policy: Retraining) -> timedelta:
    return timedelta(hours=policy.cooldown_hours)


def _budget(policy: Retraining, facts: Facts) -> Iterator[Ruling]:
    first = facts.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    month = [attempt for attempt in facts.attempts if attempt.started_at >= first]
    if len(month) >= policy.runs_per_month:
        sentence = f"{len(month)} trainings were made this month, at most {policy.runs_per_month} are allowed."
        yield Ruling("wait", "runs per month", (sentence,), following)
    spent, price = sum(attempt.price for attempt in month), foreseen_price(facts)
    if policy.money_per_month is not None and spent + price > policy.money_per_month:
        sentence = (
            f"{spent:,.2f} were spent on trainings this month and the next one costs {price:,.2f}; at most "
            f"{policy.money_per_month:,.2f} are allowed."
        )
        yield Ruling("wait", "money per month", (sentence,), following)
