"""Executions of the workflow, and the task tokens of those that wait for an approval.

A task token is a secret: whoever has it can answer for a person. It is kept in the ledger's table apart from the
records that are shown, and appears in no log, notice or screen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cloud import s3
from cloud.handovers import ExecutionInput, RunReference, S3Object, StateError, VersionReference
from cloud.ledger import Ledger
from cloud.platform import Platform, client
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.outcomes import Trigger
from perennial.records import Run

LONGEST_CAUSE = 32_768  # characters
_EVENTS = 25  # of a history, in one answer


@dataclass(frozen=True)
class EnteredState:
    """A state that an execution has entered: the number of the event in its history, and the state's name."""

    event: int
    name: str


def start(platform: Platform, run: Run) -> bool:
    """Starts the workflow for a run. False when an execution of that name exists already, running or closed.

    A run that has a version before it begins is a rollback: that version is released again.
    """
    return _start(platform, run.id, ExecutionInput(reference(platform, run, run.trigger), _version(run)))


def clean_up(platform: Platform, run: Run, error: StateError | None) -> bool:
    """Starts an execution that ends what the run's own execution had begun. False when there is one already."""
    request = ExecutionInput(reference(platform, run, "cleanup"), _version(run), error)
    return _start(platform, f"{run.id}-cleanup", request)


def stop(platform: Platform, run: str, cause: str) -> bool:
    """Stops the execution of a run. False where it does not run: it has not begun, or has ended."""
    states, name = client("stepfunctions"), arn(platform, run)
    try:
        if states.describe_execution(executionArn=name)["status"] != "RUNNING":
            return False
        states.stop_execution(executionArn=name, error="Stopped", cause=cause[:LONGEST_CAUSE])
    except states.exceptions.ExecutionDoesNotExist:
        return False
    return True


def arn(platform: Platform, run: str) -> str:
    """The ARN of a run's execution."""
    return f"{platform.state_machine.replace(':stateMachine:', ':execution:')}:{run}"


def reference(platform: Platform, run: Run, trigger: Trigger) -> RunReference:
    """The run as the input of its execution names it."""
    spec = S3Object(platform.models_bucket, layout.spec(run.model, run.spec_digest))
    return RunReference(run.id, run.model, run.dataset, trigger, run.token, spec)


def _version(run: Run) -> VersionReference | None:
    return VersionReference(run.version) if run.version else None


def _start(platform: Platform, name: str, request: ExecutionInput) -> bool:
    states = client("stepfunctions")
    try:
        states.start_execution(
            stateMachineArn=platform.state_machine, name=name, input=json.dumps(request.to_json(), sort_keys=True)
        )
    except states.exceptions.ExecutionAlreadyExists:
        return False
    return True


def entered_states(platform: Platform, run: str, after: int = 0) -> list[EnteredState]:
    """The states that a run's execution has entered after the event with the number `after`, in order.

    The history is read from its end, so that a look at a long one costs what is new in it.
    """
    pages = client("stepfunctions").get_paginator("get_execution_history")
    found: list[EnteredState] = []
    for page in pages.paginate(executionArn=arn(platform, run), reverseOrder=True, maxResults=_EVENTS):
        events: list[dict[str, Any]] = [event for event in page["events"] if event["id"] > after]
        found += [
            EnteredState(event["id"], event["stateEnteredEventDetails"]["name"])
            for event in events
            if "stateEnteredEventDetails" in event
        ]
        if len(events) < len(page["events"]):
            break
    return found[::-1]


def keep_spec(platform: Platform, spec: ModelSpec) -> str:
    """Stores a spec in S3 under its digest, so that a deployment during the run changes nothing for it."""
    digest = spec.digest()
    s3.write_json(platform.models_bucket, layout.spec(spec.name, digest), spec.to_json())
    return digest


def keep_token(ledger: Ledger, run: Run, token: str, expires: datetime) -> None:
    """Stores the task token of a run in place of an earlier one. DynamoDB deletes it some time after `expires`."""
    ledger.table.put_item(Item={**_token_key(run), "token": token, "expires": int(expires.timestamp())})


def find_token(ledger: Ledger, run: Run) -> str | None:
    """The task token of a run that waits; None where it does not."""
    item = ledger.table.get_item(Key=_token_key(run), ConsistentRead=True).get("Item")
    return str(item["token"]) if item else None


def delete_token(ledger: Ledger, run: Run) -> None:
    """Deletes the task token of a run, if there is one."""
    ledger.table.delete_item(Key=_token_key(run))


def answer(token: str, output: dict[str, Any]) -> bool:
    """Answers the task that waits for a token. False when it no longer waits: it was answered, or its time is over.

    The error of AWS about a wrong token is not passed on, because it may repeat the token.
    """
    states = client("stepfunctions")
    try:
        states.send_task_success(taskToken=token, output=json.dumps(output))
    except (states.exceptions.TaskTimedOut, states.exceptions.TaskDoesNotExist, states.exceptions.InvalidToken):
        return False
    return True


def _token_key(run: Run) -> dict[str, str]:
    return {"pk": f"model#{run.model}", "sk": f"token#{run.id}"}
