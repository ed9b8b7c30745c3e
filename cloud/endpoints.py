"""Endpoints, one per model: how it is, where it is led, how it scales, what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cloud.platform import client
from perennial import layout
from perennial.contract.model import ModelSpec

VARIANT = "AllTraffic"  # must stay the same over all updates of an endpoint
SHADOW = "Shadow"  # gets a copy of the traffic, and answers nobody


CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
STUCK = "UpdateRollbackFailed"


class EndpointBusyError(RuntimeError):
    """The endpoint is being changed; it takes the next change when that has ended."""


class StuckEndpointError(RuntimeError):
    """A rollback failed: the endpoint may serve two models at once, and only a person may touch it."""

    def __init__(self, endpoint: str, failure: str) -> None:
        model = endpoint.removeprefix(layout.ENDPOINTS)
        super().__init__(
            f"a person is needed: the endpoint {endpoint} could not be rolled back and may answer from two models "
            f"({failure or 'SageMaker gives no reason'}). Nothing more is done by itself. "
            f"next: look at the endpoint in SageMaker, then perennial rollback {model}, or delete the endpoint and "
            "upload again"
        )


@dataclass(frozen=True)
class EndpointState:
    """`status` as SageMaker words it, the configuration that serves, and why it failed, if it did.

    `pending` is the configuration that an update under way leads to; `takes_traffic` says whether its machines are up.
    """

    status: str
    config: str
    failure: str = ""
    pending: str = ""
    takes_traffic: bool = False
    instances: int = 0

    @property
    def is_changing(self) -> bool:
        """Is it on its way from one configuration to another, or back?"""
        return self.status in CHANGING


def describe(endpoint: str) -> EndpointState | None:
    """What SageMaker says of an endpoint, or None where there is none."""
    sagemaker = client("sagemaker")
    try:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if "Could not find endpoint" in error.response["Error"]["Message"]:
            return None
        raise
    pending = found.get("PendingDeploymentSummary") or {}
    return EndpointState(
        found["EndpointStatus"],
        found["EndpointConfigName"],
        found.get("FailureReason", ""),
        pending.get("EndpointConfigName", ""),
        _takes_traffic(pending.get("ProductionVariants") or []),
        sum(variant.get("CurrentInstanceCount", 0) for variant in found.get("ProductionVariants", [])),
    )


def release(endpoint: str, config: str, deployment: dict[str, Any] | None = None, least: int = 1) -> None:
    """Create the endpoint, or lead it to another configuration.

    Args:
        endpoint: its name.
        config: the endpoint configuration's name.
        deployment: the DeploymentConfig of an update; without one all traffic goes over at once.
        least: the configuration's own number of instances; where scaling has made more of them, those stay.

    Raises:
        EndpointBusyError: it is changing to something else.
    """
    state = describe(endpoint)
    sagemaker = client("sagemaker")
    if state is None:
        sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    elif state.status == "Deleting":
        raise EndpointBusyError(f"{endpoint} is being deleted; its name is free once that has ended")
    elif state.is_changing:
        if config != (state.pending or state.config):
            raise EndpointBusyError(f"{endpoint} is {state.status}; it can be changed once that has ended")
    elif state.status == "Failed":
        # A Failed endpoint takes no update: it never served, so it is made anew once it is gone.
        sagemaker.delete_endpoint(EndpointName=endpoint)
        raise EndpointBusyError(f"{endpoint} had failed and is being deleted; it is made anew once that has ended")
    elif state.config != config:
        request: dict[str, Any] = {"EndpointName": endpoint, "EndpointConfigName": config}
        if deployment:
            request["DeploymentConfig"] = deployment
        if state.instances > least:
            retained = {"RetainAllVariantProperties": True}
            request |= retained | {"ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DataCaptureConfig"}]}
        if _instance(config) != _instance(state.config):
            _unscale(endpoint)  # SageMaker changes no instance type under a scalable target
        sagemaker.update_endpoint(**request)


def delete(endpoint: str) -> None:
    """Delete an endpoint, if it is there and not being deleted yet."""
    state = describe(endpoint)
    if state is not None and state.status != "Deleting":
        client("sagemaker").delete_endpoint(EndpointName=endpoint)


def scale(endpoint: str, spec: ModelSpec) -> None:
    """Follow the load between the spec's bounds: target tracking on invocations per instance."""
    resource = _target(endpoint)
    if spec.release.serverless is not None:
        return  # SageMaker's own
    scaling = client("application-autoscaling")
    scaling.register_scalable_target(
        **resource, MinCapacity=spec.release.instances, MaxCapacity=spec.release.max_instances
    )
    scaling.put_scaling_policy(
        **resource,
        PolicyName=f"{endpoint}-invocations",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": float(spec.serving.invocations_per_instance),
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance",
            },
        },
    )


def _unscale(endpoint: str) -> None:
    """Scale the endpoint no more; `scale` begins again once it serves."""
    try:
        client("application-autoscaling").deregister_scalable_target(**_target(endpoint))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ObjectNotFoundException":
            raise


def _target(endpoint: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def _instance(config: str) -> str | None:
    try:
        described = client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
    except ClientError as error:
        if "Could not find" not in error.response["Error"]["Message"]:
            raise
        return None  # somebody deleted it
    return next((variant.get("InstanceType") for variant in described["ProductionVariants"]), None)


def invoke(endpoint: str, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
    """Ask an endpoint. The answer's body, and its custom attributes (which name the model version)."""
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=body, ContentType=content_type, Accept=accept
    )
    return answer["Body"].read(), answer.get("CustomAttributes", "")


def _takes_traffic(variants: list[dict[str, Any]]) -> bool:
    """Are the new machines up? SageMaker says of each variant what happens to it, but need not."""
    statuses = [status.get("Status") for variant in variants for status in variant.get("VariantStatus") or []]
    return bool(variants) and "Creating" not in statuses
