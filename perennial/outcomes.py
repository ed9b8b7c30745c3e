"""The words for the state of a run and of a dataset version. Without pydantic: handlers import them at start."""

from typing import Literal

Outcome = Literal["promoted", "refused", "quarantined", "unchanged", "superseded", "failed"]
State = Literal["pending", "running"] | Outcome
Trigger = Literal["upload", "retrain", "rollback"]
OUTCOMES: tuple[Outcome, ...] = ("promoted", "refused", "quarantined", "unchanged", "superseded", "failed")
