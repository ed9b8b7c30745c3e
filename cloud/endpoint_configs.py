"""SageMaker models and endpoint configurations: one of each per model version and spec."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError

from awsrules.specs import COLUMNS, VALUE
from cloud import signing
from cloud.endpoints import SHADOW, VARIANT
from cloud.platform import Platform, client
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.contract.release import Shadow
from perennial.environment import Environment
from perennial.records import ModelVersion

HASH_KEY = "PERENNIAL_HASH_KEY"
KEPT = 5  # newest configurations of a model, besides those of the champion and its predecessor
STARTING_SECONDS = 120  # for the first health check of a server
_COLLECTED = 20  # versions that one garbage collection looks at


def create(platform: Platform, spec: ModelSpec, version: ModelVersion) -> str:
    """Creates the endpoint configuration of a version if it does not exist; returns its name, which holds a digest."""
    name = name_of(platform.environment, version)
    _create_model(platform, spec, version)
    request: dict[str, Any] = {"EndpointConfigName": name, "ProductionVariants": [_variant(spec, name)]}
    if spec.serving.capture_percent and spec.release.serverless is None:
        request["DataCaptureConfig"] = _capture(platform, spec, version)
    _create_once("endpoint_config", request | {"Tags": _tags(version)})
    return name


def create_shadow(platform: Platform, spec: ModelSpec, version: ModelVersion, champion: ModelVersion) -> str:
    """Creates the configuration in which the champion answers and the version gets a copy of its traffic."""
    assert spec.release.shadow is not None, "the spec has a shadow deployment"
    _create_model(platform, spec, version)
    configs = (name_of(platform.environment, champion), name_of(platform.environment, version))
    name = platform.environment.shadow_config(spec.name, configs)
    request: dict[str, Any] = {
        "EndpointConfigName": name,
        "ProductionVariants": [_variant(spec, configs[0])],
        "ShadowProductionVariants": [_shadow(spec, spec.release.shadow, configs[1])],
        "Tags": _tags(version),
    }
    if spec.serving.capture_percent:
        request["DataCaptureConfig"] = _capture(platform, spec, champion)
    _create_once("endpoint_config", request)
    return name


def name_of(environment: Environment, version: ModelVersion) -> str:
    """The name of a version's configuration, and of its SageMaker model."""
    return environment.endpoint_config(version.id, version.spec_digest)


def server_environment(spec: ModelSpec, version: ModelVersion) -> dict[str, str]:
    """The environment of the server: values of at most VALUE bytes, within the limits of `awsrules.specs`.

    `cloud.signing.server_environment` adds the signature.
    """
    return {
        "SAGEMAKER_SERVING_MODULE": "training.serve:app",
        "PYTHONPATH": "/opt/ml/model/code",
        "OMP_NUM_THREADS": "1",
        "PERENNIAL_MODEL_VERSION": version.id,
        "PERENNIAL_MODEL_DIGEST": version.digest,
        "PERENNIAL_OUT_OF_CONTRACT": spec.serving.out_of_contract,
        "PERENNIAL_REVEAL": spec.serving.reveal,
        "PERENNIAL_SENSITIVE": spec.treatment(),
        "PERENNIAL_LOG_INPUTS": "true" if spec.is_logged() else "false",
        "PERENNIAL_CAPTURE_PERCENT": str(spec.serving.capture_percent),
        **_parts(COLUMNS, json.dumps(spec.sensitive())),
    }


def garbage_collect(
    environment: Environment, versions: Sequence[ModelVersion], champion: ModelVersion, previous: ModelVersion | None
) -> list[str]:
    """Deletes old configurations and models once the champion serves alone; returns their names.

    `versions` is newest first. The first KEPT stay, and so do champion and predecessor. A rollback creates a deleted
    one again from its archive.
    """
    names = [name_of(environment, version) for version in versions]
    serving = name_of(environment, champion)
    before = name_of(environment, previous) if previous else ""
    stay = {serving, before, *names[:KEPT]}
    old = [name for name in names[KEPT : KEPT + _COLLECTED] if name not in stay]
    if previous:
        old.append(environment.shadow_config(champion.model, (before, serving)))
    return [name for name in old if delete(name)]


def delete(name: str) -> bool:
    """Deletes an endpoint configuration and the SageMaker model of the same name. False where there was neither."""
    deleted = False
    for operation, named in (("delete_endpoint_config", "EndpointConfigName"), ("delete_model", "ModelName")):
        try:
            getattr(client("sagemaker"), operation)(**{named: name})
            deleted = True
        except ClientError as error:
            if "Could not find" not in error.response["Error"]["Message"]:
                raise
    return deleted


def _variant(spec: ModelSpec, model: str) -> dict[str, Any]:
    release = spec.release
    variant: dict[str, Any] = {"VariantName": VARIANT, "ModelName": model, "InitialVariantWeight": 1}
    if release.serverless is not None:
        serverless = release.serverless
        sizes = {"MemorySizeInMB": serverless.memory_mb, "MaxConcurrency": serverless.max_concurrency}
        return variant | {"ServerlessConfig": sizes}
    fleet = {"InstanceType": release.instance, "InitialInstanceCount": release.instances}
    return variant | fleet | {"ContainerStartupHealthCheckTimeoutInSeconds": STARTING_SECONDS}


def _shadow(spec: ModelSpec, shadow: Shadow, model: str) -> dict[str, Any]:
    """A variant on one more instance. Its weight is the share of the requests that is copied to it."""
    return {
        "VariantName": SHADOW,
        "ModelName": model,
        "InitialVariantWeight": shadow.percent / 100,
        "InstanceType": spec.release.instance,
        "InitialInstanceCount": 1,
        "ContainerStartupHealthCheckTimeoutInSeconds": STARTING_SECONDS,
    }


def _create_model(platform: Platform, spec: ModelSpec, version: ModelVersion) -> None:
    container = {
        "Image": platform.training_image,
        "ModelDataUrl": f"s3://{platform.models_bucket}/{version.archive_key}",
        "Environment": server_environment(spec, version)
        | signing.server_environment(platform, version)
        | _hash_key(spec),
    }
    request = {
        "ModelName": name_of(platform.environment, version),
        "PrimaryContainer": container,
        "ExecutionRoleArn": platform.serving_role,
        "EnableNetworkIsolation": spec.release.serverless is None,  # serverless endpoints accept no isolated model
        "Tags": _tags(version),
    }
    _create_once("model", request)


def _hash_key(spec: ModelSpec) -> dict[str, str]:
    return {HASH_KEY: secrets.token_hex(16)} if spec.treatment() == "hash" else {}


def _parts(name: str, text: str) -> dict[str, str]:
    """An ASCII text as environment variables of at most VALUE bytes: NAME, NAME_1, NAME_2, ..."""
    parts = [text[start : start + VALUE] for start in range(0, len(text), VALUE)]
    return {f"{name}_{number}" if number else name: part for number, part in enumerate(parts)}


def _create_once(kind: str, request: dict[str, Any]) -> None:
    """Creates a model or an endpoint_config, if there is none as requested.

    The name holds the digest of what is served, not of role, buckets and keys: one that an earlier deployment left
    behind is created again.
    """
    sagemaker = client("sagemaker")
    create = getattr(sagemaker, f"create_{kind}")
    try:
        create(**request)
    except ClientError as error:
        if "already exist" not in error.response["Error"]["Message"]:
            raise
        named = {member: value for member, value in request.items() if member in ("ModelName", "EndpointConfigName")}
        if _holds(getattr(sagemaker, f"describe_{kind}")(**named), _lasting(request)):
            return
        getattr(sagemaker, f"delete_{kind}")(**named)
        create(**request)


def _lasting(request: dict[str, Any]) -> dict[str, Any]:
    """The request without what differs between two calls for the same: tags, and the random key of hashes."""
    container = request.get("PrimaryContainer")
    if container is None:
        return {**request, "Tags": None}
    lasting = {**container, "Environment": {**container["Environment"], HASH_KEY: None}}
    return {**request, "Tags": None, "PrimaryContainer": lasting}


def _holds(found: Any, wanted: Any) -> bool:
    """True if the description has all that was requested. SageMaker adds members of its own."""
    if isinstance(wanted, dict):
        members = [(name, value) for name, value in wanted.items() if value is not None]
        return isinstance(found, dict) and all(_holds(found.get(name), value) for name, value in members)
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(_holds, found, wanted))
    return bool(found == wanted)


def _capture(platform: Platform, spec: ModelSpec, version: ModelVersion) -> dict[str, Any]:
    """Data capture. SageMaker captures a request before the server redacts it: with sensitive columns, answers alone.

    The destination has a folder for each version, which so names the version that answered; `version` is that of the
    production variant. SageMaker adds a folder for each endpoint, variant and hour.
    """
    modes = ("Input", "Output") if spec.treatment() == "keep" else ("Output",)
    key = {"KmsKeyId": spec.serving.capture_kms_key} if spec.serving.capture_kms_key else {}
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": spec.serving.capture_percent,
        "DestinationS3Uri": f"s3://{platform.traffic_bucket}/{layout.captures(spec.name, version.id)}",
        **key,
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        "CaptureContentTypeHeader": {
            "CsvContentTypes": ["text/csv"],
            "JsonContentTypes": ["application/json", "application/jsonlines"],
        },
    }


def _tags(version: ModelVersion) -> list[dict[str, str]]:
    return [{"Key": "perennial:model", "Value": version.model}, {"Key": "perennial:version", "Value": version.id}]
