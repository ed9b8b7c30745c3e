"""The touch point with moto's SageMaker: replaces its backend and its operations.

Operations that moto answers with an invented success (processing and tuning jobs, pipelines, ...) are refused.
"""

import threading
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import SagemakerClientError
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends
from moto.sagemaker.responses import SageMakerResponse

from embedded.context import Clients, Context
from embedded.permissions.authorizer import NotAuthorizedError
from embedded.sagemaker.errors import InvalidRequestError, NotEmulatedError, RefusedError
from embedded.sagemaker.hosting import Hosting
from embedded.sagemaker.hosting_resources import HostingResources
from embedded.sagemaker.invocations import Invocations
from embedded.sagemaker.jobs import TrainingJobs, TransformJobs
from embedded.sagemaker.registry import Registry

_USED = ("s3", "logs", "cloudwatch")
Operation = Callable[["SageMakerBackend", dict[str, Any]], dict[str, Any]]


class SageMakerBackend(SageMakerModelBackend):
    """SageMaker of one account and region. moto makes it, so it takes the cloud from `install`."""

    context: Context

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        clients = Clients(self.context)
        # A client takes 0.1 s and more to make: made before the first job needs it.
        threading.Thread(target=lambda: [clients(service) for service in _USED], name="clients", daemon=True).start()
        self.registry = Registry(self.context, self)
        self.resources = HostingResources(self.context, clients, self.registry.described)
        self.hosting = Hosting(self.context, clients, self.resources)
        # moto tags and finds resources in these dictionaries by `arn` and `tags`; both share them.
        self._models = self.resources.models  # type: ignore[assignment]
        self.endpoint_configs = self.resources.configs  # type: ignore[assignment]
        self.endpoints = self.hosting.endpoints  # type: ignore[assignment]
        self.training = TrainingJobs(self.context, clients, self.training_jobs)  # type: ignore[arg-type]
        self.transforms = TransformJobs(self.context, clients, self.resources, self.hosting.prewarmed)
        self.transform_jobs = self.transforms.jobs  # type: ignore[assignment]
        self.invocations = Invocations(self.context, clients, self.hosting)

    def reset(self) -> None:
        """Resets the backend; its processes are stopped first."""
        self.stop()
        super().reset()

    def stop(self) -> None:
        """Stops jobs and servers; pending captures and metrics are written."""
        self.invocations.stop()
        self.training.stop_all()
        self.transforms.stop_all()
        self.hosting.stop_all()

    def _get_resource_from_arn(self, arn: str) -> Any:
        for resource in self._taggable():
            if resource.arn == arn:
                resource.tags = resource.tags or []
                return resource
        raise InvalidRequestError(f"Could not find the resource {arn}.")

    def _taggable(self) -> list[Any]:
        own = (self._models, self.endpoint_configs, self.endpoints, self.training_jobs, self.transform_jobs)
        moto = (self.model_packages, self.model_package_groups, self.experiments, self.trials, self.feature_groups)
        return [resource for kind in (*own, *moto) for resource in list(kind.values())]

    def tags_of(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListTags, all on one page."""
        return {"Tags": self._get_resource_from_arn(request["ResourceArn"]).tags}

    def delete_tags_from(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteTags."""
        self.delete_tags(request["ResourceArn"], request["TagKeys"])
        return {}

    def add_tags_to(self, request: dict[str, Any]) -> dict[str, Any]:
        """AddTags; an existing key gets the new value."""
        resource = self._get_resource_from_arn(request["ResourceArn"])
        new = {tag["Key"] for tag in request["Tags"]}
        resource.tags = [tag for tag in resource.tags if tag["Key"] not in new] + list(request["Tags"])
        return {"Tags": resource.tags}


# moto derives the service's URLs from the module's name.
SageMakerBackend.__module__ = "moto.sagemaker.models"

OPERATIONS: dict[str, Operation] = {
    "create_training_job": lambda backend, request: backend.training.create(request),
    "describe_training_job": lambda backend, request: backend.training.describe(request),
    "stop_training_job": lambda backend, request: backend.training.stop(request),
    "list_training_jobs": lambda backend, request: backend.training.list_jobs(request),
    "create_transform_job": lambda backend, request: backend.transforms.create(request),
    "describe_transform_job": lambda backend, request: backend.transforms.describe(request),
    "stop_transform_job": lambda backend, request: backend.transforms.stop(request),
    "list_transform_jobs": lambda backend, request: backend.transforms.list_jobs(request),
    "create_model": lambda backend, request: backend.resources.create_model(request),
    "describe_model": lambda backend, request: backend.resources.describe_model(request),
    "list_models": lambda backend, request: backend.resources.list_models(request),
    "delete_model": lambda backend, request: backend.resources.delete_model(request),
    "create_endpoint_config": lambda backend, request: backend.resources.create_config(request),
    "describe_endpoint_config": lambda backend, request: backend.resources.describe_config(request),
    "list_endpoint_configs": lambda backend, request: backend.resources.list_configs(request),
    "delete_endpoint_config": lambda backend, request: backend.resources.delete_config(request),
    "create_endpoint": lambda backend, request: backend.hosting.create_endpoint(request),
    "update_endpoint": lambda backend, request: backend.hosting.update_endpoint(request),
    "update_endpoint_weights_and_capacities": lambda backend, request: backend.hosting.update_weights(request),
    "describe_endpoint": lambda backend, request: backend.hosting.describe_endpoint(request),
    "list_endpoints": lambda backend, request: backend.hosting.list_endpoints(request),
    "delete_endpoint": lambda backend, request: backend.hosting.delete_endpoint(request),
    "create_model_package_group": lambda backend, request: backend.registry.create_group(request),
    "describe_model_package_group": lambda backend, request: backend.registry.describe_group(request),
    "delete_model_package_group": lambda backend, request: backend.registry.delete_group(request),
    "create_model_package": lambda backend, request: backend.registry.create(request),
    "describe_model_package": lambda backend, request: backend.registry.describe(request),
    "list_model_packages": lambda backend, request: backend.registry.list_packages(request),
    "update_model_package": lambda backend, request: backend.registry.update(request),
    "delete_model_package": lambda backend, request: backend.registry.delete(request),
    "add_tags": lambda backend, request: backend.add_tags_to(request),
    "list_tags": lambda backend, request: backend.tags_of(request),
    "delete_tags": lambda backend, request: backend.delete_tags_from(request),
}

# moto answers these with an invented success.
REFUSED = (
    "create_processing_job",
    "create_hyper_parameter_tuning_job",
    "create_auto_ml_job_v2",
    "create_compilation_job",
    "create_notebook_instance",
    "create_cluster",
    "create_domain",
    "create_pipeline",
    "start_pipeline_execution",
    "create_data_quality_job_definition",
    "create_model_bias_job_definition",
    "create_model_explainability_job_definition",
    "create_model_quality_job_definition",
)


def install(context: Context) -> None:
    """Replaces moto's backend and operations; earlier backends are stopped and dropped."""
    stop()
    SageMakerBackend.context = context
    sagemaker_backends.clear()
    sagemaker_backends.backend = SageMakerBackend
    for name, operation in OPERATIONS.items():
        setattr(SageMakerResponse, name, _handler(operation))
    for name in REFUSED:
        setattr(SageMakerResponse, name, _refusal(name))


def stop() -> None:
    """Stops all backends. May be called twice, and before `install`."""
    for _, _, backend in list(sagemaker_backends.iter_backends()):
        if isinstance(backend, SageMakerBackend):
            backend.stop()


def backend_of(account_id: str, region: str) -> SageMakerBackend:
    """The backend that serves an account and region."""
    backend = sagemaker_backends[account_id][region]
    if not isinstance(backend, SageMakerBackend):
        raise TypeError("embedded.sagemaker.install comes before any use of SageMaker")
    return backend


def _handler(operation: Operation) -> Callable[[SageMakerResponse], ActionResult]:
    def handle(self: SageMakerResponse) -> ActionResult:
        backend = backend_of(self.current_account, self.region)
        return ActionResult(operation(backend, dict(self.params)))

    return _refused_as_aws(handle)


def _refusal(name: str) -> Callable[[SageMakerResponse], ActionResult]:
    action = "".join(word.title() for word in name.split("_"))

    def handle(_: SageMakerResponse) -> ActionResult:
        raise NotEmulatedError(action)

    return _refused_as_aws(handle)


def _refused_as_aws(handle: Callable[[SageMakerResponse], ActionResult]) -> Callable[[SageMakerResponse], ActionResult]:
    def answer(self: SageMakerResponse) -> ActionResult:
        try:
            return handle(self)
        except RefusedError as error:
            raise SagemakerClientError(error.code, error.message) from error
        except NotAuthorizedError as error:
            raise SagemakerClientError("ValidationException", str(error)) from error

    return answer
