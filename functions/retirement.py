"""Retires a model: its endpoint and all that belongs to it is deleted; data, ledger and archives are kept."""

from __future__ import annotations

from cloud import alarms, endpoints, hosting, lease, quotas, registry
from cloud.handovers import RetiredModel, RunRequest
from functions.release.deployment import BUSY_WAITS
from functions.task import Task, task, wait_if_busy
from perennial.records import Retirement

REQUESTED = "request"  # the step in which the command recorded who asked, and why


@task(RunRequest)
def handler(task: Task, _request: RunRequest) -> RetiredModel:
    """Takes the next step of the retirement; `waiting` while the endpoint is changing or being deleted.

    The model counts as retired first, so that no upload starts it meanwhile; what costs most is deleted next. Each step
    is safe to repeat. Raises EndpointBusyError after an hour of waiting for the endpoint, BusyError after six hours
    in which AWS throttles calls.
    """
    _mark(task)
    later = RetiredModel("waiting", quotas.PAUSE.seconds)
    return wait_if_busy(task, "retire", lambda: _delete(task), later)


def _delete(task: Task) -> RetiredModel:
    environment, model, endpoint = task.platform.environment, task.run.model, task.endpoint
    endpoints.unscale(endpoint)
    found = endpoints.describe(endpoint)
    if found is not None:
        if not found.is_changing:
            endpoints.delete(endpoint)
        if not task.may_wait("retire", BUSY_WAITS):
            raise endpoints.EndpointBusyError(f"the endpoint {endpoint} is {found.status}; it was not deleted")
        return RetiredModel("waiting")
    alarms.delete(task.platform, model)
    hosting.delete(environment, model)
    group = registry.mark_retired(task.platform, model, task.run.started_at)
    task.note("retirement", _sentences(endpoint, group))
    return RetiredModel("done")


def _mark(task: Task) -> None:
    """Writes the retirement and takes the champion away, in one transaction."""
    known, champion = task.ledger.retirement(task.run.model), task.ledger.champion(task.run.model)
    if known is not None and known.run == task.run.id:
        return
    step = task.run.step(REQUESTED)
    asked = step.details if step else {}
    last = known.version if known else None
    retirement = Retirement(
        model=task.run.model,
        run=task.run.id,
        who=str(asked.get("who", "")),
        why=str(asked.get("why", "")),
        since=task.run.started_at,
        version=champion.version if champion else last,
    )
    lease.retire(task.ledger, task.run, retirement)


def _sentences(endpoint: str, group: str | None) -> tuple[str, ...]:
    kept = f"data, ledger, archives{f', the model package group {group}' if group else ''}"
    return (
        f"The endpoint {endpoint}, its scaling, its alarms, its configurations and the SageMaker models are deleted.",
        f"Kept are {kept}.",
    )
