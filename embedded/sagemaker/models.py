"""Models: the archive in S3 and the environment of its server."""

from dataclasses import dataclass, field
from typing import Any

from embedded.sagemaker.errors import InvalidRequestError
from embedded.sagemaker.locations import S3Location


@dataclass(frozen=True)
class ServedModel:
    """A model as its server needs it.

    Args:
        name: the model's name.
        image: its image; described, not run.
        archive: its model.tar.gz.
        environment: its variables, with container paths.
        isolated: under network isolation.
        role: the ARN of the role that the container acts as.
    """

    name: str
    image: str
    archive: S3Location
    environment: dict[str, str] = field(default_factory=dict)
    isolated: bool = False
    role: str = ""


@dataclass(frozen=True)
class ServerOwner:
    """The owner of a server: an endpoint (`kind` is hosting) or a transform job (transform), and its log group."""

    kind: str
    name: str
    log_group: str


def served_model(request: dict[str, Any], package: dict[str, Any] | None) -> ServedModel:
    """Reads CreateModel's parameters. Raises InvalidRequestError for an unsupported model.

    Args:
        request: CreateModel's parameters.
        package: DescribeModelPackage's answer, when the container names a model package.
    """
    container = container_of(request)
    url, image = container.get("ModelDataUrl"), container.get("Image")
    source = (container.get("ModelDataSource") or {}).get("S3DataSource")
    environment = dict(container.get("Environment") or {})
    if source:
        if source.get("CompressionType") != "Gzip":
            raise InvalidRequestError("The embedded cloud serves model data with CompressionType Gzip only.")
        url = source["S3Uri"]
    if package is not None:
        specified = package["InferenceSpecification"]["Containers"][0]
        url, image = specified.get("ModelDataUrl"), specified.get("Image")
        environment = dict(specified.get("Environment") or {}) | environment
    if not url:
        raise InvalidRequestError("The embedded cloud needs model data: ModelDataUrl is missing.")
    isolated = bool(request.get("EnableNetworkIsolation"))
    return ServedModel(
        request["ModelName"],
        image or "",
        S3Location.parse(url),
        environment,
        isolated,
        request.get("ExecutionRoleArn") or "",
    )


def container_of(request: dict[str, Any]) -> dict[str, Any]:
    """The one container of a CreateModel request."""
    containers = [request["PrimaryContainer"]] if request.get("PrimaryContainer") else request.get("Containers") or []
    if len(containers) != 1:
        raise InvalidRequestError("The embedded cloud serves models of exactly one container.")
    container: dict[str, Any] = containers[0]
    if container.get("Mode") == "MultiModel":
        raise InvalidRequestError("The embedded cloud does not emulate multi-model containers.")
    return container
