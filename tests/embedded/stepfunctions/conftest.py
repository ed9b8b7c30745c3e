"""A running cloud with a few functions, and state machines made of a definition at a time."""

import json
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from moto.stepfunctions.parser import utils as parser_utils

from tests.embedded.assemblies import ROLE, function, make_role, open_to, template
from tests.embedded.conftest import World, eventually

STATES_ROLE = "arn:aws:iam::123456789012:role/states"
ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
HANDLERS = '''
import os, pathlib, time

class MissingPartError(Exception):
    pass

def echo(event, context):
    return event

def nothing(event, context):
    return None

def fail(event, context):
    raise MissingPartError("part 3 is not there")

def flaky(event, context):
    """Fails until it has been called `needed` times."""
    calls = pathlib.Path(event["file"])
    with calls.open("a") as file:
        file.write("x")
    if len(calls.read_text()) < event["needed"]:
        raise MissingPartError("not yet")
    return len(calls.read_text())

def slow(event, context):
    time.sleep(event.get("seconds", 5))

def wait(event, context):
    """Ends once the file is there."""
    while not os.path.exists(event["file"]):
        time.sleep(0.01)

def die(event, context):
    os._exit(3)

def inspect(event, context):
    if event["file"].get("spoilt"):
        raise ValueError("row 7: distance is negative")
    with open(event["run"]["directory"] + "/" + event["file"]["key"], "w") as file:
        file.write("seen")
    return {"key": event["file"]["key"]}

def ask(event, context):
    """Puts the token where the test finds it, as a function would put it into a table."""
    partial = pathlib.Path(event["file"] + ".partial")
    partial.write_text(event["token"])
    partial.rename(event["file"])
    return {"token is not": "in the output"}

def large(event, context):
    return "x" * (300 * 1024)
'''
NAMES = ("echo", "nothing", "fail", "flaky", "slow", "wait", "die", "inspect", "ask", "large")


class Lab:
    """State machines and their executions."""

    def __init__(self, world: World, arns: dict[str, str]) -> None:
        self.world = world
        self.arns = arns
        self.states = world.client("stepfunctions")

    def machine(self, states: dict[str, Any], **members: Any) -> str:
        """Creates a machine that starts at the first of the states."""
        definition = {"StartAt": next(iter(states)), "States": states} | members
        name = f"m-{uuid.uuid4().hex[:8]}"
        arn: str = self.states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=STATES_ROLE)[
            "stateMachineArn"
        ]
        return arn

    def task(self, name: str, **members: Any) -> dict[str, Any]:
        """A Lambda task by the function's ARN, as CDK renders it with payload_response_only."""
        task = {"Type": "Task", "Resource": self.arns[name], "TimeoutSeconds": 120} | members
        return task if "Next" in task else task | {"End": True}

    def run(self, states: dict[str, Any], given: Any = None, **members: Any) -> dict[str, Any]:
        """Runs the states to their end. Returns DescribeExecution's answer."""
        return self.ended(self.start(self.machine(states, **members), given))

    def start(self, machine: str, given: Any = None, name: str | None = None) -> str:
        request = {"stateMachineArn": machine, "input": json.dumps({} if given is None else given)}
        arn: str = self.states.start_execution(**request | ({"name": name} if name else {}))["executionArn"]
        return arn

    def ended(self, execution: str, seconds: float = 180) -> dict[str, Any]:
        def answer() -> dict[str, Any] | None:
            description: dict[str, Any] = self.states.describe_execution(executionArn=execution)
            return description if description["status"] in ENDED else None

        description: dict[str, Any] = eventually(answer, seconds)
        return description

    def output(self, states: dict[str, Any], given: Any = None, **members: Any) -> Any:
        description = self.run(states, given, **members)
        assert description["status"] == "SUCCEEDED", description.get("cause")
        return json.loads(description["output"])

    def threads(self) -> set[threading.Thread]:
        """The threads of moto's interpreter that run."""
        return {thread for thread in list(parser_utils.TMP_THREADS) if thread.is_alive()}

    def events(self, execution: str) -> list[str]:
        history = self.states.get_execution_history(executionArn=execution)["events"]
        return [event["type"] for event in history]


@pytest.fixture(scope="module")
def lab(world: World) -> Lab:
    resources: dict[str, Any] = {"Role": ROLE} | {name.title(): function(f"handlers.{name}") for name in NAMES}
    resources["Told"] = {"Type": "AWS::SQS::Queue", "Properties": {}}
    pattern = {"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]}
    target = {"Id": "told", "Arn": {"Fn::GetAtt": ["Told", "Arn"]}}
    resources["Changes"] = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": pattern, "Targets": [target]}}
    resources["ToldPolicy"] = open_to("events", "Told")
    for name in ("states", "training"):
        make_role(world.client("iam"), name)
    outputs = world.deploy("Lab", template(resources), {"handlers.py": HANDLERS})
    arn = "arn:aws:lambda:us-east-1:123456789012:function:"
    return Lab(world, {name: arn + outputs[name.title()] for name in NAMES} | {"queue": outputs["Told"]})


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """The file by which the flaky function counts its calls."""
    return tmp_path / "calls"
