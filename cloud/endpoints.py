"""Endpoints: a SageMaker model and an endpoint configuration per model version, one endpoint per model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cloud.platform import Platform, client
from perennial import layout
from perennial.records import ModelVersion
from perennial.spec import ModelSpec

VARIANT = "AllTraffic"  # must stay the same over all updates of an endpoint


class EndpointBusyError(RuntimeError):
    """The endpoint is being changed; it takes the next change when that has ended."""


@dataclass(frozen=True)
class EndpointState:
    """`status` as SageMaker words it, the configuration that serves, and why it failed, if it did."""

    status: str
    config: str
    failure: str = ""


def describe(endpoint: str) -> EndpointState | None:
    """What SageMaker says of an endpoint, or None where there is none."""
    sagemaker = client("sagemaker")
    try:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
    except ClientError as error:
        if "Could not find endpoint" in error.response["Error"]["Message"]:
            return None
        raise
    return EndpointState(found["EndpointStatus"], found["EndpointConfigName"], found.get("FailureReason", ""))


def create_config(platform: Platform, spec: ModelSpec, version: ModelVersion) -> str:
    """The endpoint configuration of a version; made if it is not there. Its name holds the content's digest."""
    _create_model(platform, version)
    name = layout.endpoint_config(version.id, version.spec_digest)
    variant = {
        "VariantName": VARIANT,
        "ModelName": layout.served_model(version.id),
        "InstanceType": spec.release.instance,
        "InitialInstanceCount": spec.release.instances,
        "InitialVariantWeight": 1,
    }
    request: dict[str, Any] = {"EndpointConfigName": name, "ProductionVariants": [variant], "Tags": _tags(version)}
    if spec.serving.capture_percent:
        request["DataCaptureConfig"] = _capture(platform, spec)
    _create_once("create_endpoint_config", request)
    return name


def release(endpoint: str, config: str) -> None:
    """Create the endpoint, or lead it to another configuration. Raises EndpointBusyError while it is changing."""
    state = describe(endpoint)
    sagemaker = client("sagemaker")
    if state is None:
        sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    elif state.status in ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"):
        if state.config != config:
            raise EndpointBusyError(f"{endpoint} is {state.status}; it can be changed once that has ended")
    elif state.status == "Failed":
        # A Failed endpoint takes no update: it never served, so it is made anew.
        sagemaker.delete_endpoint(EndpointName=endpoint)
        sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    elif state.config != config:
        sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)


def delete(endpoint: str) -> None:
    """Delete an endpoint, if it is there."""
    if describe(endpoint) is not None:
        client("sagemaker").delete_endpoint(EndpointName=endpoint)


def scale(endpoint: str, spec: ModelSpec) -> None:
    """Follow the load between the spec's bounds: target tracking on invocations per instance."""
    resource = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
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


def invoke(endpoint: str, body: bytes, content_type: str, accept: str) -> tuple[bytes, str]:
    """Ask an endpoint. The answer's body, and its custom attributes (which name the model version)."""
    answer = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=body, ContentType=content_type, Accept=accept
    )
    return answer["Body"].read(), answer.get("CustomAttributes", "")


def _create_model(platform: Platform, version: ModelVersion) -> None:
    environment = {
        "SAGEMAKER_SERVING_MODULE": "training.serve:app",
        "PYTHONPATH": "/opt/ml/model/code",
        "OMP_NUM_THREADS": "1",
        "PERENNIAL_MODEL_VERSION": version.id,
        "PERENNIAL_MODEL_DIGEST": version.digest,
    }
    container = {
        "Image": platform.training_image,
        "ModelDataUrl": f"s3://{platform.models_bucket}/{version.archive_key}",
        "Environment": environment,
    }
    request = {
        "ModelName": layout.served_model(version.id),
        "PrimaryContainer": container,
        "ExecutionRoleArn": platform.serving_role,
        "EnableNetworkIsolation": True,
        "Tags": _tags(version),
    }
    _create_once("create_model", request)


def _create_once(operation: str, request: dict[str, Any]) -> None:
    """Create something whose name holds its content's digest: if it exists, it is the same."""
    try:
        getattr(client("sagemaker"), operation)(**request)
    except ClientError as error:
        if "already exist" not in error.response["Error"]["Message"]:
            raise


def _capture(platform: Platform, spec: ModelSpec) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": spec.serving.capture_percent,
        "DestinationS3Uri": f"s3://{platform.traffic_bucket}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json", "application/jsonlines"],
        },
    }


def _tags(version: ModelVersion) -> list[dict[str, str]]:
    return [{"Key": "perennial:model", "Value": version.model}, {"Key": "perennial:version", "Value": version.id}]
