"""Executions of the workflow, and the queue that leads to them."""

from __future__ import annotations

import json
from typing import Any

from cloud import objects
from cloud.platform import Platform, client
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.records import Run


def start(platform: Platform, run: Run) -> bool:
    """Start the workflow for a run. False when an execution of that name exists already, running or closed.

    A run that bears a version before it begins is a rollback: that version is released again.
    """
    states = client("stepfunctions")
    pointer = {
        "bucket": platform.models_bucket,
        "key": layout.spec(run.model, run.spec_digest),
        "digest": run.spec_digest,
    }
    more = {"version": {"id": run.version}} if run.version else {}
    request = {**run.model_dump(include={"id", "model", "dataset", "trigger", "token"}), "spec": pointer}
    try:
        states.start_execution(
            stateMachineArn=platform.state_machine,
            name=run.id,
            input=json.dumps({"run": request} | more, sort_keys=True),
        )
    except states.exceptions.ExecutionAlreadyExists:
        return False
    return True


def arn(platform: Platform, run: str) -> str:
    """The execution of a run."""
    return f"{platform.state_machine.replace(':stateMachine:', ':execution:')}:{run}"


def entered_states(platform: Platform, run: str) -> list[str]:
    """The names of the states that a run's execution has entered so far, in order."""
    pages = client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn(platform, run))
    events: list[dict[str, Any]] = [event for page in pages for event in page["events"]]
    return [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]


def answer(token: str, output: dict[str, Any]) -> bool:
    """Answer a task that waits for its token. False when it waits no longer: it was answered, or its time is over.

    What AWS says of a wrong token is not passed on, for it may repeat the token.
    """
    states = client("stepfunctions")
    try:
        states.send_task_success(taskToken=token, output=json.dumps(output))
    except (states.exceptions.TaskTimedOut, states.exceptions.TaskDoesNotExist, states.exceptions.InvalidToken):
        return False
    return True


def keep_spec(platform: Platform, spec: ModelSpec) -> str:
    """Keep a spec in S3 under its digest, so that a deploy in mid-run changes nothing for the run."""
    digest = spec.digest()
    objects.write_json(platform.models_bucket, layout.spec(spec.name, digest), spec.to_json())
    return digest


def tell_dispatch(platform: Platform, message: dict[str, str]) -> None:
    """Ask dispatch for something: {"wake": model}, {"notify": run}, {"ask": run}, or {"retrain": model, "occasion"}.

    By queue, so that it is tried again until it is done, and so that nothing but dispatch starts executions.
    """
    client("sqs").send_message(QueueUrl=platform.dispatch_queue, MessageBody=json.dumps(message))
