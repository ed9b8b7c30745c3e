"""Resources that are but a record of their request: models and endpoint configurations."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from embedded.sagemaker.errors import InvalidRequestError, NotImitatedError
from embedded.sagemaker.jobs import now
from embedded.sagemaker.locations import Location

_UNSUPPORTED_VARIANT = ("ServerlessConfig", "InferenceAmiVersion", "ManagedInstanceScaling", "InstancePools")
_UNSUPPORTED_CONFIG = ("AsyncInferenceConfig", "ExplainerConfig", "ShadowProductionVariants")


@dataclass
class Record:
    """A named resource with the request that made it; moto's backend reads `arn` and `tags`."""

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
    """Refuses an endpoint configuration that this cloud cannot honour, by InvalidRequestError or NotImitatedError."""
    for member in _UNSUPPORTED_CONFIG:
        if request.get(member):
            raise NotImitatedError(f"{member} of an endpoint configuration")
    variants = request.get("ProductionVariants") or []
    names = [variant["VariantName"] for variant in variants]
    if not variants:
        raise InvalidRequestError("At least one production variant is needed.")
    if len(set(names)) != len(names):
        raise InvalidRequestError(f"The variant names {names} are not unique.")
    for variant in variants:
        for member in _UNSUPPORTED_VARIANT:
            if variant.get(member):
                raise NotImitatedError(f"{member} of a production variant")
        if not variant.get("ModelName"):
            raise InvalidRequestError(f"Production variant {variant['VariantName']}: ModelName is missing.")
        if not variant.get("InstanceType"):
            raise InvalidRequestError(f"Production variant {variant['VariantName']}: InstanceType is missing.")
    _check_capture(request.get("DataCaptureConfig") or {})


def _check_capture(capture: dict[str, Any]) -> None:
    if not capture:
        return
    percentage = capture.get("InitialSamplingPercentage")
    if not isinstance(percentage, int) or not 0 <= percentage <= 100:
        raise InvalidRequestError(f"InitialSamplingPercentage must be from 0 to 100, got {percentage}.")
    Location.parse(capture.get("DestinationS3Uri") or "")
    for option in capture.get("CaptureOptions") or []:
        if option.get("CaptureMode") not in ("Input", "Output", "InputAndOutput"):
            raise InvalidRequestError(f"CaptureMode must be Input, Output or InputAndOutput, got {option}.")


def refuse_existing(kind: str, arn: str, exists: bool) -> None:
    """Raises InvalidRequestError, worded as on AWS, for a name that is taken."""
    if exists:
        raise InvalidRequestError(f'Cannot create already existing {kind} "{arn}".')
