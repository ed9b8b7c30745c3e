"""Sends the golden rows to the endpoint; promotes the version if its predictions equal the offline ones."""

from __future__ import annotations

from botocore.exceptions import ClientError

from cloud import endpoint_configs, endpoints, lease
from cloud.handovers import Verification, VersionDeploymentRequest
from functions.release import golden
from functions.task import Task, logger, task
from perennial.records import Champion, ModelVersion


@task(VersionDeploymentRequest)
def handler(task: Task, request: VersionDeploymentRequest) -> Verification:
    """Verifies the endpoint, sets its scaling, promotes the version and deletes old configurations."""
    endpoint = request.release.endpoint
    version = task.ledger.version(request.version.id)
    answer = golden.ask(endpoint, golden.read(task.platform, version))
    fault = answer.fault
    if not fault and answer.model != version.id:
        fault = f"the endpoint answered as {answer.model or 'an unnamed model'}, not as {version.id}"
    if fault:
        task.note("verify", (fault,))
        return Verification(ok=False)
    endpoints.scale(endpoint, task.spec)
    _garbage_collect(task, _promote(task, version))
    task.note("verify", (f"{endpoint} serves {version.id} and answers the golden rows as offline.",))
    return Verification(ok=True)


def _promote(task: Task, version: ModelVersion) -> Champion:
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
    return champion


def _garbage_collect(task: Task, champion: Champion) -> None:
    """Deletes old endpoint configurations. A failure does not change the release."""
    versions = task.ledger.versions(task.run.model)
    known = {version.id: version for version in versions}
    try:
        deleted = endpoint_configs.garbage_collect(
            task.platform.environment, versions, known[champion.version], known.get(champion.previous or "")
        )
    except ClientError as error:
        logger.warning("old configurations were not deleted", model=task.run.model, reason=str(error))
        return
    if deleted:
        logger.info("old configurations deleted", model=task.run.model, names=deleted)
