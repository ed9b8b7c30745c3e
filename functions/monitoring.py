"""Scheduled: looks at the traffic of every champion that is due, judges it, and trains a stale model again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from aws_lambda_powertools.metrics import MetricUnit, single_metric

from cloud import champions, retrainings, s3, served, tables
from cloud.handovers import MonitoredModels
from cloud.ledger import Ledger
from cloud.platform import Platform, from_environment
from functions import retraining, site
from functions.baselines import newest_window, past_windows, reference_rows
from functions.dispatch.handler import scheduled
from functions.task import for_each_model, logger, metrics, utc_now
from functions.withholding import withholding
from perennial import layout
from perennial.contract import observed
from perennial.contract.model import ModelSpec
from perennial.former_keys import with_current_keys
from perennial.live import LivePoint
from perennial.monitoring.looks import Judged, LookRecord, MetricPair, look, recorded, watched_by
from perennial.monitoring.staleness import Staleness, staleness
from perennial.monitoring.windows import Watched
from perennial.profile import Profile
from perennial.records import Champion, ModelVersion

ROWS_LIMIT = 1_000_000  # in one look; more traffic changes no verdict


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@withholding
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Monitors a model if it is due, or without `model` all that are."""
    platform, now = from_environment(), utc_now()
    ledger, specs = Ledger(platform.ledger_table), scheduled(event)

    def monitor(model: str) -> bool | None:
        champion = ledger.champion(model)
        if champion is None or not _is_due(ledger, specs[model], now):
            return None
        return _monitor(platform, ledger, specs[model], champion, now).stale

    found = for_each_model(specs, monitor)
    return MonitoredModels({model: stale for model, stale in found.items() if stale is not None}).to_json()


def _is_due(ledger: Ledger, spec: ModelSpec, now: datetime) -> bool:
    """A model is due half an hour before its interval ends: schedules are not exact."""
    last = ledger.monitored_at(spec.name)
    return last is None or now - last >= timedelta(hours=spec.monitoring.every_hours, minutes=-30)


def _monitor(platform: Platform, ledger: Ledger, spec: ModelSpec, champion: Champion, now: datetime) -> LookRecord:
    version = ledger.version(champion.version)
    watched = _watched(platform, spec, champion, version)
    frame, unreadable = _observed(platform, spec, version, watched, now)
    past = past_windows(platform, spec.name, version.id, champion.since, now)
    judged = look(frame, watched, now, past)
    found = recorded(judged, watched, (spec.name, version.id), now, unreadable)
    facts = retrainings.facts(ledger, spec, champion, found.verdict, now)
    lost = staleness(_staleness_before(ledger, spec.name), judged.windows, watched.served.gate.value, facts.trained_at)
    found = replace(found, staleness=lost)
    newest = newest_window(judged.windows[-1] if judged.windows else None, spec.monitoring.min_rows)
    detail = found.to_json() | {"windows": _windows(judged), "newest": newest}
    s3.write_json(platform.traffic_bucket, layout.monitoring(spec.name, now), detail)
    _put_metrics(found, judged)
    logger.info("model monitored", model=spec.name, verdict=found.verdict, drift=found.drift, rows=found.rows)
    # The decision first: a model whose look is not on record is looked at again within the hour.
    model = retraining.Model(spec, champion, served.find(platform, spec, now))
    retraining.look(platform, ledger, model, replace(facts, loss=lost.money if lost else None))
    ledger.put_monitoring(spec.name, now, found.to_json())
    ledger.put_live_point(_point(found, judged, watched, now))
    site.write_model(platform, ledger, spec.name)
    return found


def _staleness_before(ledger: Ledger, model: str) -> Staleness | None:
    """The loss after the look before; None where it was not known."""
    found = (ledger.monitoring(model) or {}).get("staleness")
    return Staleness.from_json(found) if found else None


def _watched(platform: Platform, spec: ModelSpec, champion: Champion, version: ModelVersion) -> Watched:
    """The version and its baselines; its gate is that of the spec that it was trained by."""
    trained_by = champions.spec_of(platform, version) or spec
    profile = Profile.from_dict(s3.read_json(platform.models_bucket, version.profile_key))
    reference = _without_hidden(profile, trained_by)
    return watched_by(
        _evaluation(platform, version),
        trained_by.problem,
        trained_by.gate_checks(),
        released=champion.since,
        reference=reference,
        rows=reference_rows(platform, trained_by, version, list(reference.columns)),
        importance=version.importance,
        drift=spec.drift,
        policy=spec.monitoring,
        target=trained_by.target,
    )


def _evaluation(platform: Platform, version: ModelVersion) -> dict[str, Any]:
    """The evaluation of the version's run; empty where there is none any more: then nothing was promised."""
    try:
        found = s3.read_json(platform.models_bucket, layout.run(version.run, layout.EVALUATION))
    except s3.MissingObjectError:
        return {}
    return dict(with_current_keys(found))


def _without_hidden(reference: Profile, spec: ModelSpec) -> Profile:
    """The reference of the features and the target that traffic shows as they are: a hash has no distribution."""
    hidden = spec.sensitive() if spec.serving.sensitive != "keep" else ()
    names = [name for name in (*spec.features(), spec.target) if name in reference.columns and name not in hidden]
    grid = type(reference.grid)({name: reference.grid.columns[name] for name in names})
    return Profile(grid, reference.rows, {name: reference.columns[name] for name in names})


def _observed(
    platform: Platform, spec: ModelSpec, version: ModelVersion, watched: Watched, now: datetime
) -> tuple[pl.DataFrame, int]:
    """The observations of the version, and the requests of the newest window that could not be read."""
    hours = watched.policy.every_hours * watched.policy.windows + 24 * (watched.policy.label_days + 1)
    since = max(watched.released, now - timedelta(hours=hours))
    found = tables.observations(platform, spec, since, now)
    frame = found.frame.filter(pl.col(observed.VERSION) == version.id).tail(ROWS_LIMIT)
    newest = max(watched.released, now - timedelta(hours=watched.policy.every_hours))
    return frame, tables.unreadable(platform, spec.name, newest, now).height


def _windows(judged: Judged) -> list[dict[str, Any]]:
    return [
        {
            "start": each.start.isoformat(),
            "end": each.end.isoformat(),
            "drift_report": each.drift.as_dict(),
            "quality": each.quality.to_json(),
        }
        for each in judged.windows
    ]


def _point(found: LookRecord, judged: Judged, watched: Watched, now: datetime) -> LivePoint:
    """The look's point of the time lines."""
    gate = watched.served.gate
    pairs = {each.name: each for each in found.metrics}
    quality, value = pairs.get(gate.metric, MetricPair(gate.metric)), pairs.get("value", MetricPair("value"))
    return LivePoint(
        model=found.model,
        version=found.version,
        at=now,
        verdict=found.verdict,
        metric=gate.metric,
        live=_ends(quality.live),
        promised=_ends(quality.promised),
        value=_ends(value.live),
        value_promised=_ends(value.promised),
        gap=_widest_gap(judged),
        drift=judged.windows[-1].drift.dataset_drift if judged.windows else None,
        currency=gate.value.currency if gate.value else "",
    )


def _widest_gap(judged: Judged) -> dict[str, float | None] | None:
    """The widest difference between groups in the newest window with enough labels."""
    labelled = next((each.quality for each in reversed(judged.windows) if each.quality.metrics), None)
    entries = labelled.fairness if labelled else ()
    found = [_ends(measured) for entry in entries for measured in (entry.get("apart") or {}).values()]
    known = [each for each in found if each is not None and each["value"] is not None]
    return max(known, key=lambda each: each["value"] or 0.0, default=None)


def _ends(metric: Mapping[str, Any] | None) -> dict[str, float | None] | None:
    return None if metric is None else {end: metric.get(end) for end in ("value", "low", "high")}


def _put_metrics(found: LookRecord, judged: Judged) -> None:
    """The metrics of one model, each under its name, and the number of models by verdict."""
    metrics.add_metric("StaleModels" if found.stale else "FreshModels", unit=MetricUnit.Count, value=1)
    rows = max(1, found.rows)
    told = {"Staleness": float(found.stale), "Coverage": found.labelled / rows, "AgeDays": float(found.age_days)}
    if judged.windows:
        told["Drift"] = judged.windows[-1].drift.dataset_drift
    for metric in found.metrics:
        name = "Value" if metric.name == "value" else "Quality"
        if name not in told and metric.live is not None and metric.live["value"] is not None:
            told[name] = metric.live["value"]
    for name, value in told.items():
        with single_metric(name=name, unit=MetricUnit.NoUnit, value=value) as told_metric:
            told_metric.add_dimension(name="Monitored", value=found.model)
