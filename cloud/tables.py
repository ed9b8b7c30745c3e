"""The tables of a model's traffic in S3: Parquet parts, each written whole or not at all."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from cloud import s3
from cloud.platform import Platform
from perennial import layout, monitoring
from perennial.contract import observed as names
from perennial.contract.model import ModelSpec
from perennial.monitoring import Observations, request_schema, truth_schema, unreadable_schema

_AHEAD = 8  # parts that are fetched at a time
_MARGIN = timedelta(days=1)  # captures lie in the folder of the hour in which SageMaker began their file


@dataclass(frozen=True)
class Choice:
    """Some of the rows: those of one version, of these columns (and those that say which row it is), at most so many.

    No further part is read once there are `most` rows.
    """

    version: str | None = None
    columns: Sequence[str] | None = None
    most: int | None = None


def requests(
    platform: Platform,
    spec: ModelSpec,
    since: datetime,
    until: datetime,
    choice: Choice = Choice(),
) -> pl.DataFrame:
    """The rows that were answered in `since <= _at < until` (UTC), each once."""
    identity = [names.AT, names.VERSION, names.EVENT, names.ROW]
    wanted = None if choice.columns is None else [*identity, *choice.columns]
    schema = request_schema(spec)
    empty = pl.DataFrame(
        schema=schema if wanted is None else {n: schema[n] for n in dict.fromkeys(wanted) if n in schema}
    )
    inside = (pl.col(names.AT) >= since) & (pl.col(names.AT) < until)
    if choice.version is not None:
        inside &= pl.col(names.VERSION) == choice.version
    keys = _keys(platform, layout.REQUESTS, spec.name, since, until)
    parts: list[pl.DataFrame] = []
    for part in _parts(platform, keys, wanted):
        parts.append(part.filter(inside))
        if choice.most is not None and sum(each.height for each in parts) >= choice.most:
            break
    return pl.concat([empty, *parts], how="diagonal_relaxed").unique(
        [names.EVENT, names.ROW], keep="first", maintain_order=True
    )


def unreadable(platform: Platform, model: str, since: datetime, until: datetime) -> pl.DataFrame:
    """The requests of a window that are in no table of requests; records without a time count in their file's hour."""
    keys = _keys(platform, layout.UNREADABLE, model, since, until)
    at = pl.col(names.AT)
    parts = [pl.DataFrame(schema=unreadable_schema())]
    for key, part in zip(keys, _parts(platform, keys, None), strict=True):
        day = layout.table_day(key)
        nameless = at.is_null() & pl.lit(day is not None and since.date() <= day <= until.date())
        parts.append(part.filter(nameless | ((at >= since) & (at < until))))
    return pl.concat(parts, how="diagonal_relaxed")


def truths(platform: Platform, spec: ModelSpec) -> pl.DataFrame:
    """All labels of a model that were uploaded."""
    keys = [item["Key"] for item in s3.listing(platform.traffic_bucket, layout.table(layout.TRUTHS, spec.name))]
    return pl.concat([pl.DataFrame(schema=truth_schema(spec)), *_parts(platform, keys, None)], how="diagonal_relaxed")


def observations(
    platform: Platform, spec: ModelSpec, since: datetime, until: datetime, known_by: datetime | None = None
) -> Observations:
    """The rows of a window joined with their labels, see perennial.monitoring.observations."""
    rows = requests(platform, spec, since, until)
    return monitoring.observations(rows, truths(platform, spec), spec, since, until, known_by)


def parquet(frame: pl.DataFrame) -> bytes:
    """A part's bytes; the same frame gives the same bytes."""
    file = io.BytesIO()
    frame.write_parquet(file, compression="zstd", compression_level=1, row_group_size=100_000)
    return file.getvalue()


def part(platform: Platform, key: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """One part of a table, or some of its columns; those that it lacks are left out."""
    body = io.BytesIO(s3.read(platform.traffic_bucket, key))
    if columns is None:
        return pl.read_parquet(body)
    has = pl.read_parquet_schema(body)
    body.seek(0)
    return pl.read_parquet(body, columns=[name for name in dict.fromkeys(columns) if name in has])


def _keys(platform: Platform, kind: str, model: str, since: datetime, until: datetime) -> list[str]:
    first, last = (since - _MARGIN).date(), (until + _MARGIN).date()
    days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    folders = [layout.table(kind, model, day) for day in days]
    if len(days) > _AHEAD:
        folders = [layout.table(kind, model)]
    found = [item["Key"] for folder in folders for item in s3.listing(platform.traffic_bucket, folder)]
    return [key for key in found if _is_within(key, first, last)]


def _is_within(key: str, first: date, last: date) -> bool:
    day = layout.table_day(key)
    return day is not None and first <= day <= last


def _parts(platform: Platform, keys: Sequence[str], columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
    """The parts in their order; _AHEAD are fetched and held at a time."""
    with ThreadPoolExecutor(_AHEAD) as pool:
        for start in range(0, len(keys), _AHEAD):
            yield from list(pool.map(lambda key: part(platform, key, columns), keys[start : start + _AHEAD]))
