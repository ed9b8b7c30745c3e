"""Searches the buckets and the ledger for a subject: every version of every object of a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from cloud import s3
from cloud.ledger import Ledger, MissingRecordError
from cloud.platform import Platform
from perennial.contract.model import ModelSpec
from perennial.forgetting import contents
from perennial.forgetting.places import BUCKETS, Bucket, Unreachable, place_of, prefixes, unreachable
from perennial.forgetting.planning import Plan, Records, Stored, plan, saw
from perennial.forgetting.tracing import Tracer

#: the places in which a subject's rows stand whole: they are searched first, and what they hold is looked for elsewhere
_FIRST = ("uploads", "accepted rows", "quarantined rows", "refused datasets")
LOG_DAYS, TRAFFIC_DAYS = 90, 180  # the defaults of a deployment


def stored(platform: Platform, model: str) -> Iterator[Stored]:
    """Every version of every object of a model, in all three buckets."""
    for bucket in BUCKETS:
        for prefix in prefixes(bucket, model):
            for item in s3.version_listing(name_of(platform, bucket), prefix):
                yield Stored(bucket, item["Key"], item["VersionId"], item["Size"])


def searched(platform: Platform, tracer: Tracer, objects: Iterable[Stored]) -> Iterator[Stored]:
    """The same objects with what they hold; those with whole rows first, so that `tracer` knows these."""
    waiting = []
    for each in objects:
        place = place_of(each.bucket, tracer.spec.name, each.key)
        if place is None:
            continue
        if place.name in _FIRST:
            yield _searched(platform, tracer, each, learn=True)
        else:
            waiting.append(each)
    for each in waiting:
        yield _searched(platform, tracer, each, learn=False)


def holds_rows(each: Stored, model: str) -> bool:
    """True for an object with whole rows, by which the subject is recognised elsewhere."""
    place = place_of(each.bucket, model, each.key)
    return place is not None and place.name in _FIRST


def ends(platform: Platform) -> tuple[Unreachable, ...]:
    """The places that cannot be reached, by the settings of the deployment; an earlier one has the defaults."""
    return unreachable(int(platform.log_days or LOG_DAYS) or None, int(platform.traffic_days or TRAFFIC_DAYS))


def planned(platform: Platform, ledger: Ledger, tracer: Tracer, now: datetime) -> Plan:
    """The plan to forget the subjects of the tracer. Reads every object version of the model, and changes nothing."""
    model = tracer.spec.name
    found = list(searched(platform, tracer, stored(platform, model)))
    return plan(model, found, _records(ledger, tracer), price(ledger, tracer.spec), ends(platform), now)


def saw_subject(platform: Platform, ledger: Ledger, tracer: Tracer) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The dataset versions with accepted rows of the subjects, and the model versions that were trained on these.

    Only accepted rows are read, as they are now and as they were.
    """
    model = tracer.spec.name
    accepted = [
        (each, place)
        for each in stored(platform, model)
        if (place := place_of(each.bucket, model, each.key)) is not None and place.name == "accepted rows"
    ]
    found = [(_searched(platform, tracer, each, learn=False), place) for each, place in accepted]
    with_rows = [each.key for each, _ in found if each.found.rows]
    datasets = tuple(one.id for one in ledger.datasets(model) if any(f"/{one.id}/" in key for key in with_rows))
    return datasets, saw(datasets, found, ledger.versions(model))


def price(ledger: Ledger, spec: ModelSpec) -> float:
    """The price of a training: for as long as the champion's run took, else for as long as one may take."""
    hours = spec.training.max_minutes / 60
    champion = ledger.champion(spec.name)
    if champion is not None:
        try:
            run = ledger.run(ledger.version(champion.version).run)
        except MissingRecordError:
            run = None
        if run is not None and run.ended_at is not None:
            hours = min(hours, (run.ended_at - run.started_at) / timedelta(hours=1))
    return spec.monitoring.retraining.hour_price * hours


def name_of(platform: Platform, bucket: Bucket) -> str:
    """The name of a bucket."""
    names = {"data": platform.data_bucket, "models": platform.models_bucket, "traffic": platform.traffic_bucket}
    return names[bucket]


def _searched(platform: Platform, tracer: Tracer, each: Stored, learn: bool) -> Stored:
    body = s3.read(name_of(platform, each.bucket), each.key, each.version_id)
    return replace(each, found=contents.search(body, tracer, learn))


def _records(ledger: Ledger, tracer: Tracer) -> Records:
    model = tracer.spec.name
    champion = ledger.champion(model)
    return Records(
        datasets=ledger.datasets(model),
        runs=ledger.runs(model),
        versions=ledger.versions(model),
        champion=champion.version if champion else None,
        mentions=sum(1 for text in ledger.texts(model) if tracer.mentions(text)),
    )
