"""The SageMaker model registry: each model version as a model package that says where it came from."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from cloud.platform import Platform, client
from perennial.records import ModelVersion


def register(platform: Platform, version: ModelVersion) -> str:
    """The ARN of the version's model package; made if no package of its group carries the version's id."""
    group = f"{platform.package_group_prefix}{version.model}"
    _ensure_group(group)
    known = _find(group, version.id)
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
        ModelPackageDescription=f"{version.id} from {version.run}"[:1024],
        InferenceSpecification=inference,
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties=_metadata(version),
    )
    return str(answer["ModelPackageArn"])


def _metadata(version: ModelVersion) -> dict[str, str]:
    """The ledger's record in the registry's own terms: text of at most 256 characters per entry."""
    entries: dict[str, Any] = {
        "version": version.id,
        "digest": version.digest,
        "archive_sha256": version.archive_sha256,
        "run": version.run,
        "code_digest": version.code_digest,
        "spec_digest": version.spec_digest,
        "datasets": ",".join(version.datasets),
        "parameters": json.dumps(version.parameters, sort_keys=True),
        "environment": json.dumps(version.environment, sort_keys=True),
        **{f"figure.{name}": f"{figure['value']:.6g}" for name, figure in version.figures.items()},
    }
    return {key: str(value)[:256] for key, value in entries.items() if str(value)}


def _ensure_group(group: str) -> None:
    try:
        client("sagemaker").create_model_package_group(ModelPackageGroupName=group)
    except ClientError as error:
        if "already exist" not in error.response["Error"]["Message"]:
            raise


def _find(group: str, version: str) -> str | None:
    sagemaker = client("sagemaker")
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    for page in pages:
        for package in page["ModelPackageSummaryList"]:
            described = sagemaker.describe_model_package(ModelPackageName=package["ModelPackageArn"])
            if described.get("CustomerMetadataProperties", {}).get("version") == version:
                return str(package["ModelPackageArn"])
    return None
