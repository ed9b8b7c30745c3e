"""Faults of training, registration and release: the champion stays, the lease ends, one run releases at a time."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

from cloud import lease
from cloud.platform import client
from perennial.records import Champion
from tests.faults.account import Account, assert_invariants, table
from tests.faults.sagemaker import packed
from tests.faults.test_crashes import Disturbance
from tests.faults.workflow import Execution


def walk_to(account: Account, name: str, state: str) -> tuple[str, Execution]:
    """An upload whose execution stands before a state."""
    key = account.upload("apples", name, table(len(account.uploads)))
    account.deliver(*account.events)
    account.events.clear()
    (execution,) = account.running()
    while execution.state != state:
        account.step(execution)
    return key, execution


@pytest.fixture
def served(account: Account) -> Account:
    """An account in which a champion serves."""
    account.upload("apples", "first.csv", table(0))
    account.settle()
    return account


ARCHIVES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "left no model.tar.gz"),
    "corrupt": (b"<Error>", "no readable tar.gz"),
    "of another model": (packed({"other.json": {}}), "and the evaluation is about"),
    "climbing out": (packed({"../golden.json": {}}), "a name that no model has"),
    "with a cache of code": (packed({"code/__pycache__/serve.pyc": {}}), "a name that no model has"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_model_archive_with_a_fault_fails_the_run_and_keeps_the_champion(served: Account, name: str) -> None:
    body, reason = ARCHIVES[name]
    champion = served.champion("apples")
    key, _ = walk_to(served, "a.csv", "Judge")
    run = served.run(key)
    archive = f"runs/{run.id}/output/{run.training_job}/output/model.tar.gz"
    client("s3").delete_object(Bucket="models", Key=archive)
    if body is not None:
        client("s3").put_object(Bucket="models", Key=archive, Body=body)
    served.settle()
    run = served.run(key)
    assert (run.state, run.version) == ("failed", None)
    assert reason in run.reasons[1]
    assert served.champion("apples") == served.served("apples") == champion
    assert served.sagemaker.packages.keys() == {next(iter(served.sagemaker.packages))}
    assert_invariants(served)


def test_bytes_that_are_exchanged_after_the_gate_are_not_registered(served: Account) -> None:
    key, _ = walk_to(served, "a.csv", "Register")
    run = served.run(key)
    archive = f"runs/{run.id}/output/{run.training_job}/output/model.tar.gz"
    client("s3").put_object(Bucket="models", Key=archive, Body=packed({"golden.json": {}, "openapi.json": {}}))
    served.settle()
    run = served.run(key)
    version = served.world.ledger.version(run.version or "")
    kept = client("s3").get_object(Bucket="models", Key=version.archive_key)["Body"].read()
    assert run.candidate is not None
    assert run.state == "promoted"
    assert hashlib.sha256(kept).hexdigest() == version.archive_sha256 == run.candidate.sha256


def test_an_evaluation_that_is_exchanged_after_the_gate_fails_the_run(served: Account) -> None:
    champion = served.champion("apples")
    key, _ = walk_to(served, "a.csv", "Register")
    where = {"Bucket": "models", "Key": f"runs/{served.run(key).id}/evaluation.json"}
    evaluation = json.loads(client("s3").get_object(**where)["Body"].read())
    evaluation["candidate"]["digest"] = "f" * 64
    client("s3").put_object(**where, Body=json.dumps(evaluation).encode())
    served.settle()
    run = served.run(key)
    assert (run.state, run.version) == ("failed", None)
    assert "archive or evaluation was changed in between" in run.reasons[1]
    assert served.champion("apples") == champion


@pytest.mark.quick
def test_an_archive_that_is_exchanged_after_registration_is_not_deployed(served: Account) -> None:
    champion = served.champion("apples")
    key, _ = walk_to(served, "a.csv", "Start deployment")
    version = served.world.ledger.version(served.run(key).version or "")
    client("s3").put_object(Bucket="models", Key=version.archive_key, Body=packed({"golden.json": {}}))
    served.settle()
    run = served.run(key)
    assert run.state == "failed"
    assert "was changed since it was registered" in run.reasons[1]
    assert served.champion("apples") == served.served("apples") == champion
    assert_invariants(served)


def test_a_crash_after_the_package_was_made_makes_no_second_one(account: Account) -> None:
    disturbance = Disturbance(account, "Register", "CreateModelPackage", "killed, and tried again")
    with disturbance.under_way():
        key = account.upload("apples", "a.csv", table(1))
        account.settle()
    assert disturbance.calls.count("CreateModelPackage") == 1
    run = account.run(key)
    assert run.state == "promoted"
    assert len(account.sagemaker.packages) == 1
    assert account.world.ledger.version(run.version or "").package in account.sagemaker.packages
    assert_invariants(account)


def test_an_endpoint_that_somebody_else_updates_is_waited_for(served: Account) -> None:
    key, execution = walk_to(served, "a.csv", "Start deployment")
    endpoint = "perennial-apples"
    config = served.sagemaker.endpoints[endpoint]["EndpointConfigName"]
    other = client("sagemaker").describe_endpoint_config(EndpointConfigName=config) | {"EndpointConfigName": "other"}
    wanted = {name: other[name] for name in ("EndpointConfigName", "ProductionVariants")}
    client("sagemaker").create_endpoint_config(**wanted)
    client("sagemaker").update_endpoint(EndpointName=endpoint, EndpointConfigName="other")
    served.settle()
    assert execution.entered.count("Wait to deploy") > 5
    assert served.run(key).state == "promoted", served.run(key).reasons
    assert_invariants(served)


@pytest.mark.quick
def test_a_canary_whose_alarm_goes_off_is_rolled_back_and_told(served: Account) -> None:
    champion = served.champion("apples")
    key, execution = walk_to(served, "a.csv", "Start deployment")
    served.sagemaker.spoilt.add(execution.data["version"]["id"])
    served.settle()
    run = served.run(key)
    assert run.state == "refused"
    assert served.champion("apples") == served.served("apples") == champion
    assert "an alarm went off" in " ".join(run.reasons)
    (notice,) = [each for each in served.read_notices() if run.id in each["subject"]]
    assert "an alarm went off" in notice["text"]
    assert_invariants(served)


def test_a_run_whose_lease_has_ended_is_fenced_off_and_the_later_one_wins(served: Account) -> None:
    """Its holder hangs before it verifies; another upload takes over, is released, and then the first one wakes."""
    late_key, late = walk_to(served, "late.csv", "Verify")
    served.clock.forward(hours=8)
    key = served.upload("apples", "next.csv", table(9))
    late.due = served.clock.now + timedelta(hours=4)
    served.deliver(*served.events)
    served.events.clear()
    (execution,) = [each for each in served.running() if each is not late]
    while execution.status == "RUNNING":
        served.step(execution)
    assert served.champion("apples") == served.run(key).version
    served.settle()
    assert served.run(late_key).state == "failed"
    assert "no longer holds the lease" in " ".join(served.run(late_key).reasons)
    assert served.champion("apples") == served.served("apples") == served.run(key).version
    assert_invariants(served)


@pytest.mark.quick
def test_of_two_runs_that_claim_the_champion_one_wins(served: Account) -> None:
    key, _ = walk_to(served, "a.csv", "Verify")
    run, now = served.run(key), served.clock.now
    other = run.model_copy(update={"id": "run-apples-000000000000", "token": run.token + 1})

    def claim(by: Any) -> bool:
        record = Champion(model="apples", version=by.version, run=by.id, token=by.token, since=now)
        try:
            lease.promote(served.world.ledger, by, record)
        except lease.LostLeaseError:
            return False
        return True

    assert [claim(other), claim(run), claim(other)] == [False, True, False]
    found = served.world.ledger.champion("apples")
    assert found is not None
    assert found.run == run.id


@pytest.mark.parametrize(
    "state", ["Plan files", pytest.param("Train", marks=pytest.mark.quick), "Judge", "Start deployment", "Verify"]
)
def test_an_execution_that_is_stopped_is_cleaned_up_and_the_next_upload_goes_on(served: Account, state: str) -> None:
    champion = served.champion("apples")
    key, execution = walk_to(served, "a.csv", state)
    served.stop(execution)
    served.settle()
    assert served.run(key).state == "stopped", served.run(key).reasons
    assert served.champion("apples") == served.served("apples") == champion
    assert_invariants(served)
    again = served.upload("apples", "b.csv", table(99))
    served.settle()
    assert served.run(again).state == "promoted"
    assert_invariants(served)
