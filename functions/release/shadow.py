"""Before the candidate answers anybody: let it answer a copy of the champion's traffic, and compare the two."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cloud import configurations, endpoints, lease, traffic
from functions.release import golden
from functions.task import HOLD, Task, task
from perennial import layout, shadowing
from perennial.records import Champion

POLL_SECONDS = 10
LATE = timedelta(minutes=1)  # metrics come by whole minutes


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"state": "over" | "waiting" | "refused", "seconds": until the next look}.

    Called again and again; how far it is stands in the run. Raises EndpointBusyError, StuckEndpointError.
    """
    champion, release = task.ledger.champion(task.run.model), task.spec.release
    step = task.run.step("shadow")
    stage = step.figures["stage"] if step else "new"
    found = endpoints.describe(layout.endpoint(task.run.model))
    if release.shadow is None or champion is None or found is None or champion.version == task.event["version"]["id"]:
        return _now("over")
    if found.status == endpoints.STUCK:
        raise endpoints.StuckEndpointError(layout.endpoint(task.run.model), found.failure)
    if stage == "new":
        return _begin(task, champion)
    if found.is_changing:
        return _now("waiting", POLL_SECONDS)
    if stage == "starting":
        return _watch(task, found.config)
    if stage == "watching":
        return _compare(task, champion, datetime.fromisoformat(step.figures["since"]) if step else task.now)
    return _now("over")


def _begin(task: Task, champion: Champion) -> dict[str, Any]:
    shadow = task.spec.release.shadow
    assert shadow is not None, "asked only where the spec wants a shadow"
    version, serving = (task.ledger.version(id) for id in (task.event["version"]["id"], champion.version))
    config = configurations.create_shadow(task.platform, task.spec, version, serving)
    endpoints.release(layout.endpoint(task.run.model), config, None, task.spec.release.instances)
    said = f"{version.id} gets a copy of {shadow.percent}% of the traffic for {shadow.minutes} minutes."
    task.note("shadow", (said,), {"stage": "starting", "config": config})
    return _now("waiting", POLL_SECONDS)


def _watch(task: Task, config: str) -> dict[str, Any]:
    step, shadow = task.run.step("shadow"), task.spec.release.shadow
    assert step is not None, "this stage follows another"
    assert shadow is not None, "asked only where the spec wants a shadow"
    if config != step.figures["config"]:
        task.note("verify", (f"the endpoint did not take the shadow's configuration {step.figures['config']}",))
        return _now("refused")
    task.note("shadow", step.sentences, step.figures | {"stage": "watching", "since": task.now.isoformat()})
    lease.renew(task.ledger, task.run, task.now, timedelta(minutes=shadow.minutes) + HOLD)
    return _now("waiting", shadow.minutes * 60)


def _compare(task: Task, champion: Champion, since: datetime) -> dict[str, Any]:
    """Then the shadow goes: a canary starts from an endpoint of one variant."""
    version, serving = (task.ledger.version(id) for id in (task.event["version"]["id"], champion.version))
    until = task.now + LATE
    new, old = (traffic.seen(id, since - LATE, until) for id in (version.id, serving.id))
    found = shadowing.compare(new, old, task.spec.release.alarms, golden.spread(task.platform, version))
    figures = {"stage": "ending", "candidate": new.as_dict(), "champion": old.as_dict()}
    task.note("shadow", found.sentences, figures)
    if not found.passed:
        task.note("verify", found.sentences)
        return _now("refused")
    endpoints.release(layout.endpoint(task.run.model), configurations.name_of(serving))
    return _now("waiting", POLL_SECONDS)


def _now(state: str, seconds: int = 0) -> dict[str, Any]:
    return {"state": state, "seconds": seconds}
