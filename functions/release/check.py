"""Checks the progress of a deployment, and which of its alarms are in ALARM."""

from __future__ import annotations

from datetime import datetime, timedelta

from cloud import alarms, endpoints, traffic
from cloud.alarms import AlarmBreach
from cloud.endpoints import EndpointState
from cloud.handovers import DeploymentRequest, EndpointCheck
from functions.task import Task, task, wait_if_busy

LONGEST = timedelta(hours=12)  # of a deployment; the execution's own timeout includes the wait for an approval


@task(DeploymentRequest)
def handler(task: Task, request: DeploymentRequest) -> EndpointCheck:
    """Reports the state of the deployment; where calls are throttled it is looked at later. Raises StuckEndpointError.

    An endpoint is InService after a rollback as well, so the name of its configuration decides, too.
    """
    return wait_if_busy(task, "check_endpoint", lambda: _look(task, request), EndpointCheck("waiting"))


def _look(task: Task, request: DeploymentRequest) -> EndpointCheck:
    release = request.release
    found = endpoints.describe(release.endpoint)
    if found is None:
        return _failed(task, f"the endpoint {release.endpoint} does not exist any more")
    if found.status == endpoints.STUCK:
        raise endpoints.StuckEndpointError(task.run.model, release.endpoint, found.failure)
    if found.is_changing and task.now - datetime.fromisoformat(release.began) > LONGEST:
        hours = LONGEST.total_seconds() / 3600
        return _failed(task, f"the endpoint did not take {release.config} within {hours:g} hours: {found.status}")
    if found.is_changing:
        _record_breaches(task, alarms.breached(release.alarms))
        return EndpointCheck("baking" if _is_to_be_asked(task, request, found) else "waiting")
    if found.status == "InService" and found.config == release.config:
        return EndpointCheck("in_service")
    _record_breaches(task, alarms.breached_since(release.alarms, datetime.fromisoformat(release.began)))
    return _failed(task, _reason(task, release.config, found))


def _is_to_be_asked(task: Task, request: DeploymentRequest, found: EndpointState) -> bool:
    return (
        found.status == "Updating"
        and bool(request.release.alarms)
        and found.pending == request.release.config
        and found.takes_traffic
        and not task.ledger.run(task.run.id).canary_checked
    )


def _record_breaches(task: Task, breaches: list[AlarmBreach]) -> None:
    """Records breaches that are not on record yet, with their values."""
    run = task.ledger.run(task.run.id)
    new = [breach for breach in breaches if breach.alarm not in run.breached_alarms]
    if new:
        seen = run.step("alarms")
        sentences, breaches = (seen.sentences, seen.details["alarms"]) if seen else ((), [])
        task.note(
            "alarms",
            (*sentences, *(breach.sentence for breach in new)),
            {"alarms": [*breaches, *(breach.as_dict() for breach in new)]},
            breached_alarms=(*run.breached_alarms, *(breach.alarm for breach in new)),
        )


def _reason(task: Task, config: str, found: EndpointState) -> str:
    """The reason why the endpoint does not have its new configuration: an alarm, or SageMaker's own reason."""
    run = task.ledger.run(task.run.id)
    alarm, canary = run.step("alarms"), run.step("canary")
    by_request = task.platform.environment.alarm(run.model, "withdrawn") in run.breached_alarms
    told = [*(alarm.sentences if alarm else ()), *(canary.sentences if canary and by_request else ())]
    if told and found.status == "InService":
        return "the release was rolled back: " + " ".join(sentence.rstrip(".") + "." for sentence in told)
    reason = found.failure or "SageMaker gives no reason"
    log = traffic.load_fault(task.platform, run.model, run.version, run.started_at) if run.version else ""
    own = f"; the candidate's server says: {log}" if log else ""
    return f"the endpoint did not take {config}: {found.status}, {reason}{own}"


def _failed(task: Task, reason: str) -> EndpointCheck:
    task.note("verify", (reason,))
    return EndpointCheck("failed", reason)
