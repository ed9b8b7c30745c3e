"""Approvals: a run requests one and waits; the answer goes into its record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from cloud import executions, identities, lease, messaging
from cloud.handovers import HOLD, Approval, ApprovalAnswer, ApprovalRequest, Nothing
from cloud.identities import Identity
from functions.task import Task, task
from perennial import approval
from perennial.approval import Answer


@task(ApprovalRequest)
def request_approval(task: Task, request: ApprovalRequest) -> Nothing:
    """Keeps the task token in the ledger and notifies people. The result must not hold the token.

    The lease is held for the whole wait, so that no other run of the model overtakes this one. After a crash the state
    runs again, and its newer token replaces the older one, which is no longer valid.
    """
    wait = timedelta(seconds=request.seconds)
    until = task.now + wait
    lease.renew(task.ledger, task.run, task.now, wait + HOLD)
    executions.keep_token(task.ledger, task.run, request.token, until + HOLD)
    barred = _barred(task)
    task.note(
        approval.REQUESTED,
        (
            f"An approval is requested; without an answer until {until:%Y-%m-%d %H:%M} UTC the candidate is refused.",
            *((approval.NOT_BY_UPLOADER,) if barred else ()),
            task.platform.environment.commands(f"next: {approval.next_command(task.run.id)}"),
        ),
        {"until": until.isoformat()},
        approval_until=until,
        approval_not_by=barred,
    )
    messaging.request_approval(task.platform, task.run.id)
    return Nothing()


def _barred(task: Task) -> str:
    """The unique id of who uploaded the run's dataset, and may not approve it; empty where it is not known, or may."""
    allowed = task.spec.gate.approval.uploader_may_approve
    return "" if allowed else task.ledger.dataset(task.run.dataset).uploader


@task(ApprovalAnswer)
def record_approval(task: Task, request: ApprovalAnswer) -> Approval:
    """Records who answered, what, when and why, and deletes the task token.

    An approval counts if AWS vouches for who sent it, and if somebody else uploaded the run's dataset.
    """
    answer, told = _examined(task, request.answer, Answer.read(request.answer))
    executions.delete_token(task.ledger, task.run)
    details = {**answer.as_dict(), "by": answer.by, "in_time": answer.in_time, "at": task.now.isoformat()}
    task.note(approval.ANSWERED, (answer.sentence, *told), details, approval_until=None, approval_not_by="")
    return Approval(answer.approved)


def _examined(task: Task, given: object, answer: Answer) -> tuple[Answer, tuple[str, ...]]:
    """The answer with the ARN that STS has for its sender, and what else is to be told.

    It approves nothing where STS has none, or where the sender has uploaded the dataset and the spec does not allow it.
    """
    if not answer.in_time:
        return answer, ()
    proof = given.get("proof") if isinstance(given, Mapping) else None
    try:
        identity = identities.proven(proof, answer.statement(task.platform.environment.name, task.run.id))
    except identities.UnprovenError as error:
        return answer.unproven(error.message), ()
    named = answer.of(identity.arn)
    return _compared(task, identity, named) if named.approved else (named, ())


def _compared(task: Task, identity: Identity, answer: Answer) -> tuple[Answer, tuple[str, ...]]:
    """An approval, compared with who uploaded the dataset; it stands where the uploader is not known."""
    dataset = task.ledger.dataset(task.run.dataset)
    if not dataset.uploader:
        return answer, (approval.UPLOADER_UNKNOWN,)
    if dataset.uploader != identity.user_id:
        return answer, ()
    if task.spec.gate.approval.uploader_may_approve:
        return answer, (approval.UPLOADER_ALLOWED,)
    following = task.platform.environment.commands(approval.next_for_another(task.run.model))
    return answer.of_uploader(), (following,)
