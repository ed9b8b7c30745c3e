"""Random schedules over several models: uploads, crashes, duplicates, reorderings, losses and clock jumps.

Hypothesis chooses each step, so that a schedule that breaks an invariant is shortened and printed with its seed.
`make chaos` goes on with new schedules for an hour.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from moto import mock_aws

from cloud import ledger as ledgers
from cloud import platform
from cloud.ledger import Ledger
from tests.faults.account import Account, assert_invariants, build, table
from tests.faults.workflow import StateError
from tests.functions.conftest import build_world
from tests.functions.disturbances import How, answered, disturbed

MODELS = ("apples", "pears", "plums")
CRASHES = ("", "Lambda.SdkClientException", "Runtime.OutOfMemory")  # as Step Functions sees them; '' as it is
BODIES = (b"", b"x,y\n", b"<Error>")
PICK = st.integers(0, 1000)  # one of those that there are


def picked(found: Collection[Any], number: int) -> Any:
    """The chosen one of a collection."""
    return list(found)[number % len(found)]


class Schedule(RuleBasedStateMachine):
    """One account, and what may happen in it at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.account = self.stack.enter_context(fresh())
        self.waiting: list[dict[str, Any]] = []  # messages of the queue, in no order
        self.seen: list[dict[str, Any]] = []
        self.disturbance: tuple[int, How, str] | None = None  # of a call of the next function
        self.repeated, self.holds = 0, True
        self.undisturbed, self.account.call = self.account.call, self.call

    def call(self, name: str, payload: Any, data: dict[str, Any]) -> Any:
        """Invokes a function; disturbs it if that is due."""
        disturbance, self.disturbance = self.disturbance, None
        if disturbance is None:
            return self.undisturbed(name, payload, data)
        number, how, error = disturbance
        try:
            with disturbed(self.account.world.ledger, number, how) as calls:
                return self.undisturbed(name, payload, data)
        except StateError as failed:
            if failed.error == "Runtime.ExitError" and error:
                raise StateError(error, "the connection was closed") from None
            raise
        finally:
            self.repeated += len(calls) >= number and calls[number - 1] == "Publish"

    def collect(self) -> None:
        """The messages that AWS has put into the queue since."""
        self.waiting += [*self.account.events, *self.account.messages()]
        self.account.events.clear()
        self.account.notice_executions()

    @rule(model=st.sampled_from(MODELS), same=st.booleans())
    def upload(self, model: str, same: bool) -> None:
        number = len(self.account.uploads)
        self.account.upload(model, "same.csv" if same else f"{number}.csv", table(number))

    @rule(model=st.sampled_from(MODELS), body=st.sampled_from(BODIES))
    def upload_a_faulty_file(self, model: str, body: bytes) -> None:
        self.account.upload(model, f"{len(self.account.uploads)}.csv", body)

    @rule(picks=st.lists(PICK, min_size=1, max_size=4))
    def deliver(self, picks: list[int]) -> None:
        """Some messages, in any order; those that fail come back."""
        for number in picks:
            self.collect()
            if self.waiting:
                message = picked(self.waiting, number)
                self.waiting.remove(message)
                self.seen.append(message)
                self.waiting += self.account.deliver(message)

    @rule(picks=st.lists(PICK, min_size=1, max_size=15))
    def step(self, picks: list[int]) -> None:
        """States of the executions that are under way, interleaved."""
        for number in picks:
            self.account.notice_executions()
            if self.account.running():
                self.account.step(picked(self.account.running(), number))
                self.check()

    @precondition(lambda self: self.seen)
    @rule(number=PICK)
    def repeat_a_message(self, number: int) -> None:
        self.waiting.append(picked(self.seen, number))

    @precondition(lambda self: self.waiting)
    @rule(number=PICK)
    def lose_a_message(self, number: int) -> None:
        self.waiting.remove(picked(self.waiting, number))

    @precondition(lambda self: self.account.running())
    @rule(number=PICK)
    def stop_an_execution(self, number: int) -> None:
        self.account.stop(picked(self.account.running(), number))

    @precondition(lambda self: self.account.ended)
    @rule(again=st.booleans())
    def tell_an_end(self, again: bool) -> None:
        """The event of an execution that ended; where its function fails it may be among the dead letters."""
        event = self.account.ended.pop(0)
        with contextlib.suppress(StateError):
            self.account.conclude(event)
            again = False
        self.account.ended += [event] * again

    @rule(number=st.integers(1, 24), how=st.sampled_from(("killed", "lost", "twice")), error=st.sampled_from(CRASHES))
    def disturb(self, number: int, how: How, error: str) -> None:
        self.disturbance = (number, how, error)

    @rule()
    def reconcile(self) -> None:
        with contextlib.suppress(StateError):  # it comes again on its schedule
            self.account.reconcile()

    @rule(minutes=st.sampled_from((1, 30, 500, 3000)))
    def let_time_pass(self, minutes: int) -> None:
        self.account.clock.forward(minutes=minutes)

    @precondition(lambda self: self.account.running())
    @rule(number=PICK, how=st.sampled_from(("refuse", "spoilt canary")))
    def make_a_bad_model(self, number: int, how: str) -> None:
        run = picked(self.account.running(), number).data["run"]["id"]
        if how == "refuse":
            self.account.sagemaker.outcomes[run.removeprefix("run-")] = "refuse"
        elif version := self.account.world.ledger.run(run).version:
            self.account.sagemaker.spoilt.add(version)

    def check(self) -> None:
        """No endpoint serves a version that no run of its model has registered."""
        for model in MODELS:
            served = self.account.served(model)
            if served is not None:
                self.holds = served in {each.id for each in self.account.world.ledger.versions(model)}
                assert self.holds, f"{model} serves {served}"

    def teardown(self) -> None:
        """The faults end; within days the reconciler finds what was lost, and the next uploads become champions."""
        try:
            if self.holds:
                self.finish()
        finally:
            self.stack.close()

    def finish(self) -> None:
        self.disturbance, self.account.call = None, self.undisturbed
        for _ in range(4):
            self.collect()
            self.account.events += self.waiting
            self.waiting.clear()
            self.account.settle()
            self.account.clock.forward(hours=30)
            self.account.reconcile()
        self.account.settle()
        assert_invariants(self.account, self.repeated)
        keys = [self.account.upload(model, "last.csv", table(999)) for model in MODELS]
        self.account.settle()
        for key in keys:
            assert self.account.run(key).state == "promoted", self.account.run(key).reasons
        assert_invariants(self.account, self.repeated)


@contextmanager
def fresh(models: tuple[str, ...] = MODELS) -> Iterator[Account]:
    """An empty account; for each example a new one."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "us-east-1"}.items():
            patch.setenv(f"AWS_{name}", value)
        forget()
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        boto3.client("dynamodb").create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        )
        account = build(build_world(Ledger("ledger"), patch), patch, models)
        with answered(account.sagemaker.answer):
            yield account
    forget()


def forget() -> None:
    """Forgets the clients of the example before."""
    platform.client.cache_clear()
    platform.from_environment.cache_clear()
    ledgers.table.cache_clear()


def run_schedules(number: int, count: int) -> None:
    """Takes that many schedules of 40 rules each; the seed gives the same ones again."""
    machine = type("Schedule", (Schedule,), {})
    run_state_machine_as_test(
        seed(number)(machine),
        settings=settings(
            max_examples=count,
            stateful_step_count=40,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_one_schedule_holds_the_invariants() -> None:
    """The same one on every machine."""
    run_schedules(1, 1)


@pytest.mark.skipif("CHAOS_SECONDS" not in os.environ, reason="`make chaos` runs it for as long as it is told")
def test_random_schedules_hold_the_invariants() -> None:
    """New schedules until the time is over, ten for each seed; CHAOS_SEED begins with a seed that was printed."""
    number = int(os.environ.get("CHAOS_SEED", str(int(time.time()))))
    until, count = time.monotonic() + float(os.environ["CHAOS_SECONDS"]), 0
    while time.monotonic() < until:
        print(f"CHAOS_SEED={number}", flush=True)
        run_schedules(number, 10)
        number, count = number + 1, count + 10
    print(f"{count} schedules held the invariants", flush=True)
