"""What the ledger keeps: frozen records, each naming by id and digest what it came from."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Outcome = Literal["promoted", "refused", "quarantined", "unchanged", "superseded", "failed"]
State = Literal["pending", "running"] | Outcome
Trigger = Literal["upload", "retrain", "rollback"]
OUTCOMES: tuple[Outcome, ...] = ("promoted", "refused", "quarantined", "unchanged", "superseded", "failed")


class Record(BaseModel):
    """Frozen, and strict about its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DatasetVersion(Record):
    """One object version in S3, and what became of it. `accepted` is None until validation has answered.

    `kept_until` is the last day on which it may be trained on, by its card; None where no plan has read that yet.
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


class Step(Record):
    """What one state of the workflow found, in figures and in sentences."""

    name: str
    at: datetime
    sentences: tuple[str, ...]
    figures: dict[str, Any] = {}


class Run(Record):
    """One passage through the loop. `token` is the fencing token of its lease."""

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

    def step(self, name: str) -> Step | None:
        """The latest step of that name."""
        return next((step for step in reversed(self.steps) if step.name == name), None)


class ModelVersion(Record):
    """A registered model: content digest, what it was made from, and how it did.

    `importance` is how far its answers move, on average, when a feature's values change places between rows; empty
    where that took too long to measure.
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
    figures: dict[str, Any]
    importance: dict[str, float] = {}
    environment: dict[str, str]
    created_at: datetime
    package: str = ""


class Champion(Record):
    """The model version that serves. `token` fences off a late writer."""

    model: str
    version: str
    run: str
    token: int
    since: datetime
    previous: str | None = None


class Edge(Record):
    """`source` KIND `target`, for example flights@9be2410c77aa trained_on ds-flights-1f0c93ab27de."""

    source: str
    kind: Literal[
        "trained_on", "built_by", "made_with_code", "made_with_spec", "judged_against", "described_by", "read"
    ]
    target: str


class Notice(Record):
    """What a person is told when a run ends."""

    subject: str
    text: str
