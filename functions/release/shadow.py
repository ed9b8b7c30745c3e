"""Deploys the candidate as a shadow: it answers a copy of the champion's traffic, and the two are compared."""

from __future__ import annotations

from datetime import datetime, timedelta

from cloud import archives, endpoint_configs, endpoints, lease, quotas, traffic
from cloud.handovers import HOLD, PAUSE_SECONDS, ShadowResult, VersionRequest
from functions.release import golden
from functions.release.deployment import BUSY_WAITS
from functions.task import Task, task, wait_if_busy
from perennial import shadowing
from perennial.records import Champion, ShadowProgress

POLL_SECONDS = 10
LATE = timedelta(minutes=1)  # CloudWatch metrics are per minute


@task(VersionRequest)
def handler(task: Task, request: VersionRequest) -> ShadowResult:
    """Takes the next step of the shadow deployment; its progress is in the run's record.

    Raises EndpointBusyError after an hour of waiting for another change of the endpoint, BusyError after six hours of
    waiting for instances or calls, QuotaError, StuckEndpointError; UnsignedError or ArchiveError for another archive
    than the registered one.
    """
    later = ShadowResult("waiting", quotas.PAUSE.seconds)
    return wait_if_busy(task, "shadow", lambda: _next_step(task, request), later)


def _next_step(task: Task, request: VersionRequest) -> ShadowResult:
    champion, release = task.ledger.champion(task.run.model), task.spec.release
    progress, candidate = task.run.shadow, request.version.id
    found = endpoints.describe(task.endpoint)
    if release.shadow is None or champion is None or found is None or champion.version == candidate:
        return ShadowResult("over")
    if found.status == endpoints.STUCK:
        raise endpoints.StuckEndpointError(task.run.model, task.endpoint, found.failure)
    if progress is None:
        return _start(task, champion, candidate)
    if found.is_changing:
        return ShadowResult("waiting", POLL_SECONDS)
    if progress.stage == "starting":
        return _watch(task, progress, found.config)
    if progress.stage == "watching":
        return _compare(task, champion, candidate, progress.since or task.now)
    return ShadowResult("over")


def _start(task: Task, champion: Champion, candidate: str) -> ShadowResult:
    shadow = task.spec.release.shadow
    assert shadow is not None, "the spec has a shadow deployment"
    version, serving = task.ledger.version(candidate), task.ledger.version(champion.version)
    archives.check_registered(task.platform, version)
    config = endpoint_configs.create_shadow(task.platform, task.spec, version, serving)
    task.keep_lease()
    if not endpoints.deploy(task.endpoint, config, None, task.spec.release.instances):
        return _wait(task)
    sentence = f"{version.id} gets a copy of {shadow.percent}% of the traffic for {shadow.minutes} minutes."
    task.note("shadow", (sentence,), shadow=ShadowProgress(stage="starting", config=config))
    return ShadowResult("waiting", POLL_SECONDS)


def _watch(task: Task, progress: ShadowProgress, config: str) -> ShadowResult:
    """Checks that the shadow is in service, and lets it run for the spec's minutes."""
    shadow = task.spec.release.shadow
    assert shadow is not None, "the spec has a shadow deployment"
    if config != progress.config:
        task.note("verify", (f"the endpoint did not take the shadow's configuration {progress.config}",))
        return ShadowResult("refused")
    task.change("shadow", shadow=progress.model_copy(update={"stage": "watching", "since": task.now}))
    lease.renew(task.ledger, task.run, task.now, timedelta(minutes=shadow.minutes) + HOLD)
    return ShadowResult("waiting", shadow.minutes * 60)


def _compare(task: Task, champion: Champion, candidate: str, since: datetime) -> ShadowResult:
    """Compares the two and removes the shadow: a canary needs an endpoint with one variant."""
    version, serving = task.ledger.version(candidate), task.ledger.version(champion.version)
    until = task.now + LATE
    new, old = (traffic.counts(task.platform, id, since - LATE, until) for id in (version.id, serving.id))
    found = shadowing.compare(new, old, task.spec.release.alarms, golden.spread(task.platform, version))
    task.keep_lease()
    if found.passed and not endpoints.deploy(
        task.endpoint, endpoint_configs.name_of(task.platform.environment, serving)
    ):
        return _wait(task)
    counts = {"candidate": new.as_dict(), "champion": old.as_dict()}
    task.note("shadow", found.sentences, counts, shadow=ShadowProgress(stage="ending"))
    if not found.passed:
        task.note("verify", found.sentences)
        return ShadowResult("refused")
    return ShadowResult("waiting", POLL_SECONDS)


def _wait(task: Task) -> ShadowResult:
    if not task.may_wait("shadow", BUSY_WAITS):
        raise endpoints.EndpointBusyError(f"the endpoint {task.endpoint} is still changing")
    return ShadowResult("waiting", PAUSE_SECONDS)
