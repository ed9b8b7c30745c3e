"""Ask how far the endpoint has come, and which alarms ring."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from cloud import alarms, endpoints, traffic
from cloud.endpoints import EndpointState
from functions.task import Task, task

LONGEST = timedelta(hours=12)  # the run itself has a month, for it may have waited for a person


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"state": "updating" | "baking" | "in_service" | "failed", "reason": text}

    A rollback also ends InService, so the configuration's name decides, not the status alone. `baking`: the new fleet
    has a share of the traffic and was not asked the golden rows yet. Raises StuckEndpointError.
    """
    release = task.event["release"]
    found = endpoints.describe(release["endpoint"])
    if found is None:
        return _failed(task, f"the endpoint {release['endpoint']} is gone")
    if found.status == endpoints.STUCK:
        raise endpoints.StuckEndpointError(release["endpoint"], found.failure)
    if found.is_changing and task.now - datetime.fromisoformat(release["began"]) > LONGEST:
        hours = LONGEST.total_seconds() / 3600
        return _failed(task, f"the endpoint did not take {release['config']} within {hours:g} hours: {found.status}")
    if found.is_changing:
        _watch(task, release["alarms"])
        return {"state": "baking" if _is_to_be_asked(task, found) else "updating", "reason": ""}
    if found.status == "InService" and found.config == release["config"]:
        return {"state": "in_service", "reason": ""}
    _watch(task, release["alarms"])
    return _failed(task, _reason(task, found))


def _is_to_be_asked(task: Task, found: EndpointState) -> bool:
    release, asked = task.event["release"], task.ledger.run(task.run.id).step("canary")
    return (
        found.status == "Updating"
        and bool(release["alarms"])
        and found.pending == release["config"]
        and found.takes_traffic
        and asked is None
    )


def _watch(task: Task, names: list[str]) -> None:
    """Keep what an alarm saw when it rang: it falls silent soon after."""
    seen = task.ledger.run(task.run.id).step("alarms")
    known = {ring["alarm"] for ring in seen.figures["alarms"]} if seen else set()
    new = [ring for ring in alarms.ringing(names) if ring.alarm not in known]
    if new:
        sentences, figures = (seen.sentences, seen.figures["alarms"]) if seen else ((), [])
        told = {"alarms": [*figures, *(ring.as_dict() for ring in new)]}
        task.note("alarms", (*sentences, *(ring.sentence for ring in new)), told)


def _reason(task: Task, found: EndpointState) -> str:
    """Why the endpoint is not where it was led: an alarm, or what SageMaker says."""
    run = task.ledger.run(task.run.id)
    rang, canary = run.step("alarms"), run.step("canary")
    told = [
        *(rang.sentences if rang else ()),
        *(canary.sentences if rang and canary and _withdrew(rang.figures["alarms"]) else ()),
    ]
    if told and found.status == "InService":
        return "the release was rolled back: " + " ".join(sentence.rstrip(".") + "." for sentence in told)
    said = found.failure or "SageMaker gives no reason"
    log = traffic.load_fault(run.model, run.version, run.started_at) if run.version else ""
    own = f"; the candidate's server says: {log}" if log else ""
    return f"the endpoint did not take {task.event['release']['config']}: {found.status}, {said}{own}"


def _withdrew(rings: list[dict[str, Any]]) -> bool:
    return any(ring["kind"] == "withdrawn" for ring in rings)


def _failed(task: Task, reason: str) -> dict[str, Any]:
    task.note("verify", (reason,))
    return {"state": "failed", "reason": reason}
