"""Training uploads as labels: the rows of accepted datasets whose key a served request has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from cloud import s3, tables
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial import layout
from perennial.contract import observed as names
from perennial.contract.model import ModelSpec
from perennial.monitoring.schemas import MOMENT, truth_schema
from perennial.records import DatasetVersion

#: after which the captures of the requests before an upload are complete; its rows are compared a second time then
COMPLETE = timedelta(days=1)
_OLD = timedelta(days=7)  # from which an upload is not looked at again
FINAL = "final"  # of a part's metadata


def keep(platform: Platform, ledger: Ledger, spec: ModelSpec, now: datetime) -> int:
    """Writes the labels of accepted datasets that were not compared with the requests yet; returns their number.

    A label counts for requests that were answered before its upload: later ones ask what the model was told.
    """
    if not spec.key:
        return 0
    known = {item["Key"] for item in s3.listing(platform.traffic_bucket, layout.table(layout.TRUTHS, spec.name))}
    count = 0
    for dataset in ledger.datasets(spec.name):
        if not dataset.accepted:
            continue
        key, age = layout.table_upload(spec.name, dataset.uploaded_at.date(), dataset.id), now - dataset.uploaded_at
        if key in known and (age > _OLD or _is_final(platform, key)):
            continue
        labels = _labels(platform, spec, dataset, now)
        final = {"Metadata": {FINAL: "yes" if age > COMPLETE else "no"}}
        s3.write_bytes(platform.traffic_bucket, key, tables.parquet(labels), **final)
        count += labels.height
    return count


def _is_final(platform: Platform, key: str) -> bool:
    return bool(s3.head(platform.traffic_bucket, key)["Metadata"].get(FINAL) == "yes")


def _labels(platform: Platform, spec: ModelSpec, dataset: DatasetVersion, now: datetime) -> pl.DataFrame:
    """The rows of a dataset whose key a request had that was answered before it was uploaded."""
    keys = list(spec.key)
    asked = pl.concat([pl.DataFrame(schema=_key_schema(spec)), *_asked(platform, spec, dataset.uploaded_at)]).unique()
    if asked.is_empty():
        return pl.DataFrame(schema=truth_schema(spec))
    found = [rows.join(asked, on=keys, how="semi") for rows in _rows(platform, spec, dataset)]
    rows = pl.concat(
        [pl.DataFrame(schema=_key_schema(spec) | {spec.target: pl.Null()}), *found], how="diagonal_relaxed"
    )
    uploaded = pl.lit(dataset.uploaded_at, MOMENT)
    values = {
        names.LABEL: pl.col(spec.target),
        names.KNOWN_AT: uploaded,
        names.UPLOADED_AT: uploaded,
        names.TRUTH: pl.lit(dataset.id),
        **{name: pl.col(name) for name in keys},
    }
    return rows.select(
        values.get(name, pl.lit(None)).cast(dtype).alias(name) for name, dtype in truth_schema(spec).items()
    )


def _key_schema(spec: ModelSpec) -> dict[str, pl.DataType]:
    schema = truth_schema(spec)
    return {name: schema[name] for name in spec.key}


def _asked(platform: Platform, spec: ModelSpec, before: datetime) -> Iterator[pl.DataFrame]:
    """The keys of the requests that were answered before a moment, a day at a time."""
    prefix = layout.table(layout.REQUESTS, spec.name)
    days = {layout.table_day(item["Key"]) for item in s3.listing(platform.traffic_bucket, prefix)}
    for day in sorted(day for day in days if day is not None and day <= before.date()):
        for item in s3.listing(platform.traffic_bucket, layout.table(layout.REQUESTS, spec.name, day)):
            part = tables.part(platform, item["Key"], [names.AT, *spec.key])
            if all(name in part.columns for name in spec.key):
                answered = part.filter(pl.col(names.AT) < before).select(spec.key).drop_nulls()
                yield answered.unique().cast(pl.Schema(_key_schema(spec)))


def _rows(platform: Platform, spec: ModelSpec, dataset: DatasetVersion) -> Iterator[pl.DataFrame]:
    """Key and target of the rows of a dataset, part by part."""
    bucket, columns = platform.data_bucket, [*spec.key, spec.target]
    for item in s3.listing(bucket, layout.parts(spec.name, dataset.id)):
        if layout.is_named(item["Key"], layout.ROWS):
            with TemporaryDirectory() as scratch:
                path = Path(scratch) / "rows"
                s3.download(bucket, item["Key"], path)
                stored = pl.read_parquet_schema(path)
                if all(name in stored for name in columns):
                    yield pl.read_parquet(path, columns=columns).drop_nulls()
