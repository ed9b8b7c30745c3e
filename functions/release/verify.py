"""Sends the golden rows to the endpoint; promotes the version if its predictions equal the offline ones."""

from __future__ import annotations

from cloud import lease
from cloud.handovers import Verification, VersionDeploymentRequest
from functions.release import golden
from functions.task import Task, task
from perennial.records import Champion, ModelVersion


@task(VersionDeploymentRequest)
def handler(task: Task, request: VersionDeploymentRequest) -> Verification:
    """Verifies the endpoint and promotes the version. Repeated after a crash, it promotes once."""
    endpoint = request.release.endpoint
    version = task.ledger.version(request.version.id)
    if not has_promoted(task, version.id):
        fault = _fault(task, endpoint, version)
        if fault:
            task.note("verify", (fault,))
            return Verification(ok=False)
        _promote(task, version)
    task.note("verify", (f"{endpoint} serves {version.id} and answers the golden rows as offline.",))
    return Verification(ok=True)


def has_promoted(task: Task, version: str) -> bool:
    """True if this run has promoted the version already."""
    champion = task.ledger.champion(task.run.model)
    return champion is not None and (champion.version, champion.run) == (version, task.run.id)


def _fault(task: Task, endpoint: str, version: ModelVersion) -> str:
    for part in golden.parts(golden.read(task.platform, version)):
        answer = golden.ask(endpoint, part)
        if not answer.fault and answer.model != version.id:
            return f"the endpoint answered as {answer.model or 'an unnamed model'}, not as {version.id}"
        if answer.fault:
            return answer.fault
    return ""


def _promote(task: Task, version: ModelVersion) -> None:
    before = task.ledger.champion(task.run.model)
    previous = before.version if before and before.version != version.id else before.previous if before else None
    champion = Champion(
        model=task.run.model,
        version=version.id,
        run=task.run.id,
        token=task.run.token,
        since=task.now,
        previous=previous,
    )
    lease.promote(task.ledger, task.run, champion)
