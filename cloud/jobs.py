"""Training jobs, as SageMaker describes them."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import ClientError

from cloud.platform import client

_NO_MACHINES = ("CapacityError", "InsufficientCapacity", "Unable to provision requested ML compute capacity")


@dataclass(frozen=True)
class Job:
    """How a job is: SageMaker's word for it, where its output goes, and why it failed."""

    name: str
    status: str
    output: str
    failure: str = ""

    @property
    def lacked_capacity(self) -> bool:
        """Did SageMaker have no machine for it? It never began, then."""
        return self.status == "Failed" and any(word in self.failure for word in _NO_MACHINES)


def describe(name: str) -> Job | None:
    """How the job is now, or None where there is none."""
    try:
        found = client("sagemaker").describe_training_job(TrainingJobName=name)
    except ClientError as error:
        said = error.response["Error"]["Message"].lower()  # the code is ValidationException, as for much else
        if "not found" in said or "could not find" in said:
            return None
        raise
    output = found["OutputDataConfig"]["S3OutputPath"]
    return Job(name, found["TrainingJobStatus"], output, found.get("FailureReason", ""))
