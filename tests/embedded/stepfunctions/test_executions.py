"""Executions: their names, their events, their ends."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud import executions
from cloud.platform import Platform
from embedded.stepfunctions import histories
from tests.embedded.conftest import eventually
from tests.embedded.stepfunctions.conftest import Lab

WAIT = {"Wait": {"Type": "Wait", "Seconds": 1000, "End": True}}
PASS = {"Pass": {"Type": "Pass", "End": True}}


def told(lab: Lab, execution: str, count: int) -> list[dict[str, Any]]:
    """The details of the events of an execution, once there are so many."""
    sqs = lab.world.client("sqs")
    details: list[dict[str, Any]] = []

    def enough() -> bool:
        answer = sqs.receive_message(QueueUrl=lab.arns["queue"], MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            sqs.delete_message(QueueUrl=lab.arns["queue"], ReceiptHandle=message["ReceiptHandle"])
            if event["resources"] == [execution]:
                details.append(event["detail"])
        return len(details) >= count

    eventually(enough)
    return sorted(details, key=lambda detail: detail["stopDate"] or 0)


def test_start_and_end_are_told(lab: Lab) -> None:
    machine = lab.machine(PASS)
    execution = lab.start(machine, {"a": 1}, "told")
    running, succeeded = told(lab, execution, 2)
    assert (running["status"], running["stopDate"], running["output"]) == ("RUNNING", None, None)
    assert (succeeded["status"], succeeded["name"], succeeded["stateMachineArn"]) == ("SUCCEEDED", "told", machine)
    assert (succeeded["input"], succeeded["output"]) == ('{"a": 1}', '{"a":1}')
    assert isinstance(succeeded["startDate"], int)
    assert succeeded["stopDate"] >= succeeded["startDate"]


def test_a_failure_is_told_with_its_error(lab: Lab) -> None:
    execution = lab.start(lab.machine({"Fail": {"Type": "Fail", "Error": "Odd", "Cause": "because"}}))
    failed = told(lab, execution, 2)[1]
    assert (failed["status"], failed["error"], failed["cause"]) == ("FAILED", "Odd", "because")


def test_an_execution_over_its_time_has_timed_out(lab: Lab) -> None:
    execution = lab.start(lab.machine(WAIT, TimeoutSeconds=1))
    description = lab.ended(execution)
    assert (description["status"], "stopDate" in description) == ("TIMED_OUT", True)
    assert [detail["status"] for detail in told(lab, execution, 2)] == ["RUNNING", "TIMED_OUT"]
    eventually(lambda: lab.events(execution)[-1] == "ExecutionTimedOut")


def test_a_stop_takes_effect_before_the_function_ends_and_keeps_its_reason(lab: Lab, tmp_path: Path) -> None:
    execution = lab.start(lab.machine({"Wait": lab.task("wait")}), {"file": str(tmp_path / "end")})
    eventually(lambda: "LambdaFunctionStarted" in lab.events(execution))
    lab.states.stop_execution(executionArn=execution, error="Enough", cause="by hand")
    description = lab.states.describe_execution(executionArn=execution)
    assert (description["status"], description["error"], description["cause"]) == ("ABORTED", "Enough", "by hand")
    assert [detail["status"] for detail in told(lab, execution, 2)] == ["RUNNING", "ABORTED"]
    (tmp_path / "end").touch()
    eventually(lambda: lab.events(execution)[-1] == "ExecutionAborted")
    assert lab.states.describe_execution(executionArn=execution)["status"] == "ABORTED"


def test_a_stop_ends_a_wait(lab: Lab) -> None:
    execution = lab.start(lab.machine(WAIT))
    lab.states.stop_execution(executionArn=execution)
    eventually(lambda: lab.events(execution)[-1] == "ExecutionAborted")


def test_a_stop_between_two_states_is_no_error_of_the_interpreter(lab: Lab) -> None:
    machine = lab.machine({"There": {"Type": "Pass", "Next": "Back"}, "Back": {"Type": "Pass", "Next": "There"}})
    for _ in range(10):
        execution = lab.start(machine)
        lab.states.stop_execution(executionArn=execution, error="Enough", cause="by hand")
        eventually(lambda execution=execution: lab.events(execution)[-1] == "ExecutionAborted")
        ended = lab.states.describe_execution(executionArn=execution)
        assert (ended["status"], ended["error"], ended["cause"]) == ("ABORTED", "Enough", "by hand")


def test_a_history_that_is_full_ends_the_execution(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "LIMIT", 60)
    execution = lab.start(
        lab.machine({"There": {"Type": "Pass", "Next": "Back"}, "Back": {"Type": "Pass", "Next": "There"}})
    )
    eventually(lambda: lab.states.describe_execution(executionArn=execution)["status"] == "FAILED")
    ended = lab.states.describe_execution(executionArn=execution)
    assert ended["cause"] == "The execution reached the maximum number of history events (60)."
    assert lab.events(execution)[-1] == "ExecutionFailed"
    assert len(lab.events(execution)) == 60


def test_the_same_name_and_input_is_the_same_execution_while_it_runs(lab: Lab) -> None:
    machine = lab.machine(WAIT)
    first = lab.start(machine, {"a": 1}, "run-1")
    assert lab.start(machine, {"a": 1}, "run-1") == first
    with pytest.raises(ClientError, match="Execution Already Exists") as refusal:
        lab.start(machine, {"a": 2}, "run-1")
    assert refusal.value.response["Error"]["Code"] == "ExecutionAlreadyExists"
    lab.states.stop_execution(executionArn=first)
    with pytest.raises(ClientError, match="Execution Already Exists"):
        lab.start(machine, {"a": 1}, "run-1")


def test_an_execution_without_a_name_gets_one(lab: Lab) -> None:
    machine = lab.machine(PASS)
    first, second = lab.start(machine), lab.start(machine)
    assert first != second
    assert not first.endswith("None")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"input": "{"}, "InvalidExecutionInput"),
        ({"input": json.dumps("x" * 262144)}, "ValidationException"),
        ({"name": "a b"}, "InvalidName"),
    ],
)
def test_a_bad_start_is_refused(lab: Lab, request_: dict[str, str], code: str) -> None:
    with pytest.raises(ClientError) as refusal:
        lab.states.start_execution(stateMachineArn=lab.machine(PASS), **request_)
    assert refusal.value.response["Error"]["Code"] == code


def test_a_bad_definition_is_refused(lab: Lab) -> None:
    with pytest.raises(ClientError) as refusal:
        lab.machine({"Odd": {"Type": "Odd", "End": True}})
    assert refusal.value.response["Error"]["Code"] == "InvalidDefinition"


def test_the_history_comes_in_pages_and_backwards(lab: Lab) -> None:
    execution = lab.start(lab.machine(PASS))
    lab.ended(execution)
    assert lab.events(execution) == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    pages = lab.states.get_paginator("get_execution_history").paginate(
        executionArn=execution, reverseOrder=True, PaginationConfig={"PageSize": 3}
    )
    assert [event["id"] for page in pages for event in page["events"]] == [4, 3, 2, 1]


def test_the_states_since_an_event_are_read_from_the_end(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"State {number}" for number in range(40)]
    states = {name: {"Type": "Pass", "Next": after} for name, after in pairwise(names)} | {
        names[-1]: {"Type": "Wait", "Seconds": 1000, "End": True}
    }
    machine = lab.machine(states)
    execution = lab.start(machine, {}, "run-1")
    monkeypatch.setattr(executions, "client", lambda _: lab.states)
    platform = Platform(state_machine=machine)
    assert executions.arn(platform, "run-1") == execution
    eventually(lambda: len(executions.entered_states(platform, "run-1")) == len(names))
    entered = executions.entered_states(platform, "run-1")
    assert [state.name for state in entered] == names
    for seen in (1, 13, 39, 40):
        assert executions.entered_states(platform, "run-1", entered[seen - 1].event) == entered[seen:]


def test_executions_are_listed_by_status(lab: Lab) -> None:
    machine = lab.machine(PASS)
    lab.ended(lab.start(machine, None, "one"))
    lab.ended(lab.start(machine, None, "two"))
    listed = lab.states.list_executions(stateMachineArn=machine, statusFilter="SUCCEEDED")["executions"]
    assert [entry["name"] for entry in listed] == ["two", "one"]
    assert lab.states.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"] == []


def test_an_update_is_for_later_executions(lab: Lab) -> None:
    machine = lab.machine(WAIT)
    execution = lab.start(machine)
    definition = json.dumps({"StartAt": "Pass", "States": PASS})
    lab.states.update_state_machine(stateMachineArn=machine, definition=definition)
    assert lab.ended(lab.start(machine))["status"] == "SUCCEEDED"
    assert lab.states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    lab.states.stop_execution(executionArn=execution)
