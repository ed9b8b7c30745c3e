"""Faults of AWS beneath the real clients and their real retries, and beneath the retries of the state machine."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.faults.account import Account, assert_invariants, table
from tests.faults.workflow import StateError, definition
from tests.functions.disturbances import refused

SLOW_DOWN = (503, "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>")
THROTTLED = json.dumps({"__type": "ProvisionedThroughputExceededException", "message": "slow down"})
PRINCIPAL = "arn:aws:sts::123456789012:assumed-role/plan/plan"
DENIED = f"User: {PRINCIPAL} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::data/x"
KMS = f"User: {PRINCIPAL} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext"


@pytest.mark.parametrize(
    ("operation", "answer", "times"),
    [
        ("s3.PutObject", SLOW_DOWN, 6),
        ("s3.GetObject", SLOW_DOWN, 6),
        ("dynamodb.UpdateItem", (400, THROTTLED), 5),
        ("dynamodb.PutItem", (500, json.dumps({"__type": "InternalServerError", "message": "oops"})), 5),
    ],
)
def test_a_service_that_is_busy_is_tried_again_by_the_client_and_the_run_ends_well(
    account: Account, operation: str, answer: tuple[int, str], times: int
) -> None:
    key = account.upload("apples", "a.csv", table(1))
    with refused(operation, times, *answer) as refusals:
        account.settle()
    assert len(refusals) == times
    assert account.run(key).state == "promoted", account.run(key).reasons
    assert_invariants(account)


def test_a_service_that_stays_busy_fails_the_run_with_its_name_and_the_next_upload_goes_on(account: Account) -> None:
    key = account.upload("apples", "a.csv", table(1))
    account.deliver(*account.events)
    account.events.clear()
    with refused("s3.HeadObject", 100, 503, "") as refusals:
        account.settle()
    assert len(refusals) == 7, "six retries, and no more"
    assert account.run(key).state == "failed"
    assert "HeadObject" in account.run(key).reasons[1]
    again = account.upload("apples", "b.csv", table(2))
    account.settle()
    assert account.run(again).state == "promoted"
    assert_invariants(account)


@pytest.mark.parametrize(
    ("message", "action"), [pytest.param(DENIED, "s3:GetObject", marks=pytest.mark.quick), (KMS, "kms:Decrypt")]
)
def test_a_refused_call_fails_the_run_and_names_principal_and_action(
    account: Account, message: str, action: str
) -> None:
    account.upload("apples", "first.csv", table(0))
    account.settle()
    champion = account.champion("apples")
    key = account.upload("apples", "a.csv", table(1))
    account.deliver(*account.events)
    account.events.clear()
    (execution,) = account.running()
    while execution.state != "Prepare training":
        account.step(execution)
    body = f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>"
    with refused("s3.GetObject", 2, 403, body):
        account.step(execution)
    account.settle()
    run = account.run(key)
    assert run.state == "failed"
    assert PRINCIPAL in run.reasons[1]
    assert action in run.reasons[1]
    assert account.champion("apples") == account.served("apples") == champion
    assert any(PRINCIPAL in notice["text"] for notice in account.read_notices())
    assert_invariants(account)


@pytest.mark.parametrize(
    "error", [pytest.param("Lambda.ServiceException", marks=pytest.mark.quick), "Lambda.TooManyRequestsException"]
)
def test_every_state_whose_function_fails_for_lambdas_sake_is_tried_again(account: Account, error: str) -> None:
    """Each function of the loop is unreachable three times."""
    failures: Counter[str] = Counter()
    undisturbed = account.call

    def unreachable(name: str, payload: Any, data: dict[str, Any]) -> Any:
        failures[name] += name not in ("Dispatch", "Reconcile")
        if 1 <= failures[name] <= 3:
            raise StateError(error, "Service unavailable")
        return undisturbed(name, payload, data)

    account.call = unreachable
    key = account.upload("apples", "a.csv", table(1))
    account.settle()
    assert account.run(key).state == "promoted", account.run(key).reasons
    assert {"Plan", "Inspect", "Merge", "Judge", "Register", "Verify", "Conclude"} <= set(failures)
    assert_invariants(account)


@pytest.mark.parametrize("error", ["Runtime.OutOfMemory", "Sandbox.Timedout", "States.Timeout"])
def test_a_file_that_is_too_much_for_a_function_gets_one_larger_try_and_is_then_set_aside(
    account: Account, error: str
) -> None:
    tries: list[str] = []
    undisturbed = account.call

    def exhausted(name: str, payload: Any, data: dict[str, Any]) -> Any:
        if name in ("Inspect", "InspectLarger"):
            tries.append(name)
            raise StateError(error, "")
        return undisturbed(name, payload, data)

    account.call = exhausted
    key = account.upload("apples", "a.csv", table(1))
    account.settle()
    assert tries == ["Inspect", "InspectLarger"]
    assert (account.run(key).state, account.run(key).problem_codes) == ("quarantined", ("too-large",))
    assert_invariants(account)


def test_a_notice_that_cannot_be_sent_is_sent_later_and_the_run_ends_all_the_same(account: Account) -> None:
    key = account.upload("apples", "a.csv", b"")
    with refused("sns.Publish", 15, 500, ""):
        account.settle()
    run = account.run(key)
    assert run.state == "quarantined"
    assert [notice["subject"] for notice in account.read_notices()] == [f"apples: quarantined ({run.id})"]
    assert_invariants(account)


def test_the_data_of_an_execution_is_far_below_256_kb(account: Account) -> None:
    """Measured after each state, with the two longest causes that Step Functions passes on; the build fails above."""
    account.upload("apples", "a.csv", table(1))
    account.deliver(*account.events)
    account.events.clear()
    (execution,) = account.running()
    largest = 0
    while execution.status == "RUNNING":
        account.step(execution)
        largest = max(largest, len(json.dumps(execution.data)))
    errors = {
        catch["ResultPath"]
        for state in definition()["States"].values()
        for catch in state.get("Catch", ())
        if catch["ResultPath"]
    }
    assert errors == {"$.error", "$.job_error", "$.answer"}
    assert largest + len(errors) * 32_768 < 262_144 / 2
