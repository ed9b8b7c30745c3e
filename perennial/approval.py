"""Approvals: the request, the answer, and the time left for it.

Fails closed: an answer that is not exactly `approved: true` rejects the candidate, and so does no answer in time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from perennial.records import Notice, Run

REQUESTED, ANSWERED = "approval", "answer"  # names of steps in the run's record
LONGEST_WHY = 1000  # characters
TIMEOUT = "States.Timeout"
STATEMENT = "perennial.answer/1"
NOT_BY_UPLOADER = "Who uploaded the dataset may not approve; another principal may."
UPLOADER_ALLOWED = "The same principal uploaded the dataset; the spec allows it."
UPLOADER_UNKNOWN = "Who uploaded the dataset is not known, so it is not compared with who approves."


@dataclass(frozen=True)
class Answer:
    """A person's answer, or none in time. `by` is the ARN of who answered as AWS names it, '' where it is not known."""

    approved: bool
    by: str = ""
    why: str = ""
    in_time: bool = True

    @classmethod
    def read(cls, given: object) -> Answer:
        """Reads the output of the waiting task, or the error by which it ended. Any value is accepted."""
        if not isinstance(given, Mapping):
            return cls(approved=False, why="the answer was malformed")
        if given.get("Error") == TIMEOUT:
            return cls(approved=False, in_time=False)
        known = isinstance(given.get("approved"), bool)
        why = _text(given.get("why")) if known else "the answer was malformed"
        return cls(approved=given.get("approved") is True, why=why)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, to be sent as the task's output."""
        return {"approved": self.approved, "why": self.why}

    def statement(self, environment: str, run: str) -> bytes:
        """The answer to a run as the bytes that its sender's signature is bound to."""
        bound = {"type": STATEMENT, "environment": environment, "run": run, "approved": self.approved, "why": self.why}
        return json.dumps(bound, sort_keys=True, separators=(",", ":")).encode("ascii")

    def of(self, arn: str) -> Answer:
        """The answer of a principal whom AWS vouches for."""
        return replace(self, by=arn)

    def unproven(self, reason: str) -> Answer:
        """The answer of a sender whom AWS does not vouch for: it approves nothing."""
        reasoned = f" ({self.why})" if self.why else ""
        if not self.approved:
            return replace(self, why=self.why or reason)
        return replace(self, approved=False, why=f"an approval that does not count, because {reason}{reasoned}")

    def of_uploader(self) -> Answer:
        """The answer of who uploaded the run's dataset and may therefore not approve: it approves nothing."""
        reasoned = f" ({self.why})" if self.why else ""
        reason = f"an approval that does not count, because the same principal uploaded the dataset{reasoned}"
        return replace(self, approved=False, why=reason)

    @property
    def sentence(self) -> str:
        """The answer, who gave it and why."""
        if not self.in_time:
            return "Nobody answered in time, so the candidate is refused."
        word = "Approved" if self.approved else "Rejected"
        return (
            f"{word} by {self.by or 'an unknown person'}{f': {self.why}' if self.why else ', without a reason'}".rstrip(
                "."
            )
            + "."
        )


def waits_until(run: Run) -> datetime | None:
    """The end of a run's wait for an approval; None where it waits for none."""
    return run.approval_until if run.state == "running" else None


def waiting(until: datetime) -> str:
    """The state of a run that waits, in words."""
    return f"waits for approval until {until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def next_command(run: str) -> str:
    """The command that answers."""
    return f"perennial approve {run}   or: perennial reject {run} --why TEXT"


def next_for_another(model: str) -> str:
    """The sentence with the command after an approval by the uploader, which ended the run."""
    return f"Another principal may approve a run on the same data; next: perennial retrain {model} --why TEXT"


def notice(run: Run) -> Notice:
    """The message to people when a run begins to wait. It never holds the token, which would allow anyone to answer."""
    requested, gate = run.step(REQUESTED), run.step("gate")
    lines = [
        *(s for s in (requested.sentences if requested else ()) if not s.startswith("next: ")),
        *(gate.sentences if gate else ()),
    ]
    text = "\n".join([*lines, "", f"run: {run.id}", f"dataset: {run.dataset}", f"next: {next_command(run.id)}"])
    subject = f"{run.model}: waits for approval ({run.id})"[:100]
    return Notice(subject=subject, text=text, severity="warning", key=f"{run.id}-approval")


def _text(value: object) -> str:
    return " ".join(value.split())[:LONGEST_WHY].rstrip() if isinstance(value, str) else ""
