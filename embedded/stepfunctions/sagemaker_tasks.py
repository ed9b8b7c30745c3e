"""Touch point: SageMaker tasks, and createTrainingJob.sync, which moto lacks.

A job's end other than Completed is States.TaskFailed with the job's description as the cause, as on AWS. A state that
ends before its job (StopExecution, a timeout) stops the job.
"""

import contextlib
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.validate import ParamValidator
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import StateTaskService
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.utils import boto_client
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from embedded.context import Context
from embedded.events.service_events import with_times_in_milliseconds
from embedded.moto_patches.patches import Patches
from embedded.permissions.authorizer import NotAuthorizedError
from embedded.sagemaker import await_training_job
from embedded.stepfunctions.error_names import failure, service_error
from embedded.stepfunctions.rights import check_sync

ACTIONS = ("createTrainingJob", "createModel", "createEndpointConfig", "createEndpoint", "updateEndpoint")
_POLL = 0.1  # seconds on the wall between two checks of the execution
# AWS names exceptions as its Java SDK does, and has a class for these codes only.
_OWN_EXCEPTIONS = ("ResourceInUse", "ResourceLimitExceeded", "ResourceNotFound", "ConflictException")


class SageMakerTask(StateTaskServiceCallback):
    """A task of the optimized integration for SageMaker."""

    context: Context

    def __init__(self) -> None:
        # moto ends `.sync` by a callback endpoint, which it makes only if WaitForTaskToken is declared.
        patterns: set[Any] = {ResourceCondition.WaitForTaskToken, ResourceCondition.Sync}
        super().__init__(patterns)

    def _get_supported_parameters(self) -> set[str] | None:
        action = self.resource.api_action
        if action not in ACTIONS or (self.resource.condition is not None and action != "createTrainingJob"):
            return None
        return set(self._input_shape().members)

    def _input_shape(self) -> Any:
        client = boto_client.boto_client_for(region=self.context.region, service="sagemaker")
        action = self.resource.api_action
        return client.meta.service_model.operation_model(action[0].upper() + action[1:]).input_shape

    def _eval_service_task(
        self,
        env: Environment,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> None:
        report = ParamValidator().validate(normalised_parameters, self._input_shape())
        if report.has_errors():
            parameters = to_json_str(normalised_parameters)
            cause = f"The Parameters '{parameters}' could not be used to start the Task: [{report.generate_report()}]"
            raise FailureEventException(self._failure(env, StatesErrorName(StatesErrorNameType.StatesRuntime), cause))
        region = resource_runtime_part.region
        client = boto_client.boto_client_for(region, "sagemaker", state_credentials)
        if self.resource.condition is not None:
            check_sync(self.context, state_credentials.role_arn, normalised_parameters["TrainingJobName"])
        response = getattr(client, self._get_boto_service_action())(**normalised_parameters)
        response.pop("ResponseMetadata", None)
        env.stack.append(response)

    def _build_sync_resolver(
        self,
        env: Environment,
        resource_runtime_part: Any,
        normalised_parameters: dict[str, Any],
        state_credentials: Any,
    ) -> Callable[[], Any]:
        env.stack.pop()
        name: str = normalised_parameters["TrainingJobName"]
        client = boto_client.boto_client_for(resource_runtime_part.region, "sagemaker", state_credentials)

        def resolve() -> Any:
            while not await_training_job(self.context, name, _POLL):
                if not env.is_running():
                    with contextlib.suppress(ClientError):  # the job may have ended
                        client.stop_training_job(TrainingJobName=name)
                    return None
            job = client.describe_training_job(TrainingJobName=name)
            job.pop("ResponseMetadata", None)
            job = with_times_in_milliseconds(job)
            if job["TrainingJobStatus"] != "Completed":
                failed = StatesErrorName(StatesErrorNameType.StatesTaskFailed)
                raise FailureEventException(self._failure(env, failed, to_json_str(job, separators=(",", ":"))))
            return job

        return resolve

    def _from_error(self, env: Environment, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            _, cause = service_error("SageMaker", "AmazonSageMaker", ex)
            code = ex.response["Error"].get("Code")
            name = f"{code}Exception" if code in _OWN_EXCEPTIONS else "AmazonSageMakerException"
            return self._failure(env, CustomErrorName(f"SageMaker.{name}"), cause)
        if isinstance(ex, NotAuthorizedError):
            return self._failure(env, CustomErrorName("SageMaker.AmazonSageMakerException"), str(ex))
        if isinstance(ex, BotoCoreError):
            return self._failure(env, CustomErrorName("SageMaker.SdkClientException"), str(ex))
        return super()._from_error(env=env, ex=ex)

    def _failure(self, env: Environment, name: CustomErrorName | StatesErrorName, cause: str) -> FailureEvent:
        details = TaskFailedEventDetails(
            error=name.error_name,
            cause=cause,
            resource=self._get_sfn_resource(),
            resourceType=self._get_sfn_resource_type(),
        )
        return failure(env, name, HistoryEventType.TaskFailed, taskFailedEventDetails=details)


def install(patches: Patches, context: Context) -> None:
    """Replaces the choice of a task's class where moto's factory of states imports it."""
    SageMakerTask.context = context

    def task_for(service_name: str) -> StateTaskService:
        return SageMakerTask() if service_name == "sagemaker" else original(service_name)

    original = patches.replace(state_task_factory, "state_task_service_for", task_for)
