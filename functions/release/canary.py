"""Checks the new fleet's golden rows while it has a share of the traffic; rolls it back if a prediction differs."""

from __future__ import annotations

from cloud import alarms
from cloud.handovers import CanaryCheck, VersionDeploymentRequest
from functions.release import golden
from functions.task import Task, task
from perennial.records import ModelVersion

TRIES = 25  # per call; the endpoint chooses which fleet answers, and the next call tries again


@task(VersionDeploymentRequest)
def handler(task: Task, request: VersionDeploymentRequest) -> CanaryCheck:
    """Sends the golden rows until the new fleet answers; `asked` is false if only the old fleet did.

    A fault breaches an alarm of the release: SageMaker accepts no other change while an update is under way.
    """
    version = task.ledger.version(request.version.id)
    fault = _fault(task, request.release.endpoint, version)
    if fault is None:
        return CanaryCheck(asked=False)
    if fault:
        alarms.trigger_rollback(task.platform, version.id)
        sentence = f"While a share of the traffic went to {version.id}, {fault}."
    else:
        sentence = f"{version.id} answers the golden rows as offline, on live traffic."
    task.note("canary", (sentence,), {"asked": True}, canary_checked=True)
    return CanaryCheck(asked=True)


def _fault(task: Task, endpoint: str, version: ModelVersion) -> str | None:
    """The first fault in the new fleet's answers; '' if there is none, None if it did not answer all golden rows."""
    for part in golden.parts(golden.read(task.platform, version)):
        fault = _fault_of_part(endpoint, version.id, part)
        if fault != "":
            return fault
    return ""


def _fault_of_part(endpoint: str, version: str, part: golden.Part) -> str | None:
    """The same for some of the golden rows.

    A refusal (4xx) may come from the old model, which may lack some fields; a failure (5xx) is a fault of either.
    """
    for _ in range(TRIES):
        answer = golden.ask(endpoint, part)
        if answer.model == version or answer.status >= 500:
            return answer.fault
    return None
