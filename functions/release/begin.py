"""Lead the endpoint to the new version's configuration, under alarms that lead it back."""

from __future__ import annotations

from typing import Any

from cloud import alarms, configurations, deployments, endpoints, objects
from functions.release import golden
from functions.task import Task, task
from perennial import layout
from perennial.records import ModelVersion


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"endpoint": name, "config": name, "alarms": [names that may roll it back], "began": ISO 8601}.

    Raises EndpointBusyError while the endpoint is changing or its alarms ring, StuckEndpointError where an earlier
    rollback failed.
    """
    version = task.ledger.version(task.event["version"]["id"])
    endpoint, by_hand = layout.endpoint(task.run.model), task.run.trigger == "rollback"
    if by_hand:  # it was registered long ago: is all of it still there?
        objects.head(task.platform.models_bucket, version.archive_key)
    config = configurations.create(task.platform, task.spec, version)
    found = endpoints.describe(endpoint)
    if found is not None and found.status == endpoints.STUCK and not by_hand:
        raise endpoints.StuckEndpointError(endpoint, found.failure)
    guarded = found is not None and task.spec.release.serverless is None and not by_hand
    release = {
        "endpoint": endpoint,
        "config": config,
        "alarms": [layout.alarm(task.run.model, kind) for kind in layout.ALARMS] if guarded else [],
        "began": task.now.isoformat(),
    }
    if found is not None and found.is_changing:
        endpoints.release(endpoint, config)  # ours, begun before a crash; or one that must be waited for
        return release
    if guarded:
        _wait_for_silence(task.run.model)
    names = _put_alarms(task, version)
    deployment = deployments.guarded(task.spec.release, names) if guarded else None
    endpoints.release(endpoint, config, deployment, task.spec.release.instances)
    task.note("release", _plan(task, version, found is None))
    return release


def _wait_for_silence(model: str) -> None:
    """What rings of the endpoint as it is, perhaps from the candidate before, would send this one back at once."""
    rings = alarms.ringing([layout.alarm(model, kind) for kind in ("errors", "latency")])
    if rings:
        raise endpoints.EndpointBusyError(f"{rings[0].sentence} No release begins before it is silent.")


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
    """How the traffic goes over, in sentences."""
    release = task.spec.release
    if is_first:
        return (f"The endpoint is made, with {version.id}.",)
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
