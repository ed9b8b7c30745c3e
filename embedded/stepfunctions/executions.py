"""Touch point: executions. Status changes are events, names are unique, a stop takes effect at once."""

import datetime
import json
import logging
import threading
import time
import uuid
from typing import Any

from moto.stepfunctions.exceptions import InvalidExecutionInput
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser import utils as parser_utils
from moto.stepfunctions.parser.api import ExecutionFailedEventDetails, ExecutionStatus
from moto.stepfunctions.parser.asl.eval import program_state
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.backend import execution as moto_execution
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends

from embedded.context import Context
from embedded.moto_patches.patches import Patches
from embedded.stepfunctions.definitions import check_definition
from embedded.stepfunctions.rights import check_machine, check_trust

logger = logging.getLogger(__name__)

MAX_INPUT_BYTES = 256 * 1024


class EmbeddedExecution(Execution):
    """An execution that emits its status changes."""

    context: Context

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._end = threading.Lock()

    def start(self) -> None:
        """Emits RUNNING and starts the execution."""
        self.exec_status = ExecutionStatus.RUNNING
        self.emit_status_change()
        super().start()

    def stop(self, stop_date: datetime.datetime, error: str | None = None, cause: str | None = None) -> None:
        """Aborts the execution. A task under way may continue, without effect on the execution."""
        self._wait_until_started()
        # Set before the stop: the worker's thread may fail on the stop, which must not be the execution's end.
        self.end(ExecutionStatus.ABORTED, error=error or None, cause=cause or None)
        super().stop(stop_date=stop_date, error=error, cause=cause)

    def end(
        self, status: ExecutionStatus, output: Any = None, error: str | None = None, cause: str | None = None
    ) -> None:
        """Sets the end of the execution, unless it has ended: the first end is kept."""
        with self._end:
            if self.stop_date is not None:
                return
            self.output, self.error, self.cause = output, error, cause
            self.exec_status = status
            self.stop_date = datetime.datetime.now(datetime.UTC)
        self.emit_status_change()

    def emit_status_change(self) -> None:
        """Emits the event "Step Functions Execution Status Change"."""
        status = ExecutionStatus(self.exec_status)
        succeeded = status == ExecutionStatus.SUCCEEDED
        detail: dict[str, object] = {
            "executionArn": self.exec_arn,
            "stateMachineArn": self.state_machine_arn,
            "stateMachineVersionArn": None,
            "stateMachineAliasArn": None,
            "name": self.name,
            "status": status.value,
            "startDate": _milliseconds(self.start_date),
            "stopDate": _milliseconds(self.stop_date),
            "input": self.execution_input,
            "output": json.dumps(self.output, separators=(",", ":"), default=str) if succeeded else None,
            "inputDetails": {"included": True},
            "outputDetails": {"included": True} if succeeded else None,
            "redriveCount": 0,
            "redriveDate": None,
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": None,
            "error": self.error,
            "cause": self.cause,
        }
        try:
            self.context.emit("aws.states", "Step Functions Execution Status Change", detail, [self.exec_arn])
        except Exception:
            logger.exception("the status change of %s was not emitted", self.exec_arn)

    def _get_start_execution_worker_comm(self) -> BaseExecutionWorkerCommunication:
        return EmbeddedWorkerCommunication(self)

    def _wait_until_started(self) -> None:
        """Waits until the first state: moto starts the program in a thread, and loses a stop before that."""
        deadline = time.monotonic() + 5
        while self.stop_date is None and not self._has_begun() and time.monotonic() < deadline:
            time.sleep(0.005)

    def _has_begun(self) -> bool:
        environment = self.exec_worker.env if self.exec_worker is not None else None
        return environment is not None and len(environment.event_manager.get_event_history()) > 1


class EmbeddedWorkerCommunication(BaseExecutionWorkerCommunication):
    """Receives the end of the program from the worker."""

    execution: EmbeddedExecution

    def terminated(self) -> None:
        """Sets the end of the execution from the program's state."""
        execution = self.execution
        worker = execution.exec_worker
        state = worker.env.program_state() if worker is not None and worker.env is not None else None
        if isinstance(state, program_state.ProgramEnded):
            execution.end(ExecutionStatus.SUCCEEDED, worker.env.states.get_input())  # type: ignore[union-attr]
        elif isinstance(state, program_state.ProgramTimedOut):
            execution.end(ExecutionStatus.TIMED_OUT)
        elif isinstance(state, program_state.ProgramStopped):
            execution.end(ExecutionStatus.ABORTED)
        else:
            error: dict[str, Any] = getattr(state, "error", None) or {}
            execution.end(ExecutionStatus.FAILED, error=error.get("error"), cause=error.get("cause"))
        _forget_ended_threads()


class EmbeddedExecutionWorker(ExecutionWorker):
    """Ends the execution even if the interpreter raises."""

    def _execution_logic(self) -> None:
        try:
            super()._execution_logic()  # type: ignore[no-untyped-call]
        except Exception as error:
            logger.exception("the interpreter raised an error")
            execution = self._execution_communication.execution  # type: ignore[attr-defined]
            cause = f"{type(error).__name__}: {error}"
            execution.end(ExecutionStatus.FAILED, error="States.Runtime", cause=cause)


class Backend(StepFunctionsParserBackend):
    """moto's Step Functions with StartExecution as on AWS: name and input are checked, starts are serialized."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._starting = threading.Lock()

    def create_state_machine(  # type: ignore[override]  # the others are passed on as they are
        self,
        name: str,
        definition: str,
        roleArn: str,  # noqa: N803
        **given: Any,
    ) -> Any:
        """Makes a state machine, unless its role may not do what AWS checks then."""
        context = EmbeddedExecution.context
        arn = f"arn:aws:states:{context.region}:{context.account_id}:stateMachine:{name}"
        check_machine(context, arn, roleArn, definition, given.get("loggingConfiguration"))
        return super().create_state_machine(name, definition, roleArn, **given)

    def start_execution(  # type: ignore[override]  # moto's parser and its record disagree on it too
        self,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: str | None = None,
    ) -> Execution:
        """Starts an execution; the same name and input while it runs is the same execution."""
        name = name or str(uuid.uuid4())
        execution_input = execution_input or "{}"
        self._validate_name(name)
        try:
            json.loads(execution_input)
        except ValueError as error:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from error
        if len(execution_input.encode()) > MAX_INPUT_BYTES:
            raise InvalidExecutionInput("Invalid State Machine Execution Input: its length exceeds 262144 bytes")
        machine = self.describe_state_machine(state_machine_arn)
        check_trust(EmbeddedExecution.context, machine.arn, machine.roleArn)
        with self._starting:
            return super().start_execution(state_machine_arn, name, execution_input, trace_header or "")


def install(patches: Patches, context: Context) -> None:
    """Replaces the backend, executions and their workers; earlier state machines are dropped."""
    set_error = Environment.set_error

    def set_error_unless_stopped(self: Environment, error: ExecutionFailedEventDetails) -> None:
        # After a stop between two states moto's interpreter raises and overwrites the stop with its own error.
        if not isinstance(self.program_state(), program_state.ProgramStopped):
            set_error(self, error)

    EmbeddedExecution.context = context
    stepfunctions_parser_backends.clear()
    patches.replace(stepfunctions_parser_backends, "backend", Backend)
    patches.replace(StepFunctionsParserBackend, "_validate_definition", staticmethod(check_definition))
    patches.replace(parser_models, "Execution", EmbeddedExecution)
    patches.replace(moto_execution, "ExecutionWorker", EmbeddedExecutionWorker)
    patches.replace(Environment, "set_error", set_error_unless_stopped)


def _milliseconds(moment: datetime.datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


def _forget_ended_threads() -> None:
    # moto keeps each thread it ever started in this list.
    threads: list[threading.Thread] = parser_utils.TMP_THREADS
    threads[:] = [thread for thread in threads if thread.is_alive()]
