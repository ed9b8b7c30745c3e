"""Approvals: a run requests one and waits; the answer goes into its record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from cloud import executions, identities, lease, messaging
from cloud.handovers import HOLD, Approval, ApprovalAnswer, ApprovalRequest, Nothing
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
    task.note(
        approval.REQUESTED,
        (
            f"An approval is requested; without an answer until {until:%Y-%m-%d %H:%M} UTC the candidate is refused.",
            task.platform.environment.commands(f"next: {approval.next_command(task.run.id)}"),
        ),
        {"until": until.isoformat()},
        approval_until=until,
    )
    messaging.request_approval(task.platform, task.run.id)
    return Nothing()


@task(ApprovalAnswer)
def record_approval(task: Task, request: ApprovalAnswer) -> Approval:
    """Records who answered, what, when and why, and deletes the task token.

    An approval counts if AWS vouches for who sent it.
    """
    answer = _identified(task, request.answer, Answer.read(request.answer))
    executions.delete_token(task.ledger, task.run)
    details = {**answer.as_dict(), "by": answer.by, "in_time": answer.in_time, "at": task.now.isoformat()}
    task.note(approval.ANSWERED, (answer.sentence,), details, approval_until=None)
    return Approval(answer.approved)


def _identified(task: Task, given: object, answer: Answer) -> Answer:
    """The answer with the ARN that STS has for its sender; one that approves nothing where STS has none."""
    if not answer.in_time:
        return answer
    proof = given.get("proof") if isinstance(given, Mapping) else None
    try:
        identity = identities.proven(proof, answer.statement(task.platform.environment.name, task.run.id))
    except identities.UnprovenError as error:
        return answer.unproven(error.message)
    return answer.of(identity.arn)
