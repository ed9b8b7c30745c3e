"""Jobs of SageMaker: training jobs as it describes them, and transform jobs, which predict for a whole file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cloud import endpoint_configs, quotas
from cloud.platform import Platform, client
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.records import ModelVersion

JSON_LINES = "application/jsonlines"
MOST_MB = 4  # of a request; the server takes 6 MiB
_NO_MACHINES = ("CapacityError", "InsufficientCapacity", "Unable to provision requested ML compute capacity")
_ENDED = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True)
class TrainingJobState:
    """The status of a training job in SageMaker's words, the prefix of its output, and the reason of its failure."""

    name: str
    status: str
    output: str
    failure: str = ""

    @property
    def lacked_capacity(self) -> bool:
        """True if SageMaker had no instance for it, so that it never began."""
        return self.status == "Failed" and any(word in self.failure for word in _NO_MACHINES)


@dataclass(frozen=True)
class TransformJobState:
    """The status of a transform job in SageMaker's words, and the reason of its failure."""

    name: str
    status: str
    failure: str = ""

    @property
    def has_ended(self) -> bool:
        """True if the status is final."""
        return self.status in _ENDED


def describe_training(name: str) -> TrainingJobState | None:
    """The training job of that name, or None where there is none."""
    try:
        found = client("sagemaker").describe_training_job(TrainingJobName=name)
    except ClientError as error:
        message = error.response["Error"]["Message"].lower()  # the code is ValidationException, as for much else
        if "not found" in message or "could not find" in message:
            return None
        raise
    output = found["OutputDataConfig"]["S3OutputPath"]
    return TrainingJobState(name, found["TrainingJobStatus"], output, found.get("FailureReason", ""))


def stop_training(name: str) -> bool:
    """Asks SageMaker to stop a training job. False where it has ended meanwhile, or never began."""
    return _stop("stop_training_job", TrainingJobName=name)


def stop_transform(name: str) -> bool:
    """The same for a transform job."""
    return _stop("stop_transform_job", TransformJobName=name)


def _stop(operation: str, **job: str) -> bool:
    try:
        getattr(client("sagemaker"), operation)(**job)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
            raise
        return False
    return True


def start_transform(platform: Platform, spec: ModelSpec, version: ModelVersion, job: str) -> None:
    """Starts a transform job with the SageMaker model of a version, over the rows at `layout.batch_input`.

    Raises QuotaError or BusyError where the account has too few instances.
    """
    bucket = platform.traffic_bucket
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{layout.batch_input(spec.name, job)}"}
    request: dict[str, Any] = {
        "TransformJobName": job,
        "ModelName": endpoint_configs.name_of(platform.environment, version),
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": MOST_MB,
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": JSON_LINES,
            "SplitType": "Line",
            "CompressionType": "None",
        },
        "TransformOutput": {
            "S3OutputPath": f"s3://{bucket}/{layout.batch_output_folder(spec.name, job)}",
            "Accept": JSON_LINES,
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": spec.release.instance, "InstanceCount": 1},
        "Tags": [{"Key": "perennial:model", "Value": version.model}, {"Key": "perennial:version", "Value": version.id}],
    }
    with quotas.told():
        client("sagemaker").create_transform_job(**request)


def describe_transform(job: str) -> TransformJobState:
    """The transform job of that name."""
    found = client("sagemaker").describe_transform_job(TransformJobName=job)
    return TransformJobState(job, found["TransformJobStatus"], found.get("FailureReason", ""))
