"""The reconciler ends or starts whatever nothing else would: lost events, messages, executions and conclusions."""

from __future__ import annotations

from typing import Any

import pytest

from cloud import lease
from cloud.platform import client
from tests.faults.account import Account, assert_invariants, table
from tests.faults.test_crashes import Disturbance
from tests.faults.test_runs import walk_to


def lose_messages(account: Account) -> None:
    """The messages that dead letters would hold."""
    account.events.clear()
    account.ended.clear()
    account.messages()


@pytest.mark.quick
def test_an_upload_without_an_event_is_started(account: Account) -> None:
    key = account.upload("apples", "a b+c.csv", table(1))
    lose_messages(account)
    assert account.reconcile()["found"] == 1
    account.settle()
    assert account.run(key).state == "promoted"
    assert account.reconcile() == {"found": 0, "ended": 0}
    assert_invariants(account)


@pytest.mark.parametrize("operation", ["PutItem", "UpdateItem", "PutObject", "StartExecution"])
def test_an_upload_whose_message_was_lost_after_a_crash_ends_once(account: Account, operation: str) -> None:
    """The dataset is claimed, and its message was received too often."""
    key = account.upload("apples", "a.csv", table(1))
    disturbance = Disturbance(account, "Dispatch", operation, "killed")
    with disturbance.under_way():
        assert account.deliver(*account.events)
    lose_messages(account)
    account.reconcile()
    account.settle()
    if operation == "UpdateItem":  # the lease was taken, and the run has no record
        account.clock.forward(hours=8)
        account.reconcile()
        account.settle()
    assert account.run(key).state == "promoted", account.run(key).reasons
    assert_invariants(account)


def test_a_displaced_upload_whose_dispatch_died_before_it_was_superseded_is_not_lost(account: Account) -> None:
    """The slot of the pending dataset has the newer one, and no message names the older one."""
    account.upload("apples", "0.csv", table(0))
    account.upload("apples", "1.csv", table(1))
    account.deliver(*account.events)
    account.events.clear()
    newer = account.upload("apples", "2.csv", table(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("functions.dispatch.uploads.unstarted.supersede", lambda *_: 1 / 0)
        account.deliver(*account.events)
    account.reconcile()
    account.settle()
    account.reconcile()
    account.settle()
    assert account.champion("apples") == account.run(newer).version
    assert_invariants(account)


@pytest.mark.parametrize("state", ["Plan files", "Train", "Check endpoint"])
def test_a_run_whose_execution_ended_without_a_conclusion_is_ended_when_its_lease_is(
    account: Account, state: str
) -> None:
    account.upload("apples", "first.csv", table(0))
    account.settle()
    champion = account.champion("apples")
    key, execution = walk_to(account, "a.csv", state)
    account.stop(execution)
    lose_messages(account)
    assert account.reconcile()["ended"] == 0, "it holds its lease"
    account.clock.forward(hours=48)
    assert account.reconcile()["ended"] == 1
    account.settle()
    run = account.run(key)
    assert (run.state, "LostRunError" in run.reasons[1]) == ("failed", True)
    assert account.champion("apples") == account.served("apples") == champion
    assert account.reconcile() == {"found": 0, "ended": 0}
    assert_invariants(account)


def test_a_lost_run_whose_cleanup_was_lost_too_is_ended_in_the_ledger(account: Account) -> None:
    key, execution = walk_to(account, "a.csv", "Train")
    account.stop(execution)
    lose_messages(account)
    account.clock.forward(hours=48)
    account.reconcile()
    (cleanup,) = account.running()
    account.stop(cleanup)
    lose_messages(account)
    account.clock.forward(hours=8)
    assert account.reconcile()["ended"] == 1
    account.settle()
    assert account.run(key).state == "failed"
    assert_invariants(account)


def test_a_lost_run_is_ended_before_the_next_one_begins(account: Account) -> None:
    """The upload that waits would take its lease, and nothing would roll its release back."""
    account.upload("apples", "first.csv", table(0))
    account.settle()
    key, execution = walk_to(account, "a.csv", "Check endpoint")
    waiting = account.upload("apples", "b.csv", table(5))
    account.deliver(*account.events)
    account.stop(execution)
    lose_messages(account)
    account.clock.forward(hours=48)
    account.reconcile()
    account.settle()
    assert (account.run(key).state, account.run(waiting).state) == ("failed", "promoted")
    assert_invariants(account)


def test_a_conclusion_that_died_in_the_middle_is_completed(account: Account) -> None:
    """The conclusion died just after it had ended the run, and its event was lost."""
    key = account.upload("apples", "a.csv", b"")
    disturbance = Disturbance(account, "Conclude", "PutItem", "killed")
    with disturbance.under_way():
        account.deliver(*account.events)
        account.events.clear()
        (execution,) = account.running()
        while execution.status == "RUNNING":
            account.step(execution)
    lose_messages(account)
    assert lease.holder(account.world.ledger, "apples", account.clock.now)
    account.reconcile()
    assert lease.holder(account.world.ledger, "apples", account.clock.now) is None
    account.clock.forward(hours=1)
    account.reconcile()
    account.settle()
    assert account.run(key).state == account.dataset(key).state == "quarantined"
    assert_invariants(account)


def test_the_reconciler_changes_nothing_of_an_account_that_is_well(account: Account) -> None:
    account.upload("apples", "a.csv", table(1))
    account.upload("pears", "b.csv", table(2))
    steps: list[Any] = []
    while account.events or account.running():
        account.deliver(*account.events)
        account.events.clear()
        for execution in account.running():
            account.step(execution)
            steps.append(account.reconcile())
    account.settle()
    assert steps == [{"found": 0, "ended": 0}] * len(steps)
    assert [len(account.world.ledger.runs(model)) for model in account.specs] == [1, 1]
    assert len(client("stepfunctions").list_executions(
        stateMachineArn=account.world.platform.state_machine)["executions"]) == 2  # fmt: skip
    assert_invariants(account)
