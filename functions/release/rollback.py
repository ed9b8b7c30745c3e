"""Rolls the endpoint back to the champion; deletes it where there is no champion. A promotion is not undone."""

from __future__ import annotations

from cloud import alarms, archives, endpoint_configs, endpoints, quotas
from cloud.handovers import Rollback, VersionRequest
from functions.release.deployment import BUSY_WAITS
from functions.release.verify import has_promoted
from functions.task import Task, task, wait_if_busy
from perennial.records import ModelVersion


@task(VersionRequest)
def handler(task: Task, request: VersionRequest) -> Rollback:
    """Starts the rollback, or waits while the endpoint is changing or the account has too few instances.

    An update to the candidate that is under way is rolled back by its alarm first: SageMaker accepts no other change.
    A run that has promoted its version before the state Verify failed has ended as promoted.
    Raises EndpointBusyError after an hour, BusyError after six hours, QuotaError; UnsignedError or ArchiveError where
    the champion would have to be loaded again from an archive that is not the registered one.
    """
    if has_promoted(task, request.version.id):
        return Rollback("promoted", task.endpoint)
    later = Rollback("waiting", task.endpoint, quotas.PAUSE.seconds)
    return wait_if_busy(task, "rollback", lambda: _start(task, request), later)


def _start(task: Task, request: VersionRequest) -> Rollback:
    endpoint = task.endpoint
    champion = task.ledger.champion(task.run.model)
    if champion is None:
        exists = endpoints.describe(endpoint) is not None
        endpoints.delete(endpoint)
        did = "The endpoint was deleted" if exists else "There is no endpoint"
        sentence = f"{did}: there is no champion to roll back to."
    else:
        version = task.ledger.version(champion.version)
        _end_update(task, task.ledger.version(request.version.id))
        found = endpoints.describe(endpoint)
        config = endpoint_configs.name_of(task.platform.environment, version)
        if found is None or found.config != config:
            archives.check_registered(task.platform, version)
        if not endpoints.deploy(endpoint, config):
            return _wait(task, endpoint)
        alarms.put(task.platform, task.run.model, task.spec.release.alarms, version.id)
        goes = "serves" if found and found.config == config and not found.is_changing else "goes back to"
        sentence = f"The endpoint {goes} {champion.version}."
    reasons = task.ledger.run(task.run.id).step("verify")
    task.note("restore", (*(reasons.sentences if reasons else ()), sentence))
    return Rollback("done", endpoint)


def _wait(task: Task, endpoint: str) -> Rollback:
    if not task.may_wait("rollback", BUSY_WAITS):
        raise endpoints.EndpointBusyError(f"the endpoint {endpoint} is still changing; it was not rolled back")
    return Rollback("waiting", endpoint)


def _end_update(task: Task, candidate: ModelVersion) -> None:
    found, config = endpoints.describe(task.endpoint), endpoint_configs.name_of(task.platform.environment, candidate)
    if found and found.status == "Updating" and found.pending == config:
        alarms.trigger_rollback(task.platform, candidate.id)
