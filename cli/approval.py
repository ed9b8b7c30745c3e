"""`perennial approve` and `perennial reject`: answer a run that waits for approval, with the caller's own rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import connection
from cli.output import CommandError, Json, emit, line, next_line, usage
from cli.runs import RunId, find_run
from perennial.identity import model_of

if TYPE_CHECKING:
    from perennial.records import Run


def approve(
    run: RunId,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")] = "",
    json: Json = False,
) -> None:
    """Approve the candidate of a run that waits for approval.

    The run's record states who, when and why."""
    answer(run, approved=True, why=why, json=json)


def reject(
    run: RunId,
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the record.")],
    json: Json = False,
) -> None:
    """Reject the candidate of a run that waits for approval; the champion stays.

    The run's record states who, when and why."""
    if not why.strip():
        raise usage("a rejection needs a reason: --why TEXT")
    answer(run, approved=False, why=why, json=json)


def answer(identity: str, *, approved: bool, why: str, json: bool) -> None:
    """Sends the answer. Raises CommandError if the run does not wait for one."""
    model_of(identity)
    platform, ledger = connection.connect()
    run = find_run(ledger, identity)
    if run is None:
        raise CommandError(f"{identity} has no run yet; next: perennial explain {identity}")

    from cloud import executions, identities
    from perennial.approval import Answer

    _refuse_if_nobody_waits(run)
    token = executions.find_token(ledger, run)
    if approved:
        _refuse_the_uploader(run)
    sent = Answer.read({"approved": approved, "why": why})
    proof = identities.prove(sent.statement(platform.environment.name, run.id))
    if token is None or not executions.answer(token, {**sent.as_dict(), "proof": proof}):
        raise CommandError(f"{run.id} was answered already, or its time is over; next: perennial explain {run.id}")
    if json:
        emit({"run": run.id, "by": _caller(), **sent.as_dict()})
        return
    word = "approved; the release starts once AWS vouches for you" if approved else "rejected; the champion stays"
    line(f"{run.id}: {word}")
    next_line(f"perennial explain {run.id}")


def _refuse_if_nobody_waits(run: Run) -> None:
    from perennial import approval

    following = f"next: perennial explain {run.id}"
    given = run.step(approval.ANSWERED)
    if run.state != "running":
        raise CommandError(f"{run.id} has ended ({run.state}) and does not wait for approval; {following}")
    if given is not None:
        raise CommandError(f"{run.id} was answered already: {given.sentences[0]} {following}")
    if approval.waits_until(run) is None:
        raise CommandError(f"{run.id} is running and does not wait for approval; {following}")


def _refuse_the_uploader(run: Run) -> None:
    """Raises CommandError if the caller has uploaded the data; an answer would be a rejection, and end the wait."""
    from cloud.platform import client
    from perennial import approval

    if run.approval_not_by and client("sts").get_caller_identity()["UserId"] == run.approval_not_by:
        raise CommandError(
            f"{run.id}: {approval.NOT_BY_UPLOADER} You uploaded it; nothing was sent, and the run still waits. "
            "gate.approval.uploader_may_approve: true in the spec lets uploaders approve later runs; "
            f"next: perennial approve {run.id}   # as another principal"
        )


def _caller() -> str:
    """The ARN of the caller."""
    from cloud.platform import client

    return str(client("sts").get_caller_identity()["Arn"])
