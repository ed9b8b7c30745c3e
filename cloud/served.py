"""Labelled rows that an endpoint answered, as an upload of its own with card and lineage."""

from __future__ import annotations

from datetime import datetime, timedelta

from cloud import s3, tables
from cloud.ledger import Ledger
from cloud.platform import Platform, client
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.identity import dataset_id
from perennial.records import Edge
from perennial.served import Served, labelled


def find(platform: Platform, spec: ModelSpec, now: datetime) -> Served:
    """The labelled rows that are in no dataset yet, of requests within monitoring.max_age_days.

    A row whose label came, or was corrected, after the last such dataset is in the next one.
    """
    since = now - timedelta(days=spec.monitoring.max_age_days)
    return labelled(tables.observations(platform, spec, since, now).frame, spec, last(platform, spec.name))


def last(platform: Platform, model: str) -> datetime | None:
    """The time of the model's newest dataset of served rows, by S3: also where its event is still under way."""
    items = s3.listing(platform.data_bucket, layout.served_prefix(model))
    times = [layout.served_at(item["Key"]) for item in items]
    return max((at for at in times if at is not None), default=None)


def put(platform: Platform, ledger: Ledger, spec: ModelSpec, served: Served, now: datetime) -> str:
    """Uploads the rows as a dataset with its card, and links it to truths and versions. Returns the dataset's id."""
    key = layout.served(spec.name, now)
    bucket = platform.data_bucket
    s3.write_json(bucket, layout.cards(key)[1], served.card())  # before the data, whose event starts the run
    answer = client("s3").put_object(Bucket=bucket, Key=key, Body=tables.parquet(served.rows))
    identity = dataset_id(spec.name, bucket, key, answer["VersionId"])
    origins = layout.dataset(spec.name, identity, layout.ORIGINS)
    client("s3").put_object(Bucket=bucket, Key=origins, Body=tables.parquet(served.origins))
    edges = [Edge(source=identity, kind="labelled_by", target=truth) for truth in served.truths]
    edges += [Edge(source=identity, kind="answered_by", target=version) for version in served.versions]
    ledger.link(tuple(edges))
    return identity
