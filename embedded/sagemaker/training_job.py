"""A training job: its request, statuses and times, as DescribeTrainingJob shows them."""

import math
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from embedded.rules.rule import broken
from embedded.rules.sagemaker import RULES
from embedded.sagemaker.channels import InputChannel
from embedded.sagemaker.errors import InvalidRequestError
from embedded.sagemaker.locations import S3Location
from embedded.sagemaker.script import PROGRAM

ENDED = ("Completed", "Failed", "Stopped")
LONGEST_REASON = 1024
DEFAULT_MAX_RUNTIME = 86_400

_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
_STATUS_OF = {
    "Completed": "Completed",
    "Failed": "Failed",
    "Stopped": "Stopped",
    "MaxRuntimeExceeded": "Stopped",
    "Stopping": "Stopping",
}
_NEEDED = ("RoleArn", "AlgorithmSpecification", "OutputDataConfig", "ResourceConfig", "StoppingCondition")
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


class TrainingJob:
    """One training job. Raises InvalidRequestError for a request that it cannot honour.

    Args:
        request: CreateTrainingJob's parameters.
        arn: the job's ARN.
        changed: called with the job after each change of its secondary status.
    """

    def __init__(self, request: dict[str, Any], arn: str, changed: Callable[["TrainingJob"], None]) -> None:
        _check(request)
        self.request = request
        self.arn = arn
        self.name: str = request["TrainingJobName"]
        self.tags: list[dict[str, str]] = list(request.get("Tags") or [])
        self.channels = [InputChannel(channel) for channel in request.get("InputDataConfig") or []]
        self.output = S3Location.parse(request["OutputDataConfig"]["S3OutputPath"]).under(self.name, "output")
        self.creation_time = self.last_modified_time = now()
        self.done = threading.Event()
        self.stop_wanted = threading.Event()
        self._changed = changed
        self._lock = threading.Lock()
        self._status = "InProgress"
        self._transitions: list[dict[str, Any]] = []
        self._facts: dict[str, Any] = {}
        self._add_transition("Starting")

    @property
    def status(self) -> str:
        """The TrainingJobStatus."""
        return self._status

    @property
    def max_runtime(self) -> float:
        """Seconds that the training may take."""
        return float((self.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds") or DEFAULT_MAX_RUNTIME)

    def enter(self, secondary: str) -> None:
        """Sets the secondary status. Completed, Failed, Stopped and MaxRuntimeExceeded end the job."""
        with self._lock:
            if self._status in ENDED:
                return
            if secondary == "Downloading":
                self._facts["TrainingStartTime"] = now()
            self._add_transition(secondary)
            # A job that is being stopped stays Stopping while it uploads.
            self._status = _STATUS_OF.get(secondary, "Stopping" if self.stop_wanted.is_set() else self._status)
            ended = self._status in ENDED
            if ended:
                self._finish()
        self._changed(self)
        if ended:
            self.done.set()

    def stop(self) -> None:
        """Requests the job's end; what it has written is uploaded."""
        if not self.stop_wanted.is_set():
            self.stop_wanted.set()
            self.enter("Stopping")

    def fail(self, reason: str) -> None:
        """Ends the job as Failed."""
        with self._lock:
            self._facts["FailureReason"] = reason.strip()[:LONGEST_REASON]
        self.enter("Failed")

    def record(self, **facts: Any) -> None:
        """Adds members to the description, e.g. ModelArtifacts."""
        with self._lock:
            self._facts |= facts

    def describe(self) -> dict[str, Any]:
        """The response of DescribeTrainingJob."""
        with self._lock:
            answer = {name: value for name, value in self.request.items() if name != "Tags" and value is not None}
            answer |= {
                "TrainingJobArn": self.arn,
                "TrainingJobStatus": self._status,
                "SecondaryStatus": self._transitions[-1]["Status"],
                "SecondaryStatusTransitions": [dict(transition) for transition in self._transitions],
                "CreationTime": self.creation_time,
                "LastModifiedTime": self.last_modified_time,
            }
            return answer | self._facts

    def summary(self) -> dict[str, Any]:
        """Its entry in ListTrainingJobs."""
        shown = ("TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingEndTime", "LastModifiedTime")
        answer = self.describe()
        return {name: answer[name] for name in (*shown, "TrainingJobStatus", "SecondaryStatus") if name in answer}

    def _add_transition(self, secondary: str) -> None:
        moment = self.last_modified_time = now()
        if self._transitions:
            self._transitions[-1]["EndTime"] = moment
        transition = {"Status": secondary, "StartTime": moment, "StatusMessage": _MESSAGES[secondary]}
        if secondary in _STATUS_OF and secondary != "Stopping":
            transition["EndTime"] = moment
        self._transitions.append(transition)

    def _finish(self) -> None:
        end = now()
        self._facts["TrainingEndTime"] = end
        start = self._facts.setdefault("TrainingStartTime", end)
        seconds = math.ceil((end - start).total_seconds())
        self._facts |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}


def check_members(request: dict[str, Any], name_member: str, needed: tuple[str, ...]) -> None:
    """Raises InvalidRequestError, worded as by AWS, for an invalid name or a missing member."""
    name = request.get(name_member) or ""
    if not _NAME.fullmatch(name):
        raise InvalidRequestError(
            f"1 validation error detected: Value '{name}' at '{_lower_first(name_member)}' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
        )
    for member in needed:
        if not request.get(member):
            raise InvalidRequestError(
                f"1 validation error detected: Value null at '{_lower_first(member)}' failed to satisfy constraint: "
                "Member must not be null"
            )


def _lower_first(member: str) -> str:
    return member[0].lower() + member[1:]


def _check(request: dict[str, Any]) -> None:
    check_members(request, "TrainingJobName", _NEEDED)
    named = {*(request.get("HyperParameters") or {}), *(request.get("Environment") or {})}
    if not {PROGRAM, PROGRAM.upper()} & named:
        raise InvalidRequestError(
            f"The embedded cloud runs training in script mode only: the hyperparameter {PROGRAM} is missing. "
            f"Training image: {request['AlgorithmSpecification'].get('TrainingImage')}."
        )
    if int(request["ResourceConfig"].get("InstanceCount") or 1) != 1:
        raise InvalidRequestError("The embedded cloud trains on one instance: InstanceCount must be 1.")
    if (request["OutputDataConfig"].get("CompressionType") or "GZIP") != "GZIP":
        raise InvalidRequestError("The embedded cloud uploads artifacts as GZIP only.")
    _check_spot(request)
    sentence = broken(RULES, "CreateTrainingJob", request)
    if sentence is not None:
        raise InvalidRequestError(sentence)


def _check_spot(request: dict[str, Any]) -> None:
    if not request.get("EnableManagedSpotTraining"):
        return
    condition = request["StoppingCondition"]
    runtime = condition.get("MaxRuntimeInSeconds") or DEFAULT_MAX_RUNTIME
    longest = condition.get("MaxWaitTimeInSeconds")
    if longest is None or longest < runtime:
        raise InvalidRequestError(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds "
            f"{runtime}"
        )
