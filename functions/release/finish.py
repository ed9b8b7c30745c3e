"""Finishes a release after the promotion: sets the endpoint's scaling, deletes old configurations.

The version is champion by then, whatever happens here: a failure is recorded and changes nothing about that.
"""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from cloud import endpoint_configs, endpoints
from cloud.handovers import FinishedRelease, RunRequest
from functions.task import Task, logger, task

TRIES = 5  # to set the scaling after a refusal, apart from boto3's own


@task(RunRequest)
def handler(task: Task, _request: RunRequest) -> FinishedRelease:
    """Sets the scaling and deletes old configurations; `waiting` while the scaling is refused. Safe to repeat."""
    try:
        endpoints.scale(task.endpoint, task.spec)
    except (BotoCoreError, ClientError) as error:
        task.note("scaling", (f"The scaling of the endpoint was not set: {error}. The next release sets it.",))
        if task.may_wait("finish_release", TRIES):
            return FinishedRelease("waiting")
        logger.error("the scaling was not set", model=task.run.model, reason=str(error))
    else:
        if task.ledger.run(task.run.id).step("scaling"):
            task.note("scaling", ("The scaling of the endpoint was set at a later try.",))
    _garbage_collect(task)
    return FinishedRelease("done")


def _garbage_collect(task: Task) -> None:
    """Deletes old endpoint configurations. A failure does not change the release."""
    champion = task.ledger.champion(task.run.model)
    versions = task.ledger.versions(task.run.model)
    known = {version.id: version for version in versions}
    if champion is None:
        return
    try:
        deleted = endpoint_configs.garbage_collect(
            task.platform.environment, versions, known[champion.version], known.get(champion.previous or "")
        )
    except ClientError as error:
        logger.warning("old configurations were not deleted", model=task.run.model, reason=str(error))
        return
    if deleted:
        logger.info("old configurations deleted", model=task.run.model, names=deleted)
