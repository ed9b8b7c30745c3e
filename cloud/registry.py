"""The SageMaker model registry: each model version as a model package with its lineage as metadata."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from cloud.platform import Platform, client
from perennial.records import ModelVersion

RETIRED = "perennial:retired"  # the tag of a retired model's group; its value is since when
ENTRIES = 50  # of CustomerMetadataProperties
# Of keys and values: the ASCII part of SageMaker's [\p{L}\p{Z}\p{N}_.:/=+\-@].
_ACCEPTED = re.compile(r"[A-Za-z0-9 _.:/=+@-]*")


def register(platform: Platform, version: ModelVersion, since: datetime | None = None) -> str:
    """The ARN of the version's model package; created if none of its group describes it.

    `since`: only packages created later are looked at, so that the work does not grow with the history.
    """
    group = platform.environment.package_group(version.model)
    _ensure_group(group)
    known = next(_packages(group, version.id, since), None)
    if known:
        return known
    inference = {
        "Containers": [
            {
                "Image": platform.training_image,
                "ModelDataUrl": f"s3://{platform.models_bucket}/{version.archive_key}",
            }
        ],
        "SupportedContentTypes": ["text/csv", "application/json", "application/jsonlines"],
        "SupportedResponseMIMETypes": ["text/csv", "application/json", "application/jsonlines"],
    }
    answer = client("sagemaker").create_model_package(
        ModelPackageGroupName=group,
        ModelPackageDescription=f"{_start(version.id)}{version.run}"[:1024],
        InferenceSpecification=inference,
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties=metadata(version),
    )
    return str(answer["ModelPackageArn"])


def metadata(version: ModelVersion) -> dict[str, str]:
    """The ledger's record as CustomerMetadataProperties: at most 50 entries of the text that SageMaker takes.

    The identities and the digests of the long parts are always there; a part's digest is over its canonical JSON, and
    the ledger's record of `version` has the part whole. Datasets, environment, parameters and metrics follow one by
    one, as far as they fit.
    """
    identities = {
        "version": version.id,
        "digest": version.digest,
        "archive": version.archive_key,
        "archive_sha256": version.archive_sha256,
        "run": version.run,
        "code_digest": version.code_digest,
        "spec_digest": version.spec_digest,
    }
    record = version.model_dump(mode="json")
    digests = {f"{part}_sha256": sha256(record[part]) for part in ("datasets", "environment", "parameters", "metrics")}
    fitting = ((key, text) for key, text in _details(version) if _fits(key, 128) and _fits(text, 256))
    entries = {key: text for key, text in identities.items() if text} | digests
    return entries | dict(itertools.islice(fitting, ENTRIES - len(entries)))


def sha256(part: Any) -> str:
    """The SHA-256 of a part of a record as canonical JSON, 64 hex digits."""
    text = json.dumps(part, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _details(version: ModelVersion) -> Iterator[tuple[str, str]]:
    yield "datasets", " ".join(version.datasets)
    for name, value in version.environment.items():
        yield f"environment.{name}", value
    for name, value in version.parameters.items():
        yield f"parameter.{name}", str(value)
    for name, metric in version.metrics.items():
        yield f"metric.{name}", f"{metric['value']:.6g}" if isinstance(metric["value"], float) else str(metric["value"])


def _fits(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and _ACCEPTED.fullmatch(text) is not None


def delete(platform: Platform, version: ModelVersion) -> None:
    """Deletes the model packages of a version, if there are any."""
    try:
        packages = list(_packages(platform.environment.package_group(version.model), version.id))
    except ClientError as error:
        if "does not exist" not in error.response["Error"]["Message"]:
            raise
        return
    for package in packages:
        client("sagemaker").delete_model_package(ModelPackageName=package)


def mark_retired(platform: Platform, model: str, since: datetime) -> str | None:
    """Tags the model package group of a retired model; returns its name, or None where there is none."""
    group = platform.environment.package_group(model)
    arn = _group_arn(group)
    if arn is None:
        return None
    client("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": RETIRED, "Value": f"{since:%Y-%m-%dT%H:%M:%SZ}"}])
    return group


def unmark_retired(platform: Platform, model: str) -> None:
    """Removes that tag."""
    arn = _group_arn(platform.environment.package_group(model))
    if arn is not None:
        client("sagemaker").delete_tags(ResourceArn=arn, TagKeys=[RETIRED])


def _group_arn(group: str) -> str | None:
    try:
        found = client("sagemaker").describe_model_package_group(ModelPackageGroupName=group)
    except ClientError as error:
        if "does not exist" not in error.response["Error"]["Message"]:
            raise
        return None
    return str(found["ModelPackageGroupArn"])


def _ensure_group(group: str) -> None:
    try:
        client("sagemaker").create_model_package_group(ModelPackageGroupName=group)
    except ClientError as error:
        if "already exist" not in error.response["Error"]["Message"]:
            raise


def _packages(group: str, version: str, since: datetime | None = None) -> Iterator[str]:
    """The ARNs of the version's packages, known by their description."""
    created = {} if since is None else {"CreationTimeAfter": since}
    pages = client("sagemaker").get_paginator("list_model_packages")
    for page in pages.paginate(ModelPackageGroupName=group, **created):
        for package in page["ModelPackageSummaryList"]:
            if package.get("ModelPackageDescription", "").startswith(_start(version)):
                yield str(package["ModelPackageArn"])


def _start(version: str) -> str:
    """The start of the description of a version's package."""
    return f"{version} from "
