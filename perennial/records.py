"""The ledger's records: frozen, each with the ids and digests of its sources."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, model_validator

from perennial.outcomes import State, Trigger

#: the key, and the ones that older releases wrote
_METRICS = AliasChoices("metrics", "figures")
_DETAILS = AliasChoices("details", "metrics", "figures")


class Record(BaseModel):
    """Frozen, and strict about its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DatasetVersion(Record):
    """One object version in S3 and its outcome. `accepted` is None until the validation has a verdict.

    `kept_until` is the last day on which it may be trained on, by its card; None until a plan has read the card.
    `content` is the digest of its files' bytes, 64 hex digits; empty until a plan has listed the files.
    `parts_digest` is the digest of the list of its parts' digests; empty until it is accepted, and before such lists.
    `uploader` is the unique id of the principal who uploaded it, AIDA... or AROA...:SESSION; empty where S3 named none.
    """

    id: str
    model: str
    name: str
    bucket: str
    key: str
    version_id: str
    size: int
    uploaded_at: datetime
    sequencer: str
    spec_digest: str
    card_digest: str
    state: State = "pending"
    accepted: bool | None = None
    rows: int | None = None
    rows_quarantined: int | None = None
    kept_until: date | None = None
    content: str = ""
    parts_digest: str = ""
    uploader: str = Field(default="", max_length=128)


class Exclusion(Record):
    """One dataset version is excluded from training: its job failed for its rows, or a person withdrew it.

    `who` is the run or the person. An exclusion that was undone stays on record.
    """

    dataset: str
    model: str
    cause: Literal["training", "person"]
    why: str
    who: str
    at: datetime
    undone_by: str = ""
    undone_at: datetime | None = None

    @property
    def holds(self) -> bool:
        """True unless it was undone."""
        return self.undone_at is None


class Step(Record):
    """The findings of one state of the workflow, for people and reports. Handlers do not read the details."""

    name: str
    at: datetime
    sentences: tuple[str, ...]
    details: dict[str, Any] = Field(default={}, validation_alias=_DETAILS)


class ShadowProgress(Record):
    """The stage that a shadow deployment is in, the configuration it was started with, and when it was in service."""

    stage: Literal["starting", "watching", "ending"]
    config: str = ""
    since: datetime | None = None


class JudgedArchive(Record):
    """The archive of the candidate that the gate judged: digest of its files, SHA-256 and S3 version of its bytes."""

    digest: str
    sha256: str
    version_id: str = ""


class Run(Record):
    """One execution of the workflow. `token` is the fencing token of its lease.

    The fields after `version` steer the workflow:
        code_digest: the digest of the source that it trains with, which a later deployment does not change.
        waits: the number of times that each state has answered `waiting`.
        training_job: the training job whose output is the run's.
        trained_on: the dataset versions that it trains on.
        problem_codes: the codes of the problems for which its dataset was refused.
        reference_profile: the key of the champion's profile that its dataset was compared with.
        approval_until: the end of the wait for an approval; None while the run waits for none.
        approval_not_by: the unique id of the principal who uploaded its dataset and may not approve it.
        shadow: the progress of its shadow deployment.
        canary_checked: the golden rows of the canary were checked.
        breached_alarms: the alarms that were in ALARM during its release.
        candidate: the archive that was judged; None before, and in runs of older releases.
        imported: the digest of the facts about a model that was trained elsewhere and is judged; '' for a fit.
    """

    id: str
    model: str
    dataset: str
    trigger: Trigger
    spec_digest: str
    token: int
    state: State
    started_at: datetime
    ended_at: datetime | None = None
    steps: tuple[Step, ...] = ()
    reasons: tuple[str, ...] = ()
    next_command: str = ""
    version: str | None = None
    code_digest: str = ""
    waits: dict[str, int] = {}
    training_job: str = ""
    trained_on: tuple[str, ...] = ()
    problem_codes: tuple[str, ...] = ()
    reference_profile: str = ""
    approval_until: datetime | None = None
    approval_not_by: str = Field(default="", max_length=128)
    shadow: ShadowProgress | None = None
    canary_checked: bool = False
    breached_alarms: tuple[str, ...] = ()
    candidate: JudgedArchive | None = None
    imported: str = ""

    def step(self, name: str) -> Step | None:
        """The latest step of that name."""
        return next((step for step in reversed(self.steps) if step.name == name), None)

    @model_validator(mode="before")
    @classmethod
    def _read_older_row(cls, row: Any) -> Any:
        """Fills the fields of a row that an older release wrote: they stood in its steps."""
        if not isinstance(row, dict) or "waits" in row:
            return row
        steps = {
            step["name"]: step.get("details") or step.get("metrics") or step.get("figures") or {}
            for step in row.get("steps", ())
            if isinstance(step, dict)
        }
        return _from_details(steps) | row


class ModelVersion(Record):
    """A registered model: content digest, sources and metrics.

    `importance` is the permutation importance of each feature; empty where measuring it took too long. `rows` is the
    number of rows it was fitted on, None if that is not known; `refitted`: on all rows, after the model that the
    metrics are of was judged.
    `grown_from` is the version that an amended model was updated from; empty for one that was trained from its start.
    `imported` is the digest of the facts about a model that was trained elsewhere: `datasets` are then those that it
    was judged on, and it is not known which rows it has seen.
    `signature` is that of `perennial.contract.signed` in Base64, `signing_key` the ARN of its KMS key; both are empty
    for versions of releases that signed nothing.
    """

    id: str
    model: str
    digest: str
    archive_key: str
    archive_sha256: str
    run: str
    datasets: tuple[str, ...]
    profile_key: str
    code_digest: str
    spec_digest: str
    parameters: dict[str, Any]
    metrics: dict[str, Any] = Field(validation_alias=_METRICS)
    importance: dict[str, float] = {}
    rows: int | None = None
    refitted: bool = False
    environment: dict[str, str]
    created_at: datetime
    package: str = ""
    grown_from: str = ""
    imported: str = ""
    signature: str = ""
    signing_key: str = ""


class Champion(Record):
    """The model version that serves. `token` is the fencing token of the run that promoted it."""

    model: str
    version: str
    run: str
    token: int
    since: datetime
    previous: str | None = None


class StopRequest(Record):
    """The request of a person to stop a run."""

    model: str
    run: str
    who: str
    why: str
    at: datetime


class Retirement(Record):
    """A model that was retired: nothing of it serves, and it takes no uploads until `ended_at`.

    `version` is the version that served last; None where none ever did.
    """

    model: str
    run: str
    who: str
    why: str
    since: datetime
    version: str | None = None
    ended_at: datetime | None = None

    @property
    def sentence(self) -> str:
        """The time, the person and the reason, in a sentence."""
        return f"{self.model} is retired since {self.since:%Y-%m-%d %H:%M} UTC, by {self.who}: {self.why.rstrip('.')}."


class Edge(Record):
    """`source` KIND `target`, for example flights@9be2410c77aa trained_on ds-flights-1f0c93ab27de."""

    source: str
    kind: Literal[
        "trained_on",
        "judged_on",
        "imported_from",
        "grown_from",
        "built_by",
        "made_with_code",
        "made_with_spec",
        "judged_against",
        "described_by",
        "read",
        "labelled_by",
        "answered_by",
    ]
    target: str


class Notice(Record):
    """A message to people. Notices of the same `key` are about the same matter."""

    subject: str
    text: str
    severity: Literal["info", "warning", "critical"] = "info"
    key: str = ""


def _from_details(steps: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The fields of a run by its steps, as releases before these fields wrote them."""
    training, shadow = steps.get("training", {}), steps.get("shadow", {})
    found: dict[str, Any] = {
        "training_job": training.get("job"),
        "trained_on": training.get("datasets"),
        "problem_codes": [problem["code"] for problem in steps.get("validation", {}).get("problems", ())],
        "reference_profile": steps.get("drift", {}).get("reference"),
        "approval_until": None if "answer" in steps else steps.get("approval", {}).get("until"),
        "shadow": {name: shadow[name] for name in ("stage", "config", "since") if name in shadow},
        "canary_checked": steps.get("canary", {}).get("asked"),
        "breached_alarms": [breach["alarm"] for breach in steps.get("alarms", {}).get("alarms", ())],
    }
    return {name: value for name, value in found.items() if value}
