"""An execution that is stopped or dies is cleaned up by another one, and the run ends once, with the reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cloud import lease, stops
from cloud.handovers import DispatchMessage, RunReference
from functions.cleanup import handler as clean_up
from functions.conclusion import handler as conclude
from functions.task import open_task
from tests.functions.test_dispatch import created


@pytest.fixture
def run(world, send) -> dict[str, Any]:
    """A run under way: its reference, as the execution has it."""
    send(created())
    (found,) = world.executions()
    return found


def ended(run: dict[str, Any], status: str, name: str = "", **detail: Any) -> dict[str, Any]:
    """The event of an execution that has ended."""
    given = {"name": name or run["id"], "status": status, "input": json.dumps({"run": run})} | detail
    return {"detail-type": "Step Functions Execution Status Change", "source": "aws.states", "detail": given}


def cleanups(world) -> list[dict[str, Any]]:
    states = boto3.client("stepfunctions")
    found = states.list_executions(stateMachineArn=world.platform.state_machine)["executions"]
    arns = [one["executionArn"] for one in found if one["name"].endswith("-cleanup")]
    return [json.loads(states.describe_execution(executionArn=arn)["input"]) for arn in arns]


def test_a_stopped_execution_is_cleaned_up_once_under_the_next_token(world, send, run, context):
    for _ in range(2):  # the event comes at least once
        assert conclude(ended(run, "ABORTED"), context) == {"outcome": "running"}
    for message in world.messages():
        assert not send(message)
    (cleanup,) = cleanups(world)
    assert (cleanup["run"]["trigger"], cleanup["run"]["token"]) == ("cleanup", run["token"] + 1)
    assert "error" not in cleanup
    with pytest.raises(lease.LostLeaseError):  # what the stopped execution still does is fenced off
        open_task(RunReference.from_json(run))
    open_task(RunReference.from_json(cleanup["run"]))


@pytest.mark.parametrize("status", ["TIMED_OUT", "FAILED"])
def test_an_execution_that_died_is_cleaned_up_with_its_error(world, send, run, context, status):
    conclude(ended(run, status, error="States.Runtime", cause="too long"), context)
    assert not send(*world.messages())
    (cleanup,) = cleanups(world)
    assert cleanup["error"] == {"Error": "States.Runtime", "Cause": "too long"}


def test_a_cleanup_that_dies_itself_is_concluded_at_once(world, send, run, context):
    conclude(ended(run, "ABORTED"), context)
    assert not send(*world.messages())
    (cleanup,) = cleanups(world)
    name = f"{run['id']}-cleanup"
    conclude(ended(cleanup["run"], "FAILED", name, error="EndpointBusyError", cause="an hour"), context)
    assert world.ledger.run(run["id"]).state == "failed"
    assert lease.holder(world.ledger, run["model"], datetime.now(UTC)) is None


def test_a_stop_names_who_and_why_and_the_waiting_upload_goes_on(world, send, run, context):
    stops.request(world.platform, world.ledger, world.ledger.run(run["id"]), ("ada", "wrong file"), datetime.now(UTC))
    send(created("incoming/flights/2013-02.csv", minute=5))
    conclude(ended(run, "ABORTED"), context)
    assert not send(*world.messages())
    (cleanup,) = cleanups(world)
    assert clean_up({"run": cleanup["run"]}, context)["outcome"] == "done"
    assert conclude({"run": cleanup["run"], "outcome": "stopped"}, context) == {"outcome": "stopped"}
    found = world.ledger.run(run["id"])
    assert (found.state, world.ledger.dataset(run["dataset"]).state) == ("stopped", "stopped")
    assert found.reasons == ("The run was stopped; the champion stays.", "ada stopped the run: wrong file.")
    assert not send(*[m for m in world.messages() if m["action"] == "start_pending"])
    waiting = [one for one in world.executions() if one["dataset"] != run["dataset"]]
    assert len(waiting) == 1


def test_a_run_that_its_last_state_concluded_meanwhile_is_not_cleaned_up_and_frees_the_model(world, send, run, context):
    conclude(ended(run, "ABORTED"), context)
    (message,) = [m for m in world.messages() if m["action"] == "clean_up"]
    conclude({"run": run, "outcome": "promoted"}, context)  # a state that was under way when the stop came
    assert not send(message)
    assert cleanups(world) == []
    assert world.ledger.run(run["id"]).state == "promoted"
    assert lease.holder(world.ledger, run["model"], datetime.now(UTC)) is None


def test_the_message_of_a_cleanup_whose_lease_another_run_has_changes_nothing(world, send, run):
    now = datetime.now(UTC)
    lease.release(world.ledger, world.ledger.run(run["id"]))
    assert lease.acquire(world.ledger, run["model"], "run-flights-000000000000", now, timedelta(hours=1))
    assert not send(DispatchMessage("clean_up", run["id"]).to_json())
    assert cleanups(world) == []
