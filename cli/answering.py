"""A person's answer to a run that waits for it: by the task token in the ledger, with the caller's own rights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import clouds
from cli.finding import find
from cli.output import CommandError, emit, line
from perennial.identity import model_of

if TYPE_CHECKING:
    from perennial.records import Run


def answer(identity: str, *, approved: bool, why: str, json: bool) -> None:
    """Send the answer. CommandError where no answer is waited for."""
    model_of(identity)
    _, ledger = clouds.connect()
    run = find(ledger, identity)
    if run is None:
        raise CommandError(f"{identity} has no run yet that could wait; next: perennial explain {identity}")

    from cloud import executions, tokens
    from perennial.approval import Answer

    _refuse_if_nobody_waits(run)
    token = tokens.find(ledger, run)
    sent = Answer(approved, _caller(), why)
    if token is None or not executions.answer(token, sent.as_dict()):
        raise CommandError(f"{run.id} was answered already, or its time is over; next: perennial explain {run.id}")
    if json:
        emit({"run": run.id, **sent.as_dict()})
        return
    word = "approved; the release begins" if approved else "rejected; the champion stays"
    line(f"{run.id}: {word}")
    line(f"next: perennial explain {run.id}")


def _refuse_if_nobody_waits(run: Run) -> None:
    from perennial import approval

    following = f"next: perennial explain {run.id}"
    given = run.step(approval.ANSWERED)
    if run.state != "running":
        raise CommandError(f"{run.id} has ended ({run.state}), and waits for no answer; {following}")
    if given is not None:
        raise CommandError(f"{run.id} has its answer: {given.sentences[0]} {following}")
    if approval.waits_until(run) is None:
        raise CommandError(f"{run.id} is under way and waits for nobody's approval; {following}")


def _caller() -> str:
    """The ARN that AWS knows the caller by."""
    from cloud.platform import client

    return str(client("sts").get_caller_identity()["Arn"])
