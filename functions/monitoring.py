"""Scheduled, hourly: checks the traffic and the age of every champion that is due; trains a stale model again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from cloud import champions, messaging, s3
from cloud.handovers import MonitoredModels
from cloud.ledger import Ledger
from cloud.platform import Platform, from_environment
from functions import site
from functions.captured_traffic import captured_profile
from functions.dispatch.handler import scheduled
from functions.task import logger, metrics, utc_now
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.drift import compare
from perennial.profile import Profile
from perennial.records import Champion
from perennial.retraining import Staleness, assess


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Monitors a model if it is due, or without `model` all that are."""
    platform, now = from_environment(), utc_now()
    ledger = Ledger(platform.ledger_table)
    stale: dict[str, bool] = {}
    for model, spec in scheduled(event).items():
        champion = ledger.champion(model)
        if champion is not None and _is_due(ledger, spec, now):
            stale[model] = _monitor(platform, ledger, spec, champion, now).stale
    return MonitoredModels(stale).to_json()


def _is_due(ledger: Ledger, spec: ModelSpec, now: datetime) -> bool:
    """A model is due half an hour before its interval ends: schedules are not exact."""
    last = ledger.monitored_at(spec.name)
    return last is None or now - last >= timedelta(hours=spec.monitoring.every_hours, minutes=-30)


def _monitor(platform: Platform, ledger: Ledger, spec: ModelSpec, champion: Champion, now: datetime) -> Staleness:
    version = ledger.version(champion.version)
    reference = Profile.from_dict(s3.read_json(platform.models_bucket, version.profile_key))
    since = max(champion.since, now - timedelta(hours=spec.monitoring.every_hours))
    trained_by = champions.spec_of(platform, version) or spec
    traffic = captured_profile(platform, trained_by, version.id, reference.grid, since, now)
    profiles = traffic.same_columns(reference), traffic.profile
    report = compare(*profiles, spec.drift, version.importance)
    found = assess(spec.monitoring, traffic.profile.rows, report.verdict, report.sentence, (now - champion.since).days)
    found = found.with_unreadable(traffic.unreadable)
    record = asdict(found) | {
        "model": spec.name,
        "version": version.id,
        "at": now.isoformat(),
        "broken": traffic.broken,
        "unreadable": traffic.unreadable,
    }
    s3.write_json(
        platform.traffic_bucket, layout.monitoring(spec.name, now), record | {"drift_report": report.as_dict()}
    )
    ledger.put_monitoring(spec.name, now, record)
    site.write_model(platform, ledger, spec.name)
    metrics.add_metric("StaleModels" if found.stale else "FreshModels", unit="Count", value=1)
    logger.info("model monitored", model=spec.name, drift=found.drift, stale=found.stale, rows=found.rows)
    if found.stale and spec.monitoring.retrain:
        messaging.retrain(platform, spec.name, f"{now:%Y-%m-%d}")
    return found
