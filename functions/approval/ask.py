"""Ask a person: the task token goes into the ledger, a notice to people, and the run waits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cloud import executions, lease, tokens
from functions.task import HOLD, Task, task
from perennial import approval


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {}: what a function answers whose task waits for a token, everybody sees who may see the execution.

    The lease is held for the whole wait, so that no other run of the model overtakes this one. Asked again after a
    crash, the newer token takes the place of the older, which opens nothing any more.
    """
    wait = timedelta(seconds=task.event["seconds"])
    until = task.now + wait
    lease.renew(task.ledger, task.run, task.now, wait + HOLD)
    tokens.keep(task.ledger, task.run, task.event["token"], until + HOLD)
    task.note(
        approval.ASKED,
        (
            f"A person is asked; without an answer until {until:%Y-%m-%d %H:%M} UTC the candidate is refused.",
            f"next: {approval.next_command(task.run.id)}",
        ),
        {"until": until.isoformat()},
    )
    executions.tell_dispatch(task.platform, {"ask": task.run.id})
    return {}
