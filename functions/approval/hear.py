"""Hear the answer: who said what, when and why goes into the run's record, and the token is forgotten."""

from __future__ import annotations

from typing import Any

from cloud import tokens
from functions.task import Task, task
from perennial.approval import ANSWERED, Answer


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"approved": bool}. False for anything that is not plainly a yes, no answer in time among it."""
    answer = Answer.read(task.event["answer"])
    tokens.forget(task.ledger, task.run)
    task.note(ANSWERED, (answer.sentence,), {**answer.as_dict(), "in_time": answer.in_time, "at": task.now.isoformat()})
    return {"approved": answer.approved}
