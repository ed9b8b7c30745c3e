"""Ask the live endpoint for the golden rows; if it answers as the model did offline, the version is champion."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from cloud import configurations, endpoints, lease
from functions.release import golden
from functions.task import Task, logger, task
from perennial.records import Champion, ModelVersion


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"ok": bool}"""
    release = task.event["release"]
    version = task.ledger.version(task.event["version"]["id"])
    answer = golden.ask(release["endpoint"], golden.read(task.platform, version))
    fault = answer.fault
    if not fault and answer.model != version.id:
        fault = f"the endpoint answered as {answer.model or 'an unnamed model'}, not as {version.id}"
    if fault:
        task.note("verify", (fault,))
        return {"ok": False}
    endpoints.scale(release["endpoint"], task.spec)
    _sweep(task, _crown(task, version))
    task.note("verify", (f"{release['endpoint']} serves {version.id} and answers the golden rows as offline.",))
    return {"ok": True}


def _crown(task: Task, version: ModelVersion) -> Champion:
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
    lease.crown(task.ledger, task.run, champion)
    return champion


def _sweep(task: Task, champion: Champion) -> None:
    """Configurations that nobody needs any more. The release has succeeded, whatever becomes of this."""
    versions = task.ledger.versions(task.run.model)
    known = {version.id: version for version in versions}
    try:
        swept = configurations.sweep(versions, known[champion.version], known.get(champion.previous or ""))
    except ClientError as error:
        logger.warning("old configurations stay for now", model=task.run.model, reason=str(error))
        return
    if swept:
        logger.info("old configurations deleted", model=task.run.model, names=swept)
