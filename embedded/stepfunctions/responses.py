"""Touch point: complete responses of DescribeExecution, StopExecution, GetExecutionHistory and ListExecutions."""

from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.responses import StepFunctionResponse

from embedded.moto_patches.patches import Patches
from embedded.stepfunctions.executions import EmbeddedExecution

_PAGE = 100


def install(patches: Patches) -> None:
    """Replaces the four operations."""
    patches.replace(StepFunctionResponse, "describe_execution", _describe)
    patches.replace(StepFunctionResponse, "stop_execution", _stop)
    patches.replace(StepFunctionResponse, "get_execution_history", _history)
    patches.replace(StepFunctionResponse, "list_executions", _list)


def _execution(self: StepFunctionResponse) -> EmbeddedExecution:
    return self.stepfunction_backend.describe_execution(self._get_param("executionArn"))  # type: ignore[return-value]


def _describe(self: StepFunctionResponse) -> ActionResult:
    """DescribeExecution: moto lacks the stop date after a timeout, and does not quote a string as output."""
    execution = _execution(self)
    answer: dict[str, Any] = dict(execution.to_describe_output())
    answer |= {"input": execution.execution_input, "redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE"}
    return ActionResult({name: value for name, value in answer.items() if value not in (None, "")})


def _stop(self: StepFunctionResponse) -> ActionResult:
    """StopExecution: moto drops the error and the cause."""
    execution = _execution(self)
    if execution.stop_date is None:
        execution.stop(None, error=self._get_param("error"), cause=self._get_param("cause"))  # type: ignore[arg-type]
    return ActionResult({"stopDate": execution.stop_date})


def _history(self: StepFunctionResponse) -> ActionResult:
    """GetExecutionHistory: moto has neither pages nor reverseOrder."""
    execution = _execution(self)
    worker = execution.exec_worker
    events = list(execution.to_history_output()["events"]) if worker is not None and worker.env is not None else []
    if self._get_param("reverseOrder") in (True, "true", "True"):
        events.reverse()
    start = int(self._get_param("nextToken") or 0)
    end = start + int(self._get_param("maxResults") or 10 * _PAGE)
    answer: dict[str, Any] = {"events": events[start:end]}
    if end < len(events):
        answer["nextToken"] = str(end)
    return ActionResult(answer)


def _list(self: StepFunctionResponse) -> ActionResult:
    """ListExecutions, newest first."""
    machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
    status = self._get_param("statusFilter")
    executions: list[Any] = [one for one in list(machine.executions) if status in (None, one.status)]
    executions.sort(key=lambda one: one.start_date, reverse=True)
    start = int(self._get_param("nextToken") or 0)
    end = start + int(self._get_param("maxResults") or _PAGE)
    entries = [{"stateMachineArn": machine.arn, **_entry(one)} for one in executions[start:end]]
    answer: dict[str, Any] = {"executions": entries}
    if end < len(executions):
        answer["nextToken"] = str(end)
    return ActionResult(answer)


def _entry(execution: EmbeddedExecution) -> dict[str, Any]:
    entry = {
        "executionArn": execution.exec_arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "redriveCount": 0,
    }
    return entry if execution.stop_date is None else entry | {"stopDate": execution.stop_date}
