"""Records of models and endpoint configurations, and the checks of a configuration."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from embedded.sagemaker.errors import InvalidRequestError, NotEmulatedError
from embedded.sagemaker.locations import S3Location
from embedded.sagemaker.training_job import now

_UNSUPPORTED_VARIANT = ("InferenceAmiVersion", "ManagedInstanceScaling", "InstancePools")
_UNSUPPORTED_CONFIG = ("AsyncInferenceConfig", "ExplainerConfig")
_MEMORIES = range(1024, 6145, 1024)  # MB
_MOST_CONCURRENCY = 200


@dataclass
class ResourceRecord:
    """A resource with its Create request; moto's backend reads `arn` and `tags`."""

    name: str
    arn: str
    request: dict[str, Any]
    tags: list[dict[str, str]] = field(default_factory=list)
    creation_time: datetime = field(default_factory=now)

    def describe(self) -> dict[str, Any]:
        """The request's members, without its tags, and the creation time."""
        members = {name: value for name, value in self.request.items() if name != "Tags" and value is not None}
        return members | {"CreationTime": self.creation_time}


def check_config(request: dict[str, Any]) -> None:
    """Raises InvalidRequestError or NotEmulatedError for an endpoint configuration that is not supported."""
    for member in _UNSUPPORTED_CONFIG:
        if request.get(member):
            raise NotEmulatedError(f"{member} of an endpoint configuration")
    variants, shadows = request.get("ProductionVariants") or [], request.get("ShadowProductionVariants") or []
    names = [variant["VariantName"] for variant in (*variants, *shadows)]
    if not variants:
        raise InvalidRequestError("At least one production variant is needed.")
    if len(set(names)) != len(names):
        raise InvalidRequestError(f"The variant names {names} are not unique.")
    if shadows and (len(variants), len(shadows)) != (1, 1):
        raise InvalidRequestError(
            "With ShadowProductionVariants there can be only one variant in ProductionVariants and one in "
            f"ShadowProductionVariants, got {len(variants)} and {len(shadows)}."
        )
    for variant in (*variants, *shadows):
        _check_variant(variant)
    _check_capture(request.get("DataCaptureConfig") or {})
    if any(variant.get("ServerlessConfig") for variant in (*variants, *shadows)):
        _check_serverless(request, [*variants, *shadows])


def _check_variant(variant: dict[str, Any]) -> None:
    name = f"Production variant {variant['VariantName']}"
    for member in _UNSUPPORTED_VARIANT:
        if variant.get(member):
            raise NotEmulatedError(f"{member} of a production variant")
    if not variant.get("ModelName"):
        raise InvalidRequestError(f"{name}: ModelName is missing.")
    serverless = variant.get("ServerlessConfig")
    if not serverless:
        if not variant.get("InstanceType"):
            raise InvalidRequestError(f"{name}: InstanceType is missing.")
        return
    for member in ("InstanceType", "InitialInstanceCount", "AcceleratorType"):
        if variant.get(member):
            raise InvalidRequestError(f"{name}: {member} cannot be given together with ServerlessConfig.")
    memory, most = serverless.get("MemorySizeInMB"), serverless.get("MaxConcurrency") or 0
    if memory not in _MEMORIES:
        raise InvalidRequestError(f"{name}: MemorySizeInMB must be one of {[*_MEMORIES]}, got {memory}.")
    if not 1 <= most <= _MOST_CONCURRENCY:
        raise InvalidRequestError(f"{name}: MaxConcurrency must be from 1 to {_MOST_CONCURRENCY}, got {most}.")
    if (serverless.get("ProvisionedConcurrency") or 0) > most:
        raise InvalidRequestError(f"{name}: ProvisionedConcurrency must be at most MaxConcurrency {most}.")


def _check_serverless(request: dict[str, Any], variants: list[dict[str, Any]]) -> None:
    if len(variants) > 1:
        raise InvalidRequestError("A serverless endpoint has exactly one production variant, and no shadow variant.")
    for member in ("DataCaptureConfig", "VpcConfig"):
        if request.get(member):
            raise InvalidRequestError(f"{member} is not supported for serverless endpoints.")


def _check_capture(capture: dict[str, Any]) -> None:
    if not capture:
        return
    percentage = capture.get("InitialSamplingPercentage")
    if not isinstance(percentage, int) or not 0 <= percentage <= 100:
        raise InvalidRequestError(f"InitialSamplingPercentage must be from 0 to 100, got {percentage}.")
    S3Location.parse(capture.get("DestinationS3Uri") or "")
    for option in capture.get("CaptureOptions") or []:
        if option.get("CaptureMode") not in ("Input", "Output", "InputAndOutput"):
            raise InvalidRequestError(f"CaptureMode must be Input, Output or InputAndOutput, got {option}.")


def refuse_existing(kind: str, arn: str, exists: bool) -> None:
    """Raises InvalidRequestError, worded as by AWS, if the name is taken."""
    if exists:
        raise InvalidRequestError(f'Cannot create already existing {kind} "{arn}".')
