"""Touch point: names of task errors as on AWS, and the errors that a Retry or a Catch matches.

As in the States Language, States.ALL matches neither States.Runtime nor States.DataLimitExceeded, and States.TaskFailed
matches all but those and States.Timeout. moto's States.ALL matches everything: a loop would look safer than on AWS.
"""

import json
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from moto.stepfunctions.parser.api import (
    HistoryEventType,
    LambdaFunctionFailedEventDetails,
    TaskFailedEventDetails,
)
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import LambdaFunctionErrorException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

from embedded.moto_patches.patches import Patches

TERMINAL = ("States.Runtime", "States.DataLimitExceeded")


def install(patches: Patches) -> None:
    """Replaces the naming of Lambda errors and the comparison of Retry and Catch."""
    _install_names(patches)
    _install_matching(patches)


def _install_names(patches: Patches) -> None:
    """Replaces the error names of both forms of a Lambda task; other errors are left to moto."""

    def invoke_failure(self: StateTaskServiceLambda, env: Environment, ex: Exception) -> FailureEvent:
        named = error_and_cause(ex)
        if named is None:
            return of_invoke(self, env, ex)  # type: ignore[no-any-return]
        details = TaskFailedEventDetails(
            error=named[0],
            cause=named[1],
            resource=self._get_sfn_resource(),
            resourceType=self._get_sfn_resource_type(),
        )
        return failure(env, CustomErrorName(named[0]), HistoryEventType.TaskFailed, taskFailedEventDetails=details)

    def function_failure(self: StateTaskLambda, env: Environment, ex: Exception) -> FailureEvent:
        named = error_and_cause(ex)
        if named is None and isinstance(ex, (TimeoutError, FailureEventException)):
            return of_function(self, env, ex)  # type: ignore[no-any-return]
        if named is None:  # for example a missing path: States.Runtime, which nothing catches
            return StateTask._from_error(self, env, ex)
        details = LambdaFunctionFailedEventDetails(error=named[0], cause=named[1])
        event_type = HistoryEventType.LambdaFunctionFailed
        return failure(env, CustomErrorName(named[0]), event_type, lambdaFunctionFailedEventDetails=details)

    of_invoke = patches.replace(StateTaskServiceLambda, "_from_error", invoke_failure)
    of_function = patches.replace(StateTaskLambda, "_from_error", function_failure)


def error_and_cause(ex: Exception) -> tuple[str, str] | None:
    """The error's name and cause; None for an error that neither Lambda nor the function raised."""
    if isinstance(ex, LambdaFunctionErrorException):
        return _error_type(ex.payload), ex.payload
    if isinstance(ex, ClientError):
        return service_error("Lambda", "AWSLambda", ex)
    if isinstance(ex, BotoCoreError):
        return "Lambda.SdkClientException", str(ex)
    return None


def service_error(prefix: str, service: str, ex: ClientError) -> tuple[str, str]:
    """The name and cause of a service's error.

    Args:
        prefix: of the name, e.g. Lambda.
        service: as the cause calls it, e.g. AWSLambda.
        ex: the client's exception.
    """
    error, metadata = ex.response["Error"], ex.response.get("ResponseMetadata", {})
    code, status = str(error.get("Code", "")), metadata.get("HTTPStatusCode")
    # An error without a code of the service, such as a bare 500, is the service's general exception.
    name = f"{service}Exception" if code.isdigit() or not code else code
    details = f"Service: {service}; Status Code: {status}; Error Code: {code}; "
    details += f"Request ID: {metadata.get('RequestId')}; Proxy: null"
    return f"{prefix}.{name}", f"{error.get('Message')} ({details})"


def _error_type(payload: str) -> str:
    try:
        answer: Any = json.loads(payload)
        name = str(answer["errorType"])
    except (ValueError, TypeError, KeyError):
        return "Lambda.Unknown"
    return "Lambda.Unknown" if name.startswith("States.") else name


def _install_matching(patches: Patches) -> None:
    """Replaces the comparison."""

    def evaluate(self: ErrorEqualsDecl, env: Environment) -> None:
        error = env.stack.pop().error_name
        env.stack.append(matches([name.error_name for name in self.error_names], error))

    patches.replace(ErrorEqualsDecl, "_eval_body", evaluate)


def matches(wanted: list[str | None], error: str | None) -> bool:
    """True if ErrorEquals matches the error's name."""
    if error in wanted:
        return True
    if error in TERMINAL:
        return False
    return "States.ALL" in wanted or ("States.TaskFailed" in wanted and error != "States.Timeout")


def failure(env: Environment, name: ErrorName, event: HistoryEventType, **details: Any) -> FailureEvent:
    """A failure event of moto's interpreter.

    Args:
        env: the state's environment.
        name: the error's.
        event: the type of its event in the history.
        details: the one member of the event that holds its error and cause, e.g. taskFailedEventDetails={...}.
    """
    return FailureEvent(env=env, error_name=name, event_type=event, event_details=cast(EventDetails, details))
