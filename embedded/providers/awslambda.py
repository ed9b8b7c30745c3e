"""Functions and their layers."""

import io
import zipfile
from typing import Any, ClassVar

from embedded.providers.provider import NO_KMS, NO_VPC, Platform, Provider, Request, Resource, tag_map

_CONFIGURATION = (
    "DeadLetterConfig",
    "Description",
    "Environment",
    "EphemeralStorage",
    "Handler",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
)


class Function(Provider):
    """AWS::Lambda::Function, in Python. Layers exist by name; their packages come from the virtual environment."""

    type = "AWS::Lambda::Function"
    honoured = frozenset(
        {
            "Code.S3Bucket",
            "Code.S3Key",
            "Code.ZipFile",
            "FunctionName",
            "Architectures",
            "ReservedConcurrentExecutions",
            "Tags",
            *_CONFIGURATION,
        }
    )
    ignored: ClassVar[dict[str, str]] = {
        "KmsKeyArn": NO_KMS,
        "VpcConfig": NO_VPC,
        "RecursiveLoop": "loops are not looked for",
        "RuntimeManagementConfig": "the runtime is this Python",
        "SnapStart": "processes are kept warm anyway",
        "PackageType": "Zip is the only one; Code.ImageUri is refused",
    }
    updatable = honoured - {"FunctionName", "Architectures"} | {"Code"}

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the function; Ref is its name."""
        _check_runtime(request)
        name = request.get("FunctionName") or request.name(64)
        lambda_ = platform.clients("lambda")
        answer = lambda_.create_function(
            FunctionName=name,
            Code=_code(request.properties["Code"]),
            Tags=tag_map(request.get("Tags")),
            **request.chosen("Architectures"),
            **_configuration(request),
        )
        self._reserve(lambda_, name, request)
        return Resource(name, {"Arn": answer["FunctionArn"]})

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes code and configuration; warm processes of the old ones end when they are done."""
        _check_runtime(request)
        lambda_, name = platform.clients("lambda"), resource.physical_id
        lambda_.update_function_code(FunctionName=name, **_code(request.properties["Code"]))
        configuration = {"Environment": {"Variables": {}}, "Layers": []} | _configuration(request)
        lambda_.update_function_configuration(FunctionName=name, **configuration)
        self._reserve(lambda_, name, request)
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the function."""
        platform.clients("lambda").delete_function(FunctionName=resource.physical_id)

    def _reserve(self, lambda_: Any, name: str, request: Request) -> None:
        reserved = request.get("ReservedConcurrentExecutions")
        if reserved is None:
            lambda_.delete_function_concurrency(FunctionName=name)
        else:
            lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=int(reserved))


class LayerVersion(Provider):
    """AWS::Lambda::LayerVersion; a changed one is published as a new version."""

    type = "AWS::Lambda::LayerVersion"
    honoured = frozenset(
        {"Content", "LayerName", "Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo"}
    )
    updatable = honoured - {"LayerName"}

    def create(self, platform: Platform, request: Request) -> Resource:
        """Publishes the layer; Ref is the version's ARN."""
        given = request.chosen("Description", "CompatibleRuntimes", "CompatibleArchitectures", "LicenseInfo")
        answer = platform.clients("lambda").publish_layer_version(
            LayerName=request.get("LayerName") or request.name(140), Content=request.properties["Content"], **given
        )
        return Resource(answer["LayerVersionArn"], {"LayerVersionArn": answer["LayerVersionArn"]})

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Publishes the next version."""
        return self.create(platform, request)

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Deletes the version; functions that have it keep it."""
        layer, _, version = resource.physical_id.rpartition(":")
        platform.clients("lambda").delete_layer_version(LayerName=layer.rpartition(":")[2], VersionNumber=int(version))


def _check_runtime(request: Request) -> None:
    runtime = str(request.get("Runtime", ""))
    if not runtime.startswith("python"):
        raise request.error(f"Runtime {runtime!r} is not supported: functions run in this Python")


def _configuration(request: Request) -> dict[str, Any]:
    configuration = request.chosen(*_CONFIGURATION)
    for name in ("Timeout", "MemorySize"):
        if name in configuration:
            configuration[name] = int(configuration[name])
    if "Environment" in configuration:
        variables = configuration["Environment"].get("Variables", {})
        configuration["Environment"] = {"Variables": {key: str(value) for key, value in variables.items()}}
    return configuration


def _code(code: dict[str, Any]) -> dict[str, Any]:
    if "ZipFile" not in code:
        return code
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # inline code is the text of index.py
        archive.writestr(zipfile.ZipInfo("index.py", (1980, 1, 1, 0, 0, 0)), code["ZipFile"])
    return {"ZipFile": buffer.getvalue()}


PROVIDERS = (Function, LayerVersion)
