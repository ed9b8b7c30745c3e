"""A transform job: its request, status and times, as DescribeTransformJob shows them."""

import threading
from collections.abc import Callable
from typing import Any

from embedded.sagemaker.channels import S3_DATA_TYPES
from embedded.sagemaker.errors import InvalidRequestError, NotEmulatedError
from embedded.sagemaker.locations import S3Location
from embedded.sagemaker.training_job import ENDED, LONGEST_REASON, check_members, now

MAX_PAYLOAD_MB = 100
DEFAULT_PAYLOAD_MB = 6
_NEEDED = ("ModelName", "TransformInput", "TransformOutput", "TransformResources")
_CHOICES = {
    "SplitType": ("None", "Line"),
    "BatchStrategy": ("SingleRecord", "MultiRecord"),
    "AssembleWith": ("None", "Line"),
    "CompressionType": ("None", "Gzip"),
}


class TransformJob:
    """One transform job. Raises InvalidRequestError or NotEmulatedError for a request that it cannot honour.

    Args:
        request: CreateTransformJob's parameters.
        arn: the job's ARN.
        changed: called with the job after each change of its status.
    """

    def __init__(self, request: dict[str, Any], arn: str, changed: Callable[["TransformJob"], None]) -> None:
        _check(request)
        self.request = request
        self.arn = arn
        self.name: str = request["TransformJobName"]
        self.tags: list[dict[str, str]] = list(request.get("Tags") or [])
        source, target = request["TransformInput"], request["TransformOutput"]
        s3 = source["DataSource"]["S3DataSource"]
        self.input = S3Location.parse(s3["S3Uri"])
        self.output = S3Location.parse(target["S3OutputPath"])
        self.headers = {"Content-Type": source.get("ContentType"), "Accept": target.get("Accept")}
        self.splits = (source.get("SplitType") or "None") == "Line"
        self.gzip = (source.get("CompressionType") or "None") == "Gzip"
        self.assembles_lines = (target.get("AssembleWith") or "None") == "Line"
        self.single = request.get("BatchStrategy") == "SingleRecord"
        given = request.get("MaxPayloadInMB")
        self.max_payload = DEFAULT_PAYLOAD_MB if given is None else int(given)
        self.creation_time = now()
        self.status = "InProgress"
        self.done = threading.Event()
        self.stop_wanted = threading.Event()
        self._changed = changed
        self._lock = threading.Lock()
        self._facts: dict[str, Any] = {}

    def begin(self) -> None:
        """Records the start of the transformation."""
        self._facts["TransformStartTime"] = now()

    def stop(self) -> None:
        """Requests the job's end; finished outputs stay."""
        self.stop_wanted.set()
        self._set("Stopping")

    def end(self, failure: str | None = None) -> None:
        """Ends the job: Failed with a reason, Stopped after a stop, else Completed."""
        end = now()
        self._facts.setdefault("TransformStartTime", end)
        self._facts["TransformEndTime"] = end
        if failure is not None:
            self._facts["FailureReason"] = failure[:LONGEST_REASON]
        self._set("Failed" if failure is not None else "Stopped" if self.stop_wanted.is_set() else "Completed")
        self.done.set()

    def describe(self) -> dict[str, Any]:
        """The response of DescribeTransformJob."""
        answer = {name: value for name, value in self.request.items() if name != "Tags" and value is not None}
        answer |= {"TransformJobArn": self.arn, "TransformJobStatus": self.status, "CreationTime": self.creation_time}
        return answer | self._facts

    def summary(self) -> dict[str, Any]:
        """Its entry in ListTransformJobs."""
        shown = ("TransformJobName", "TransformJobArn", "CreationTime", "TransformEndTime", "TransformJobStatus")
        answer = self.describe()
        return {name: answer[name] for name in (*shown, "FailureReason") if name in answer}

    def _set(self, status: str) -> None:
        with self._lock:
            if self.status in ENDED:
                return
            self.status = status
        self._changed(self)


def _check(request: dict[str, Any]) -> None:
    check_members(request, "TransformJobName", _NEEDED)
    for member in ("DataProcessing", "DataCaptureConfig"):
        if request.get(member):
            raise NotEmulatedError(f"{member} of a transform job")
    given = request["TransformInput"] | request["TransformOutput"] | {"BatchStrategy": request.get("BatchStrategy")}
    for member, choices in _CHOICES.items():
        if given.get(member) not in (None, *choices):
            raise NotEmulatedError(f"{member} {given[member]} of a transform job")
    source = (request["TransformInput"].get("DataSource") or {}).get("S3DataSource") or {}
    if source.get("S3DataType") not in S3_DATA_TYPES:
        raise InvalidRequestError(f"S3DataType {source.get('S3DataType')} is not one of {', '.join(S3_DATA_TYPES)}.")
    _check_payload(request)


def _check_payload(request: dict[str, Any]) -> None:
    payload, parallel = request.get("MaxPayloadInMB"), request.get("MaxConcurrentTransforms") or 1
    if payload == 0:
        raise NotEmulatedError("MaxPayloadInMB 0 (chunked requests)")
    if (payload or DEFAULT_PAYLOAD_MB) * (parallel if payload is not None else 1) > MAX_PAYLOAD_MB:
        raise InvalidRequestError(
            f"The value of (MaxConcurrentTransforms * MaxPayloadInMB) must not exceed {MAX_PAYLOAD_MB} MB, got "
            f"{parallel} * {payload}."
        )
