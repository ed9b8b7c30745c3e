"""Endpoints, one per model: status, update, scaling and invocation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cloud import CloudError, quotas
from cloud.platform import client
from perennial.contract.model import ModelSpec
from perennial.contract.release import Release

VARIANT = "AllTraffic"  # must stay the same over all updates of an endpoint
SHADOW = "Shadow"  # gets a copy of the traffic; its answers are discarded
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
STUCK = "UpdateRollbackFailed"
AFTER_SECONDS = 120  # of all the traffic on the new fleet, before a canary's old fleet is terminated
_STARTING_SECONDS = 1800  # for instances to start, on top of the baking time
_LEAST_SECONDS = 600  # SageMaker's own bounds of MaximumExecutionTimeoutInSeconds
_MOST_SECONDS = 28_800


class EndpointBusyError(CloudError):
    """The endpoint was still being changed, or its alarms were still in ALARM, when the time to wait was over."""


class StuckEndpointError(CloudError):
    """A rollback failed: the endpoint may serve two models at once, and a person must act."""

    def __init__(self, model: str, endpoint: str, failure: str) -> None:
        super().__init__(
            f"a person is needed: the endpoint {endpoint} could not be rolled back and may answer from two models "
            f"({failure or 'SageMaker gives no reason'}). Nothing more is done by itself.",
            f"look at the endpoint in SageMaker, then perennial rollback {model}, or delete the endpoint and upload "
            "again",
        )


@dataclass(frozen=True)
class EndpointState:
    """The status in SageMaker's words, the configuration that serves, and the reason of a failure.

    `pending` is the configuration of an update under way; `takes_traffic`: its instances are in service.
    """

    status: str
    config: str
    failure: str = ""
    pending: str = ""
    takes_traffic: bool = False
    instances: int = 0

    @property
    def is_changing(self) -> bool:
        """True during an update, a rollback or another change."""
        return self.status in CHANGING


def describe(endpoint: str) -> EndpointState | None:
    """The state of an endpoint, or None where there is none."""
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


def deploy(endpoint: str, config: str, deployment: dict[str, Any] | None = None, least: int = 1) -> bool:
    """Creates the endpoint, or updates it to a configuration. False while another change of it is under way.

    Args:
        endpoint: its name.
        config: the endpoint configuration's name.
        deployment: the DeploymentConfig of an update; without one all traffic is shifted at once.
        least: the configuration's own number of instances; an endpoint that was scaled out keeps its instances.

    Raises QuotaError or BusyError where the account has too few instances.
    """
    state = describe(endpoint)
    sagemaker = client("sagemaker")
    if state is None:
        with quotas.told(), _once(endpoint, config):
            sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    elif state.is_changing:
        return state.status != "Deleting" and config == (state.pending or state.config)
    elif state.status == "Failed":
        # A Failed endpoint takes no update. It never served, so it is created again once its name is free.
        sagemaker.delete_endpoint(EndpointName=endpoint)
        return False
    elif state.config != config:
        request: dict[str, Any] = {"EndpointName": endpoint, "EndpointConfigName": config}
        if deployment:
            request["DeploymentConfig"] = deployment
        if state.instances > least:
            retained = {"RetainAllVariantProperties": True}
            request |= retained | {"ExcludeRetainedVariantProperties": [{"VariantPropertyType": "DataCaptureConfig"}]}
        same = _instance(config) == _instance(state.config)
        if not same:
            unscale(endpoint)  # SageMaker changes no instance type under a scalable target
        own = state.instances if same else 0  # the old fleet stays until the new one serves
        with quotas.told(own=own), _once(endpoint, config):
            sagemaker.update_endpoint(**request)
    return True


@contextmanager
def _once(endpoint: str, config: str) -> Iterator[None]:
    """Lets a refused change pass that is under way: the client sends a call again whose response was lost."""
    try:
        yield
    except ClientError:
        state = describe(endpoint)
        if state is None or not state.is_changing or config != (state.pending or state.config):
            raise


def blue_green(release: Release, alarms: Sequence[str]) -> dict[str, Any]:
    """The DeploymentConfig: blue/green by the spec's traffic shifting, with automatic rollback on any of the alarms."""
    routing, waiting, after = _routing(release)
    policy = {
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": after,
        "MaximumExecutionTimeoutInSeconds": min(
            _MOST_SECONDS, max(_LEAST_SECONDS, _STARTING_SECONDS + waiting + after)
        ),
    }
    rollback = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return {"BlueGreenUpdatePolicy": policy, "AutoRollbackConfiguration": rollback}


def _routing(release: Release) -> tuple[dict[str, Any], int, int]:
    """The routing, the seconds of its steps, and the seconds after the last step."""
    baking = release.bake_minutes * 60
    size = {"Type": "CAPACITY_PERCENT", "Value": _percent(release)}
    if release.traffic == "canary":
        return {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": baking}, baking, AFTER_SECONDS
    if release.traffic == "linear":
        waits = max(1, math.ceil(100 / _percent(release)) - 1)
        wait = baking // waits
        return {"Type": "LINEAR", "LinearStepSize": size, "WaitIntervalInSeconds": wait}, wait * waits, AFTER_SECONDS
    return {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}, 0, baking


def _percent(release: Release) -> int:
    """The spec's share in percent, of at least one instance: SageMaker accepts no smaller step."""
    return max(round(100 * release.share), math.ceil(100 / release.instances))


def delete(endpoint: str) -> None:
    """Deletes an endpoint, if it exists and is not being deleted yet."""
    state = describe(endpoint)
    if state is not None and state.status != "Deleting":
        client("sagemaker").delete_endpoint(EndpointName=endpoint)


def scale(endpoint: str, spec: ModelSpec) -> None:
    """Sets target tracking on invocations per instance, between the spec's bounds."""
    resource = _target(endpoint)
    if spec.release.serverless is not None:
        return  # SageMaker scales it
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


def unscale(endpoint: str) -> bool:
    """Deregisters the scalable target, and its policies with it; `scale` registers it again. False where none is."""
    try:
        client("application-autoscaling").deregister_scalable_target(**_target(endpoint))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ObjectNotFoundException":
            raise
        return False
    return True


def _target(endpoint: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


def _instance(config: str) -> str | None:
    """The instance type of a configuration; None where it is serverless or was deleted."""
    try:
        described = client("sagemaker").describe_endpoint_config(EndpointConfigName=config)
    except ClientError as error:
        if "Could not find" not in error.response["Error"]["Message"]:
            raise
        return None
    return next((variant.get("InstanceType") for variant in described["ProductionVariants"]), None)


def invoke(endpoint: str, body: bytes, content_type: str, accept: str, inference_id: str = "") -> tuple[bytes, str]:
    """Invokes an endpoint. Returns the body and the custom attributes, which name the model version."""
    named = {"InferenceId": inference_id} if inference_id else {}
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=body, ContentType=content_type, Accept=accept, **named
    )
    return answer["Body"].read(), answer.get("CustomAttributes", "")


def _takes_traffic(variants: list[dict[str, Any]]) -> bool:
    """True if the new instances are in service. SageMaker may omit the status of a variant."""
    statuses = [status.get("Status") for variant in variants for status in variant.get("VariantStatus") or []]
    return bool(variants) and "Creating" not in statuses
