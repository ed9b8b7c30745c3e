"""Lambda patches: functions run in execution environments of this cloud instead of Docker.

They also keep what moto drops: DeadLetterConfig, LoggingConfig, and updates of tracing and ephemeral storage.
"""

import base64
import io
import json
import zipfile
from typing import Any, ClassVar

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException, LambdaClientError

from awsrules.quotas import MEMORY
from embedded.context import Context
from embedded.lambdas.async_invocations import AsyncInvocations, AsyncPolicy
from embedded.lambdas.concurrency import reservation_fault
from embedded.lambdas.configuration import FunctionConfiguration, StoppedError, ThrottledError, code_directory
from embedded.lambdas.result import InvocationResult
from embedded.lambdas.service import FunctionService
from embedded.moto_patches.patches import Patches
from embedded.permissions.authorizer import NotAuthorizedError
from embedded.permissions.sessions import of_function

_EXTRA_CONFIGURATION = ("DeadLetterConfig", "LoggingConfig")
_TAIL = 4096
_ASYNC_LIMIT = 1024 * 1024
_SYNC_LIMIT = 6 * 1024 * 1024


class TooManyRequestsError(LambdaClientError):
    """Lambda's answer when the reserved concurrency of a function, or the account's, is used up."""

    code = 429

    def __init__(self, error: ThrottledError) -> None:
        super().__init__("TooManyRequestsException", str(error))
        self.description = json.dumps({"Reason": error.reason, "Type": "User", "message": str(error)})


class PayloadTooLargeError(LambdaClientError):
    """Lambda's answer to an event over its limit."""

    code = 413

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            "RequestEntityTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation, got {size}",
        )


class EmbeddedFunction(models.LambdaFunction):
    """A function of moto's Lambda that runs; `service` and `async_invocations` belong to the running cloud."""

    __module__ = models.__name__  # moto keeps the instances of its classes by module, for its resets

    service: ClassVar[FunctionService]
    async_invocations: ClassVar[AsyncInvocations]

    def __init__(self, account_id: str, spec: dict[str, Any], region: str, version: str | int = 1) -> None:
        super().__init__(account_id, spec, region, version)
        self._check_memory(self.memory_size)
        try:
            of_function(self.service.context.authorizer, self.role, self.function_arn)
        except NotAuthorizedError as error:
            raise InvalidParameterValueException(str(error)) from error
        self.extra_configuration: dict[str, Any] = {key: spec[key] for key in _EXTRA_CONFIGURATION if spec.get(key)}

    def _set_function_code(self, updated_spec: dict[str, Any]) -> None:
        super()._set_function_code(updated_spec)
        if self.package_type == "Zip" and not zipfile.is_zipfile(io.BytesIO(self.code_bytes)):
            raise InvalidParameterValueException("Could not unzip uploaded file. Please check your file and try again.")

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        """The response of GetFunctionConfiguration."""
        return super().get_configuration(on_create) | self.extra_configuration

    def update_configuration(self, config_updates: dict[str, Any]) -> dict[str, Any]:
        """Applies UpdateFunctionConfiguration; environments of the old configuration end at the next invocation."""
        self._check_memory(config_updates.get("MemorySize") or self.memory_size)
        for key in _EXTRA_CONFIGURATION:
            if config_updates.get(key):
                self.extra_configuration[key] = config_updates[key]
        if "TracingConfig" in config_updates:
            self.tracing_config = config_updates["TracingConfig"]
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        super().update_configuration(config_updates)
        return self.get_configuration()

    def _check_memory(self, memory: Any) -> None:
        most = int(self.service.context.account.granted(MEMORY))
        if int(memory) > most:
            raise InvalidParameterValueException(
                f"'MemorySize' value failed to satisfy constraint: Member must have value less than or equal to {most}"
            )

    def configuration(self) -> FunctionConfiguration:
        """The function's present configuration."""
        logging = self.extra_configuration.get("LoggingConfig", {})
        reserved = self.reserved_concurrency
        return FunctionConfiguration(
            name=self.function_name,
            arn=self.function_arn,
            handler=self.handler or "",
            code=code_directory(self.service.context.workdir, self.code_sha_256, self.code_bytes),
            timeout=float(self.timeout),
            memory=int(self.memory_size),
            environment=tuple(sorted((str(key), str(value)) for key, value in self.environment_vars.items())),
            log_group=logging.get("LogGroup") or self.logs_group_name,
            log_format=logging.get("LogFormat", "Text"),
            version=str(self.version),
            reserved=None if reserved is None else int(reserved),
            role=of_function(self.service.context.authorizer, self.role, self.function_arn),
        )

    def async_policy(self) -> AsyncPolicy:
        """The function's policy for asynchronous invocations."""
        config = self.event_invoke_config[-1].config if self.event_invoke_config else {}
        destinations = config.get("DestinationConfig", {})
        return AsyncPolicy(
            retries=int(config.get("MaximumRetryAttempts", 2)),
            on_success=destinations.get("OnSuccess", {}).get("Destination"),
            on_failure=destinations.get("OnFailure", {}).get("Destination"),
            dead_letter=self.extra_configuration.get("DeadLetterConfig", {}).get("TargetArn"),
        )

    def invoke(self, body: str, request_headers: Any, response_headers: Any) -> bytes:
        """Invokes the function: waits for the result, or accepts the event (InvocationType=Event)."""
        event = body if isinstance(body, bytes) else (body or "{}").encode()
        kind = request_headers.get("X-Amz-Invocation-Type") or request_headers.get("x-amz-invocation-type")
        limit = _ASYNC_LIMIT if kind == "Event" else _SYNC_LIMIT
        if len(event) > limit:
            raise PayloadTooLargeError(len(event), limit)
        if kind == "DryRun":
            return b""
        if kind == "Event":
            self.async_invocations.submit(self.configuration(), event, self.async_policy())
            return b""
        return self._answer(self._run(event), response_headers)

    def _run(self, event: bytes) -> InvocationResult:
        try:
            return self.service.invoke(self.configuration(), event)
        except ThrottledError as error:
            raise TooManyRequestsError(error) from error
        except StoppedError as error:
            raise LambdaClientError("ServiceException", str(error)) from error

    def _answer(self, result: InvocationResult, response_headers: Any) -> bytes:
        if result.function_error:
            response_headers["x-amz-function-error"] = result.function_error
        tail = result.log.encode()[-_TAIL:]
        response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
        response_headers["x-amz-executed-version"] = str(self.version)
        return result.payload


def install(patches: Patches, service: FunctionService, async_invocations: AsyncInvocations) -> None:
    """Replaces the class of moto's functions, DeleteFunction and PutFunctionConcurrency."""
    EmbeddedFunction.service = service
    EmbeddedFunction.async_invocations = async_invocations
    patches.replace(models, "LambdaFunction", EmbeddedFunction)

    def delete(backend: models.LambdaBackend, function_name: str, qualifier: str | None = None) -> None:
        original_delete(backend, function_name, qualifier)
        service.retire(function_name)

    original_delete = patches.replace(models.LambdaBackend, "delete_function", delete)

    def reserve(backend: models.LambdaBackend, function_name: str, reserved_concurrency: str) -> Any:
        others = _reserved(backend, without=backend.get_function(function_name).function_name)
        fault = reservation_fault(service.context.account, others, int(reserved_concurrency))
        if fault is not None:
            raise InvalidParameterValueException(fault)
        return original_reserve(backend, function_name, reserved_concurrency)

    original_reserve = patches.replace(models.LambdaBackend, "put_function_concurrency", reserve)


def reserved_concurrency(context: Context) -> int:
    """The sum of all functions' reserved concurrency."""
    return _reserved(models.lambda_backends[context.account_id][context.region])


def _reserved(backend: models.LambdaBackend, without: str = "") -> int:
    found = [function for function in backend.list_functions() if function.function_name != without]
    return sum(int(function.reserved_concurrency or 0) for function in found)


def deployed_functions(context: Context, text: str) -> list[FunctionConfiguration]:
    """The configurations of all functions: first those with an event source mapping, then as `text` names them."""
    backend = models.lambda_backends[context.account_id][context.region]
    found = [function for function in backend.list_functions() if isinstance(function, EmbeddedFunction)]
    fed = {mapping.function_arn for mapping in backend.list_event_source_mappings("", "")}

    def rank(function: EmbeddedFunction) -> tuple[bool, int]:
        place = text.find(function.function_arn)
        return function.function_arn not in fed, place if place >= 0 else len(text)

    return [function.configuration() for function in sorted(found, key=rank)]
