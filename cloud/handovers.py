"""The hand-overs of the workflow: the payload and result of each state, and the messages to dispatch.

The state machine refers to the same fields by JSON path; tests/stacks/test_handovers.py compares the two. S3 keys
travel in them, data never does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Self

from cloud.typed_json import TypedJson, named
from perennial.outcomes import Outcome, Trigger

PAUSE_SECONDS = 30  # between two tries of a state that waits
HOLD = timedelta(hours=7)  # of a model's lease, by each state: a throttled state waits up to 6 hours


@dataclass(frozen=True)
class S3Object(TypedJson):
    """The place of a JSON document in S3."""

    bucket: str
    key: str


@dataclass(frozen=True)
class RunReference(TypedJson):
    """The run of an execution, with the fencing token of its lease and the place of its spec."""

    id: str
    model: str
    dataset: str
    trigger: Trigger
    token: int
    spec: S3Object


@dataclass(frozen=True)
class StateError(TypedJson):
    """The error of a state."""

    error: str = named("Error")
    cause: str = named("Cause", default="")


@dataclass(frozen=True)
class RunRequest(TypedJson):
    """The payload of a state: the run; the fields of a subclass come after it."""

    run: RunReference


@dataclass(frozen=True)
class Nothing(TypedJson):
    """The result of a state that returns nothing."""


# validation


@dataclass(frozen=True)
class UploadedFile(TypedJson):
    """A file of a dataset in the version to validate. `sha256` is that of its manifest, or ''."""

    key: str
    version_id: str
    size: int
    etag: str
    sha256: str = ""


@dataclass(frozen=True)
class WorkItem(TypedJson):
    """The work of one inspection: a file, or a slice of row groups of a Parquet file.

    Attributes:
        index: the number of the part.
        key: the S3 key of the file.
        version_id: its version.
        size: the bytes of the slice.
        whole: the bytes of the file.
        sha256: the expected digest of the file; '' where none is known or another slice checks it.
        row_groups: the first and last row group of the slice; None for a whole file.
        first: it counts as the file.
        grid: the S3 key of the grid of profiles.
        buckets: the number of buckets that keys are divided into; 0 where they are not compared.
        again: it is inspected again, without the rows that repeat keys of other parts.
    """

    index: int
    key: str
    version_id: str
    size: int
    whole: int
    sha256: str
    row_groups: tuple[int, int] | None
    first: bool
    grid: str = ""
    buckets: int = 0
    again: bool = False


@dataclass(frozen=True)
class KeyBucket(TypedJson):
    """One bucket of the keys of a key set, which one worker compares over all parts."""

    set: str
    bucket: int


@dataclass(frozen=True)
class ValidationPlan(TypedJson):
    """The plan of a validation, kept in S3: problems that refuse the dataset unread, and the key of the grid."""

    problems: tuple[dict[str, Any], ...]
    grid: str


@dataclass(frozen=True)
class PlannedFiles(TypedJson):
    """The result of planning: the list of work items and its length, the list of key buckets and its length."""

    outcome: Literal["planned", "waiting"]
    files: S3Object
    count: int = 0
    keys: S3Object | None = None
    buckets: int = 0
    seconds: int = PAUSE_SECONDS


@dataclass(frozen=True)
class InspectRequest(RunRequest):
    """The payload of an inspection."""

    file: WorkItem


@dataclass(frozen=True)
class UninspectableRequest(RunRequest):
    """A work item that no worker could inspect, and the error of the last try."""

    file: WorkItem
    error: StateError


@dataclass(frozen=True)
class InspectedPart(TypedJson):
    """The number of a part that was inspected, or given up."""

    index: int


@dataclass(frozen=True)
class CompareKeysRequest(RunRequest):
    """The payload of a comparison of keys."""

    keys: KeyBucket


@dataclass(frozen=True)
class ComparedKeys(TypedJson):
    """The number of parts that repeat keys of others."""

    parts: int


@dataclass(frozen=True)
class Duplicates(TypedJson):
    """The list of the work items to inspect again, and its length."""

    files: S3Object
    count: int


@dataclass(frozen=True)
class VerdictReference(TypedJson):
    """The verdict on a dataset."""

    accepted: bool


# training


@dataclass(frozen=True)
class DriftResult(TypedJson):
    """The decision on training: True if the dataset is trained on."""

    train: bool


@dataclass(frozen=True)
class TrainingJob(TypedJson):
    """The request of CreateTrainingJob without the role, which the state machine adds; with the field names of AWS."""

    TrainingJobName: str
    HyperParameters: dict[str, str]
    AlgorithmSpecification: dict[str, str]
    InputDataConfig: tuple[dict[str, Any], ...]
    OutputDataConfig: dict[str, str]
    ResourceConfig: dict[str, Any]
    StoppingCondition: dict[str, int]
    Environment: dict[str, str]
    EnableNetworkIsolation: bool
    EnableManagedSpotTraining: bool
    Tags: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class TrainingRequest(TypedJson):
    """The training job to start or to wait for.

    `outcome`: `start` it (after `seconds`), look again whether it has ended (`waiting`, after `seconds`), or use its
    output (`completed`).
    """

    outcome: Literal["start", "waiting", "completed"]
    job: TrainingJob
    seconds: int = 0


@dataclass(frozen=True)
class RecoverRequest(RunRequest):
    """A training job that could not be started or failed, with the error."""

    job: TrainingJob
    error: StateError


# gate and approval


@dataclass(frozen=True)
class GateDecision(TypedJson):
    """The decision of the gate, and the seconds that a run waits for an approval where it asks for one."""

    outcome: Literal["promote", "refuse", "ask", "unchanged"]
    seconds: int


@dataclass(frozen=True)
class ApprovalRequest(RunRequest):
    """The task token that an answer needs, and the seconds that the run waits."""

    token: str
    seconds: int


@dataclass(frozen=True)
class ApprovalAnswer(RunRequest):
    """The output of the waiting task, whatever was sent, or the error by which it ended."""

    answer: Any


@dataclass(frozen=True)
class Approval(TypedJson):
    """The decision of a person; False without an answer in time."""

    approved: bool


# release


@dataclass(frozen=True)
class VersionReference(TypedJson):
    """A registered model version. `shadow`: it is deployed as a shadow first."""

    id: str
    package: str = ""
    shadow: bool = False


@dataclass(frozen=True)
class VersionRequest(RunRequest):
    """The payload of a state that works on a model version."""

    version: VersionReference


@dataclass(frozen=True)
class Deployment(TypedJson):
    """A deployment: the endpoint, its new configuration, the alarms that may roll it back, when it began (ISO 8601).

    `waiting`: it has not begun, for the reason given; try again after `seconds`.
    """

    outcome: Literal["started", "waiting"]
    endpoint: str
    config: str
    alarms: tuple[str, ...]
    began: str
    reason: str = ""
    seconds: int = PAUSE_SECONDS


@dataclass(frozen=True)
class DeploymentRequest(RunRequest):
    """The payload of a state that looks at a deployment."""

    release: Deployment


@dataclass(frozen=True)
class VersionDeploymentRequest(RunRequest):
    """The payload of a state that compares the answers of a deployment with its version."""

    release: Deployment
    version: VersionReference


@dataclass(frozen=True)
class ShadowResult(TypedJson):
    """The state of a shadow deployment; `waiting`: look again after `seconds`."""

    outcome: Literal["over", "waiting", "refused"]
    seconds: int = 0


@dataclass(frozen=True)
class EndpointCheck(TypedJson):
    """The state of a deployment. `baking`: the new fleet takes traffic, and was not asked for the golden rows yet."""

    outcome: Literal["waiting", "baking", "in_service", "failed"]
    reason: str = ""


@dataclass(frozen=True)
class CanaryCheck(TypedJson):
    """The result of the canary's check: True if the new fleet has answered the golden rows."""

    asked: bool


@dataclass(frozen=True)
class Verification(TypedJson):
    """The result of the verification: True if the endpoint serves the version and reproduces its golden rows."""

    ok: bool


@dataclass(frozen=True)
class FinishedRelease(TypedJson):
    """The end of a release after the promotion; `waiting`: the scaling was refused, try again after `seconds`."""

    outcome: Literal["done", "waiting"]
    seconds: int = PAUSE_SECONDS


@dataclass(frozen=True)
class Rollback(TypedJson):
    """The rollback of an endpoint to the champion; `waiting`: try again after `seconds`.

    `promoted`: there is nothing to roll back, for this run has made its version champion.
    """

    outcome: Literal["done", "waiting", "promoted"]
    endpoint: str
    seconds: int = PAUSE_SECONDS


# end


@dataclass(frozen=True)
class Cleanup(TypedJson):
    """The end of the work of an execution: of its training job, and then of its release if there is one.

    `waiting`: the job is being stopped, look again after `seconds`.
    """

    outcome: Literal["waiting", "roll_back", "done"]
    seconds: int = PAUSE_SECONDS


@dataclass(frozen=True)
class RetiredModel(TypedJson):
    """The retirement of a model; `waiting`: its endpoint is changing or being deleted, go on after `seconds`."""

    outcome: Literal["waiting", "done"]
    seconds: int = PAUSE_SECONDS


@dataclass(frozen=True)
class ConcludeRequest(RunRequest):
    """The end of a run: from a state of the workflow, or from the event of an execution that ended without one.

    `execution` is the name of that execution. One that was aborted has no error.
    """

    outcome: Outcome
    error: StateError | None = None
    execution: str = ""

    @classmethod
    def from_json(cls, document: object, reader: str = "") -> Self:
        """Reads a state's payload, or an 'Execution Status Change' event of Step Functions."""
        if not isinstance(document, Mapping) or "detail" not in document:
            return super().from_json(document, reader)
        detail = ExecutionStatusChange.from_json(document, reader).detail
        run = ExecutionInput.from_json(json.loads(detail.input), reader).run
        if detail.status == "ABORTED":
            return cls(run, "stopped", None, detail.name)
        error = StateError(detail.error, detail.cause or "") if detail.error else None
        return cls(run, "failed", error or StateError(f"the execution ended {detail.status}"), detail.name)


@dataclass(frozen=True)
class ExecutionDetail(TypedJson):
    """The detail of an execution that has ended."""

    name: str
    status: str
    input: str
    error: str | None = None
    cause: str | None = None


@dataclass(frozen=True)
class ExecutionStatusChange(TypedJson):
    """An event of EventBridge: an execution has ended."""

    detail: ExecutionDetail


@dataclass(frozen=True)
class ExecutionInput(RunRequest):
    """The input of an execution. A run that has a version before it begins rolls back to that version.

    `error`: of a cleanup, the error by which the execution before it ended.
    """

    version: VersionReference | None = None
    error: StateError | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data; without `version` and `error` where there are none."""
        return {name: value for name, value in super().to_json().items() if value is not None}


@dataclass(frozen=True)
class ConcludedRun(TypedJson):
    """The state in which the ledger has the run now."""

    outcome: str


@dataclass(frozen=True)
class ReportReference(TypedJson):
    """The S3 key of a run's report."""

    report: str


# messages to dispatch


@dataclass(frozen=True)
class DispatchMessage(TypedJson):
    """A message to dispatch. `subject` is a model's name or a run's id; `occasion` tells one retraining from the next.

    start_pending: start the dataset that waits for the model's lease. notify: send the notice of the run's end.
    request_approval: send the notice that the run waits. retrain: start a run on the newest accepted data.
    clean_up: start an execution that ends what the run's execution had begun; `error` is the one by which it ended.
    `who` and `why` are of the person who asks for a retraining; without one the platform does.
    `imported` is the digest of a model that was trained elsewhere, which the run judges instead of fitting one.
    ask_about_retraining: send the notice that trainings stop after the run, the last of refused candidates.
    """

    action: Literal["start_pending", "notify", "request_approval", "retrain", "clean_up", "ask_about_retraining"]
    subject: str
    occasion: str = ""
    error: StateError | None = None
    who: str = ""
    why: str = ""
    imported: str = ""

    @classmethod
    def from_json(cls, document: object, reader: str = "") -> Self:
        """Reads a message, also one that release 0.2.0 left in the queue: {"wake": MODEL} and the like."""
        if not isinstance(document, Mapping) or "action" in document:
            return super().from_json(document, reader)
        word = next((word for word in _FORMER_ACTIONS if word in document), None)
        if word is None:
            return super().from_json(document, reader)
        current = {"action": _FORMER_ACTIONS[word], "subject": document[word], "occasion": document.get("occasion", "")}
        return super().from_json(current, reader)


_FORMER_ACTIONS = {"wake": "start_pending", "notify": "notify", "ask": "request_approval", "retrain": "retrain"}


@dataclass(frozen=True)
class BucketName(TypedJson):
    """The bucket of an S3 event."""

    name: str


@dataclass(frozen=True)
class CreatedObject(TypedJson):
    """The object of an S3 event."""

    key: str
    version_id: str = named("version-id", default="")
    size: int = 0
    sequencer: str = ""
    etag: str = ""


@dataclass(frozen=True)
class ObjectCreatedDetail(TypedJson):
    """The detail of an S3 event."""

    bucket: BucketName
    object: CreatedObject


@dataclass(frozen=True)
class ObjectCreated(TypedJson):
    """An object that was created, as S3's 'Object Created' events on EventBridge describe it.

    `uploader` is the unique id of the principal, which these do not name and S3's notifications do.
    """

    detail: ObjectCreatedDetail
    time: str
    uploader: str = ""


@dataclass(frozen=True)
class ReconciledUploads(TypedJson):
    """The number of uploads whose event was lost, and of runs that were ended because nothing else would end them."""

    found: int
    ended: int = 0


@dataclass(frozen=True)
class FoundRemnants(TypedJson):
    """The number of resources of nobody that were deleted, and of those that a person was told of."""

    deleted: int
    told: int


@dataclass(frozen=True)
class MonitoredModels(TypedJson):
    """For each model that was due, True if it is stale."""

    stale: dict[str, bool]


@dataclass(frozen=True)
class TabulatedTraffic(TypedJson):
    """For each model, the number of rows in the parts of tables that were written."""

    rows: dict[str, int]


# forgetting


@dataclass(frozen=True)
class ForgetRequest(TypedJson):
    """The id of a forgetting, of which the next step is to be done."""

    id: str


@dataclass(frozen=True)
class ForgetResult(TypedJson):
    """The consequence of a step: the next one (`more`), a wait of `seconds` (`waiting`), or the end."""

    outcome: Literal["more", "waiting", "forgotten", "incomplete"]
    seconds: int = PAUSE_SECONDS
