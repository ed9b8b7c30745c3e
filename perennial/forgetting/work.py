"""The record of a forgetting: what is forgotten, how far the work is, and how it ended."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from perennial.records import Record

#: hold: take the model's lease; search: read everything; erase: objects; remake: grids and profiles; redact: ledger and
#: logs; retrain: wait for a champion that did not learn from it; withdraw: models and runs; verify: read everything
#: again; sign: the receipt
Stage = Literal["hold", "search", "erase", "remake", "redact", "retrain", "withdraw", "verify", "sign"]
STAGES: tuple[Stage, ...] = (
    *("hold", "search", "erase", "remake", "redact", "retrain", "withdraw", "verify", "sign"),
)  # fmt: skip
#: `subject`: persons are forgotten; `retention`: datasets whose retention has ended are deleted
Kind = Literal["subject", "retention"]


class Forgetting(Record):
    """One forgetting. `fingerprints` stand for the subjects, which no record names.

    The fields after `spec_digest` are the state of the work:
        columns: the names of the columns of each subject.
        datasets, learnt, runs: those that concern the subjects; they are kept when a resumed work searches again.
        position: how many items of the stage are done.
        attempt: how often it was begun; each has an execution of its own.
        waits: the waits of this stage.
        left: rows that were found after everything was done.
    """

    id: str
    model: str
    kind: Kind
    who: str
    started_at: datetime
    spec_digest: str = ""
    fingerprints: tuple[str, ...] = ()
    columns: tuple[tuple[str, ...], ...] = ()
    datasets: tuple[str, ...] = ()
    learnt: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    stage: Stage = "hold"
    position: int = 0
    attempt: int = 1
    waits: int = 0
    token: int = 0
    left: int = 0
    outcome: Literal["running", "forgotten", "incomplete"] = "running"
    reasons: tuple[str, ...] = ()
    ended_at: datetime | None = None

    @property
    def execution(self) -> str:
        """The name of its execution."""
        return f"{self.id}-{self.attempt}"

    @property
    def next_command(self) -> str:
        """The command after its end."""
        if self.outcome == "forgotten":
            return f"perennial forget {self.model} --receipt {self.id}"
        return f"perennial forget {self.model} --resume {self.id}"

    def after(self, stage: Stage) -> Forgetting:
        """The record at the beginning of the stage that follows."""
        return self.model_copy(update={"stage": STAGES[STAGES.index(stage) + 1], "position": 0, "waits": 0})
