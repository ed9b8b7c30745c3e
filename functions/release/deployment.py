"""Starts the deployment of a version: updates the endpoint to its configuration, under alarms that roll it back."""

from __future__ import annotations

from dataclasses import replace

from cloud import alarms, archives, endpoint_configs, endpoints, quotas
from cloud.handovers import PAUSE_SECONDS, Deployment, VersionRequest
from functions.release import golden
from functions.task import Task, task, wait_for_capacity
from perennial import layout
from perennial.records import ModelVersion

BUSY_WAITS = 3600 // PAUSE_SECONDS  # for another change of the endpoint, or alarms in ALARM: an hour


@task(VersionRequest)
def handler(task: Task, request: VersionRequest) -> Deployment:
    """Starts the deployment, or waits: for the endpoint, for its alarms, or for instances that others use.

    Raises EndpointBusyError after an hour, BusyError after six hours without instances, QuotaError where the account
    will never have enough, StuckEndpointError where an earlier rollback failed, UnsignedError or ArchiveError for
    another archive than the registered one.
    """
    version = task.ledger.version(request.version.id)
    try:
        with quotas.told():
            return _start(task, version)
    except quotas.BusyError as busy:
        wait_for_capacity(task, "start_deployment", busy)
        reason = f"The release waits: {busy.message}."
        task.note("release", (reason,))
        config = endpoint_configs.name_of(task.platform.environment, version)
        return Deployment("waiting", task.endpoint, config, (), task.now.isoformat(), reason, quotas.PAUSE.seconds)


def _start(task: Task, version: ModelVersion) -> Deployment:
    endpoint, by_hand = task.endpoint, task.run.trigger == "rollback"
    archives.check_registered(task.platform, version)
    config = endpoint_configs.create(task.platform, task.spec, version)
    found = endpoints.describe(endpoint)
    if found is not None and found.status == endpoints.STUCK and not by_hand:
        raise endpoints.StuckEndpointError(task.run.model, endpoint, found.failure)
    guarded = found is not None and task.spec.release.serverless is None and not by_hand
    names = tuple(_alarms(task, *layout.ALARMS)) if guarded else ()
    deployment = Deployment("started", endpoint, config, names, task.now.isoformat())
    task.keep_lease()
    if found is not None and found.is_changing:  # to our configuration after a crash, or to another one
        started = endpoints.deploy(endpoint, config)
        return deployment if started else _wait(task, deployment, _is_changing(endpoint, found.status))
    breaches = _breaches(task) if guarded else []
    if breaches:
        return _wait(task, deployment, f"{breaches[0].sentence} No release begins before it is OK.")
    names = tuple(_put_alarms(task, version))
    update = endpoints.blue_green(task.spec.release, names) if guarded else None
    task.keep_lease()
    if not endpoints.deploy(endpoint, config, update, task.spec.release.instances):
        return _wait(task, deployment, _is_changing(endpoint, "changing"))
    task.note("release", _plan(task, version, found is None))
    return deployment


def _wait(task: Task, deployment: Deployment, reason: str) -> Deployment:
    """The same deployment, to be started later. Raises EndpointBusyError after an hour."""
    if not task.may_wait("start_deployment", BUSY_WAITS):
        raise endpoints.EndpointBusyError(reason)
    task.note("release", (reason,))
    return replace(deployment, outcome="waiting", reason=reason)


def _is_changing(endpoint: str, status: str) -> str:
    return f"the endpoint {endpoint} is {status}; it can be updated once that has ended"


def _breaches(task: Task) -> list[alarms.AlarmBreach]:
    """An alarm still in ALARM from the previous deployment would roll this one back immediately."""
    return alarms.breached(_alarms(task, "errors", "latency"))


def _alarms(task: Task, *kinds: str) -> list[str]:
    return [task.platform.environment.alarm(task.run.model, kind) for kind in kinds]


def _put_alarms(task: Task, version: ModelVersion) -> list[str]:
    champion = task.ledger.champion(task.run.model)
    shared = champion is not None and task.spec.release.traffic != "all_at_once" and task.run.trigger != "rollback"
    return alarms.put(
        task.platform,
        task.run.model,
        task.spec.release.alarms,
        version.id,
        champion.version if shared and champion else None,
        golden.spread(task.platform, version) if shared else 0.0,
    )


def _plan(task: Task, version: ModelVersion, is_first: bool) -> tuple[str, ...]:
    """The traffic shifting, in sentences."""
    release = task.spec.release
    if is_first:
        return (f"The endpoint is created, with {version.id}.",)
    if task.run.trigger == "rollback":
        return (f"All traffic goes back to {version.id} as soon as it is up.",)
    if release.serverless is not None:
        return (f"All traffic goes to {version.id} as soon as it is up.", *release.limitations())
    watched = f"watched by alarms for {release.bake_minutes} minutes"
    share = f"{release.share:.0%}"
    how = {
        "all_at_once": f"All traffic goes to {version.id} as soon as it is up, {watched}.",
        "canary": f"{share} of the traffic goes to {version.id} first, {watched}; then all of it.",
        "linear": f"The traffic goes to {version.id} in steps of {share}, {watched}.",
    }
    return (how[release.traffic],)
