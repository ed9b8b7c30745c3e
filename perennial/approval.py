"""A person's word: what is asked, what was answered, and until when there is time.

Closed: whatever is not plainly a yes is a no, and no answer in time is one too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from perennial.records import Notice, Run

ASKED, ANSWERED = "approval", "answer"  # the steps of a run that tell of it
LONGEST_WHY = 1000  # characters
TIMEOUT = "States.Timeout"


@dataclass(frozen=True)
class Answer:
    """What a person said, or that nobody did. `by` is the ARN that the answer names, '' where it names none."""

    approved: bool
    by: str = ""
    why: str = ""
    in_time: bool = True

    @classmethod
    def read(cls, given: object) -> Answer:
        """From the output of the task, whatever was sent, or from the error by which the task ended."""
        if not isinstance(given, Mapping):
            return cls(approved=False, why="the answer was malformed")
        if given.get("Error") == TIMEOUT:
            return cls(approved=False, in_time=False)
        known = isinstance(given.get("approved"), bool)
        why = _text(given.get("why")) if known else "the answer was malformed"
        return cls(approved=given.get("approved") is True, by=_text(given.get("by")), why=why)

    def as_dict(self) -> dict[str, Any]:
        """What is sent as the task's output."""
        return {"approved": self.approved, "by": self.by, "why": self.why}

    @property
    def sentence(self) -> str:
        """Who said what, and why."""
        if not self.in_time:
            return "Nobody answered in time, so the candidate is refused."
        said = "Approved" if self.approved else "Rejected"
        return (
            f"{said} by {self.by or 'somebody'}{f': {self.why}' if self.why else ', without a reason'}".rstrip(".")
            + "."
        )


def waits_until(run: Run) -> datetime | None:
    """Until when a run waits for a person; None where it does not."""
    asked = run.step(ASKED)
    if run.state != "running" or asked is None or run.step(ANSWERED) is not None:
        return None
    try:
        return datetime.fromisoformat(asked.figures["until"])
    except (KeyError, TypeError, ValueError):
        return None


def waiting(until: datetime) -> str:
    """What is said of a run that waits."""
    return f"waits for approval until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def next_command(run: str) -> str:
    """What a person types to answer."""
    return f"perennial approve {run}   or: perennial reject {run} --why TEXT"


def notice(run: Run) -> Notice:
    """What people are told when a run begins to wait. The token is no part of it: it is what opens the gate."""
    asked, gate = run.step(ASKED), run.step("gate")
    lines = [*(asked.sentences[:1] if asked else ()), *(gate.sentences if gate else ())]
    text = "\n".join([*lines, "", f"run: {run.id}", f"dataset: {run.dataset}", f"next: {next_command(run.id)}"])
    return Notice(subject=f"{run.model}: waits for approval ({run.id})"[:100], text=text)


def _text(value: object) -> str:
    return " ".join(value.split())[:LONGEST_WHY] if isinstance(value, str) else ""
