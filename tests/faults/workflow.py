"""Walks the rendered state machine with the real handlers, state by state, in virtual time.

It knows the states and fields that the golden definition has; any other is a KeyError. The reports' state is passed
over: its failure changes no outcome, as tests/stacks/test_workflow.py shows.
"""

from __future__ import annotations

import copy
import functools
import importlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cloud.platform import client
from tests.functions.disturbances import KilledError

GOLDEN = Path(__file__).parents[1] / "golden" / "state_machine.json"
LAMBDAS = Path(__file__).parents[2] / "stacks" / "lambdas.py"
TAKEN = "SageMaker.ResourceInUseException"
Invoke = Callable[[str, Any, dict[str, Any]], Any]


class StateError(Exception):
    """The error of a state, as Step Functions names it."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


@functools.cache
def definition() -> dict[str, Any]:
    """The state machine that was reviewed."""
    found: dict[str, Any] = json.loads(GOLDEN.read_text())
    return found


@functools.cache
def handler(function: str) -> Any:
    """The handler of a function of the stack, for example `Plan`, by the text of stacks/lambdas.py."""
    named = re.search(rf'_function\(\s*"{function}", "([\w.]+)\.(\w+)"', LAMBDAS.read_text())
    if named is None:
        raise StateError("Lambda.ResourceNotFoundException", f"Function not found: {function}")
    return getattr(importlib.import_module(named[1]), named[2])


def invoke(function: str, payload: dict[str, Any], context: Any) -> Any:
    """Invokes a handler, as Lambda does: JSON in, JSON out, exceptions as errors with their names."""
    try:
        return json.loads(json.dumps(handler(function)(json.loads(json.dumps(payload)), context)))
    except KilledError:
        raise StateError("Runtime.ExitError", "RequestId: 1 Error: Runtime exited with error: exit status 1") from None
    except StateError:
        raise
    except Exception as error:
        raise StateError(type(error).__name__, json.dumps({"errorMessage": str(error)})) from error


@dataclass
class Execution:
    """An execution: the state that comes next, its data, and when that may begin."""

    name: str
    data: dict[str, Any]
    due: datetime
    state: str = ""
    status: str = "RUNNING"
    error: dict[str, str] | None = None
    entered: list[str] = field(default_factory=list)
    tries: dict[int, int] = field(default_factory=dict)
    waits_for: str = ""  # the task token of an approval
    machine: dict[str, Any] = field(default_factory=lambda: definition())  # as it was when the execution began

    def __post_init__(self) -> None:
        self.state = self.state or self.machine["StartAt"]
        self.started = copy.deepcopy(self.data)


@dataclass
class Walker:
    """Executes states. `call` invokes a function, `train` runs a training job."""

    call: Invoke
    train: Callable[[dict[str, Any]], bool]

    def step(self, execution: Execution, now: datetime) -> None:
        """Executes the next state of an execution."""
        name = execution.state
        state = execution.machine["States"][name]
        execution.entered.append(name)
        assert len(json.dumps(execution.data)) < 262_144, "the data of a state exceeds 256 KB"
        match state["Type"]:
            case "Choice":
                self._go(execution, _choose(state, execution.data))
            case "Wait":
                seconds = state.get("Seconds") or _at(execution.data, state["SecondsPath"])
                execution.due = max(now, execution.due) + timedelta(seconds=seconds)
                self._go(execution, state["Next"])
            case "Succeed":
                execution.status = "SUCCEEDED"
            case "Fail":
                execution.status = "FAILED"
                paths = {key: state.get(key + "Path") for key in ("Error", "Cause")}
                execution.error = {
                    key: _at(execution.data, path) if path else state.get(key, "") for key, path in paths.items()
                }
            case kind:
                assert kind in ("Task", "Map"), kind
                self._work(execution, state, now)

    def _work(self, execution: Execution, state: dict[str, Any], now: datetime) -> None:
        try:
            result = self._do(state, execution.data, sum(execution.tries.values()))
        except StateError as error:
            self._after(error, execution, state, now)
            return
        execution.tries.clear()
        if execution.waits_for:
            return  # until somebody answers
        _put(execution.data, state.get("ResultPath", "$"), result)
        self._go(execution, state["Next"])

    def answer(self, execution: Execution, result: Any) -> None:
        """Goes on with a task that waits for a token."""
        state = execution.machine["States"][execution.state]
        execution.waits_for = ""
        _put(execution.data, state["ResultPath"], result)
        self._go(execution, state["Next"])

    def _do(self, state: dict[str, Any], data: dict[str, Any], tries: int = 0) -> Any:
        if state["Type"] == "Map":
            return self._map(state, data)
        parameters = _resolved(state["Parameters"], data, tries=tries)
        if "createTrainingJob" in state["Resource"]:
            if not self.train(parameters):
                raise StateError(TAKEN, "Training job names must be unique within an AWS account and region")
            return parameters
        function = _function(state["Resource"])
        return None if function == "Report" else self.call(function, parameters, data)

    def _map(self, state: dict[str, Any], data: dict[str, Any]) -> None:
        reader = state["ItemReader"]["Parameters"]
        body = client("s3").get_object(Bucket="data", Key=_at(data, reader["Key.$"]))["Body"].read()
        for item in json.loads(body):
            inner = state["ItemProcessor"]
            child, at = _resolved(state["ItemSelector"], data, item), inner["StartAt"]
            while at:
                task = inner["States"][at]
                try:
                    self._do(task, child)
                    at = task.get("Next", "")
                except StateError as error:
                    caught = _catch(task, error)
                    if caught is None:
                        raise
                    _put(child, caught["ResultPath"], {"Error": error.error, "Cause": error.cause})
                    at = caught["Next"]

    def _after(self, error: StateError, execution: Execution, state: dict[str, Any], now: datetime) -> None:
        """Retries the state, goes to its Catch, or fails the execution."""
        for number, retry in enumerate(state.get("Retry", ())):
            if error.error in retry["ErrorEquals"]:
                tries = execution.tries.get(number, 0)
                if tries < retry["MaxAttempts"]:
                    execution.tries[number] = tries + 1
                    execution.due = now + timedelta(seconds=retry["IntervalSeconds"])
                    return
                break
        execution.tries.clear()
        caught = _catch(state, error)
        if caught is None:
            execution.status, execution.error = "FAILED", {"Error": error.error, "Cause": error.cause}
            return
        _put(execution.data, caught["ResultPath"], {"Error": error.error, "Cause": error.cause})
        self._go(execution, caught["Next"])

    def _go(self, execution: Execution, state: str) -> None:
        execution.state = state


def _function(resource: str) -> str:
    found = re.fullmatch(r"\$\{Functions(\w+)\.Arn\}", resource)
    assert found, resource
    return found[1]


def _catch(state: dict[str, Any], error: StateError) -> dict[str, Any] | None:
    for caught in state.get("Catch", ()):
        names = caught["ErrorEquals"]
        failed = "States.TaskFailed" in names and error.error != "States.Timeout"
        if "States.ALL" in names or error.error in names or failed:
            return dict(caught)
    return None


def _choose(state: dict[str, Any], data: dict[str, Any]) -> str:
    for choice in state["Choices"]:
        try:
            value = _at(data, choice["Variable"])
        except KeyError:
            continue
        ((operator, wanted),) = [(key, choice[key]) for key in choice if key not in ("Variable", "Next")]
        holds = {
            "StringEquals": lambda value=value, wanted=wanted: value == wanted,
            "BooleanEquals": lambda value=value, wanted=wanted: value is wanted,
            "NumericGreaterThan": lambda value=value, wanted=wanted: value > wanted,
            "IsPresent": lambda wanted=wanted: wanted,
        }[operator]
        if holds():
            return str(choice["Next"])
    return str(state["Default"])


def _at(data: Any, path: str) -> Any:
    for name in path.removeprefix("$").strip(".").split("."):
        data = data[name]
    return data


def _put(data: dict[str, Any], path: str | None, value: Any) -> None:
    if path is not None:
        data[path.removeprefix("$.")] = value


def _resolved(template: dict[str, Any], data: dict[str, Any], item: Any = None, tries: int = 0) -> dict[str, Any]:
    found = {}
    for key, value in template.items():
        if not key.endswith(".$"):
            found[key] = _resolved(value, data, item, tries) if isinstance(value, dict) else value
        elif value == "$$.Map.Item.Value":
            found[key[:-2]] = item
        elif value == "$$.State.RetryCount":  # of releases whose states waited by failing
            found[key[:-2]] = tries
        elif value == "$$.Task.Token":
            found[key[:-2]] = "a-task-token"
        else:
            found[key[:-2]] = _at(data, value)
    return found
