"""Scheduled, hourly: look at the traffic and the age of every champion that is due; a stale one is trained again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from cloud import executions, objects
from cloud.ledger import Ledger
from cloud.platform import Platform, from_environment
from functions.dispatch.handler import specs
from functions.monitoring.traffic import captured_profile
from functions.task import logger, metrics, utc_now
from perennial.contract.model import ModelSpec
from perennial.drift import compare
from perennial.profile import Profile
from perennial.records import Champion
from perennial.staleness import Watch, watch


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """-> {model: whether it is stale} for each model that was due."""
    platform, now = from_environment(), utc_now()
    ledger = Ledger(platform.ledger_table)
    found: dict[str, Any] = {}
    for model, spec in specs().items():
        champion = ledger.champion(model)
        if champion is not None and _is_due(ledger, spec, now):
            found[model] = _look(platform, ledger, spec, champion, now).stale
    return found


def _is_due(ledger: Ledger, spec: ModelSpec, now: datetime) -> bool:
    """Within half an hour of the interval counts: the schedule does not come to the second."""
    last = ledger.watched_at(spec.name)
    return last is None or now - last >= timedelta(hours=spec.monitoring.every_hours, minutes=-30)


def _look(platform: Platform, ledger: Ledger, spec: ModelSpec, champion: Champion, now: datetime) -> Watch:
    version = ledger.version(champion.version)
    reference = Profile.from_dict(objects.read_json(platform.models_bucket, version.profile_key))
    since = max(champion.since, now - timedelta(hours=spec.monitoring.every_hours))
    traffic = captured_profile(platform, spec, reference.grid, since, now)
    profiles = traffic.seen_of(reference), traffic.profile
    report = compare(*profiles, spec.drift, version.importance)
    found = watch(spec.monitoring, traffic.profile.rows, report.verdict, report.sentence, (now - champion.since).days)
    record = asdict(found) | {
        "model": spec.name,
        "version": version.id,
        "at": now.isoformat(),
        "broken": traffic.broken,
    }
    key = f"watch/{spec.name}/{now:%Y/%m/%d/%H%M%S}.json"
    objects.write_json(platform.traffic_bucket, key, record | {"drift_report": report.as_dict()})
    ledger.put_watch(spec.name, now, record)
    metrics.add_metric("StaleModels" if found.stale else "FreshModels", unit="Count", value=1)
    logger.info("model watched", model=spec.name, drift=found.drift, stale=found.stale, rows=found.rows)
    if found.stale and spec.monitoring.retrain:
        occasion = f"{now:%Y-%m-%d}"
        executions.tell_dispatch(platform, {"retrain": spec.name, "occasion": occasion})
    return found
