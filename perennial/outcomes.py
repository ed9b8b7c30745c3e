"""The words for the state of a run and of a dataset version. Without pydantic: handlers import them at start."""

from typing import Literal

Outcome = Literal["promoted", "refused", "quarantined", "unchanged", "superseded", "stopped", "retired", "failed"]
State = Literal["pending", "running"] | Outcome
#: `cleanup` is that of an execution which ends what another execution of the same run had begun; no run has it
Trigger = Literal["upload", "retrain", "rollback", "retire", "cleanup"]
OUTCOMES: tuple[Outcome, ...] = (
    "promoted",
    "refused",
    "quarantined",
    "unchanged",
    "superseded",
    "stopped",
    "retired",
    "failed",
)
