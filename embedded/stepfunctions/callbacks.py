"""Touch point: task tokens. A wait ends with its execution; a token takes one answer, in JSON, while its task waits.

moto's wait outlives a stopped execution; it accepts a second answer, and an answer that is not JSON.
"""

import json
import threading
import time
from typing import Any

from moto.core.exceptions import AWSError
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.exceptions import InvalidToken
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackConsumerLeft,
    CallbackEndpoint,
    CallbackOutcome,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    CallbackOutcomeTimedOut,
    HeartbeatEndpoint,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.responses import StepFunctionResponse

from embedded.moto_patches.patches import Patches

MAX_OUTPUT_BYTES = 256 * 1024
_POLL_SECONDS = 0.2
_turn = threading.Lock()  # serializes an answer and the end of a wait


class InvalidOutputError(AWSError):
    """A task's output is not JSON, or is too long."""

    TYPE = "InvalidOutput"
    STATUS = 400


class TaskTimedOutError(AWSError):
    """A task token was answered before, or the task no longer waits for its answer."""

    TYPE = "TaskTimedOut"
    STATUS = 400


def install(patches: Patches) -> None:
    """Replaces the wait for a token, and the two operations that answer one."""

    def wait(
        self: StateTaskServiceCallback,
        env: Environment,
        timeout_seconds: int,
        callback_endpoint: CallbackEndpoint,
        heartbeat_endpoint: HeartbeatEndpoint | None,
    ) -> CallbackOutcome | Any:
        if heartbeat_endpoint is not None:
            return original(self, env, timeout_seconds, callback_endpoint, heartbeat_endpoint)
        return _wait_for_answer(env, timeout_seconds, callback_endpoint)

    original = patches.replace(StateTaskServiceCallback, "_eval_wait_for_task_token", wait)
    patches.replace(StepFunctionResponse, "send_task_success", _send_success)
    patches.replace(StepFunctionResponse, "send_task_failure", _send_failure)


def _wait_for_answer(env: Environment, seconds: float, endpoint: CallbackEndpoint) -> CallbackOutcome:
    """The answer, or a timeout; ends with the execution. Approval by a person is not sped up."""
    deadline = time.monotonic() + seconds
    while env.is_running() and endpoint.get_outcome() is None and time.monotonic() < deadline:
        endpoint.wait(min(_POLL_SECONDS, max(0.0, deadline - time.monotonic())))
    with _turn:
        endpoint.report(CallbackConsumerLeft())
        outcome = endpoint.get_outcome()
    return outcome if outcome is not None else CallbackOutcomeTimedOut(endpoint.callback_id)


def _send_success(self: StepFunctionResponse) -> ActionResult:
    """SendTaskSuccess."""
    output = str(self._get_param("output"))
    try:
        json.loads(output)
    except ValueError as error:
        raise InvalidOutputError(f"Invalid Output: '{error}'") from error
    if len(output.encode()) > MAX_OUTPUT_BYTES:
        raise InvalidOutputError("Invalid Output: its length exceeds 262144 bytes")
    token = str(self._get_param("taskToken"))
    return _answer(self, token, CallbackOutcomeSuccess(token, output))


def _send_failure(self: StepFunctionResponse) -> ActionResult:
    """SendTaskFailure: moto drops the cause."""
    token = str(self._get_param("taskToken"))
    return _answer(self, token, CallbackOutcomeFailure(token, self._get_param("error"), self._get_param("cause")))


def _answer(self: StepFunctionResponse, token: str, outcome: CallbackOutcome) -> ActionResult:
    for machine in list(self.stepfunction_backend.state_machines):
        for execution in list(machine.executions):
            worker = getattr(execution, "exec_worker", None)
            endpoint = worker.env.callback_pool_manager.get(token) if worker and worker.env else None
            if endpoint is not None:
                _notify(endpoint, outcome, ended=execution.stop_date is not None)
                return EmptyResult()
    raise InvalidToken("'Invalid token'")


def _notify(endpoint: CallbackEndpoint, outcome: CallbackOutcome, *, ended: bool) -> None:
    with _turn:
        if ended or endpoint.consumer_error is not None or endpoint.get_outcome() is not None:
            raise TaskTimedOutError("Task Timed Out: 'Provided task does not exist anymore'")
        endpoint.notify(outcome)
