"""While the new fleet has a share of the traffic: ask it the golden rows, and call it back if it answers otherwise."""

from __future__ import annotations

from typing import Any

from cloud import alarms
from functions.release import golden
from functions.task import Task, task

TRIES = 25  # of one look; which fleet answers is the endpoint's choice, and the next look tries again


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"asked": bool}. False when only the old fleet answered so far.

    What is wrong rings an alarm of the release's own, for SageMaker takes no other change while an update is under way.
    """
    version = task.ledger.version(task.event["version"]["id"])
    fault = _fault(task.event["release"]["endpoint"], version.id, golden.read(task.platform, version))
    if fault is None:
        return {"asked": False}
    if fault:
        alarms.withdraw(version.id)
        task.note("canary", (f"While a share of the traffic went to {version.id}, {fault}.",), {"asked": True})
    else:
        task.note("canary", (f"{version.id} answers the golden rows as offline, on live traffic.",), {"asked": True})
    return {"asked": True}


def _fault(endpoint: str, version: str, rows: dict[str, Any]) -> str | None:
    """What is wrong with the new fleet's answers; '' if nothing is, None if it did not answer.

    A refusal (4xx) may be the old model's, which may not know all the fields; a failure (5xx) is nobody's good right.
    """
    for _ in range(TRIES):
        answer = golden.ask(endpoint, rows)
        if answer.model == version or answer.status >= 500:
            return answer.fault
    return None
