"""Batches of predictions: a transform job runs the champion's own SageMaker model over JSON lines in S3."""

from __future__ import annotations

from dataclasses import dataclass

from cloud import configurations
from cloud.platform import Platform, client
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.records import ModelVersion

KIND = "application/jsonlines"
INPUT = "rows.jsonl"
MOST_MB = 4  # of a request; the server takes 6 MiB
_ENDED = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True)
class Job:
    """How a job is: SageMaker's word for it, and why it failed."""

    name: str
    status: str
    failure: str = ""

    @property
    def has_ended(self) -> bool:
        """Is nothing more to come?"""
        return self.status in _ENDED


def input_key(model: str, job: str) -> str:
    """Where the rows of a job lie in the traffic bucket, one JSON object a line."""
    return f"{layout.batch(model, job)}in/{INPUT}"


def output_key(model: str, job: str) -> str:
    """Where its answers will lie, a line for each row, in the same order."""
    return f"{layout.batch(model, job)}out/{INPUT}.out"


def start(platform: Platform, spec: ModelSpec, version: ModelVersion, job: str) -> None:
    """Start the job over what lies at `input_key`."""
    folder = f"s3://{platform.traffic_bucket}/{layout.batch(spec.name, job)}"
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{folder}in/{INPUT}"}}
    client("sagemaker").create_transform_job(
        TransformJobName=job,
        ModelName=configurations.name_of(version),
        BatchStrategy="MultiRecord",
        MaxPayloadInMB=MOST_MB,
        TransformInput={"DataSource": source, "ContentType": KIND, "SplitType": "Line", "CompressionType": "None"},
        TransformOutput={"S3OutputPath": f"{folder}out", "Accept": KIND, "AssembleWith": "Line"},
        TransformResources={"InstanceType": spec.release.instance, "InstanceCount": 1},
        Tags=[{"Key": "perennial:model", "Value": version.model}, {"Key": "perennial:version", "Value": version.id}],
    )


def describe(job: str) -> Job:
    """How the job is now."""
    found = client("sagemaker").describe_transform_job(TransformJobName=job)
    return Job(job, found["TransformJobStatus"], found.get("FailureReason", ""))
