"""Writes the tables of one version's hours: each from all captures of its hour, only if those have changed.

A part's bytes depend on its captures alone, it is written in one call, and its metadata has the digest of the captures.
So a crash between two calls, a second call and another order of files give the same tables. Two calls at a time: a part
is replaced only if nobody has replaced it since before the captures were listed; the later call leaves it to the next
one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from cloud import s3, tables
from cloud.platform import Platform
from functions import FunctionError
from functions.task import logger
from perennial import layout
from perennial.contract import observed as names
from perennial.contract.model import ModelSpec
from perennial.monitoring import captures, hour, request_schema
from perennial.monitoring.hour import Hour, HourCounts
from perennial.monitoring.reading import RequestReader, Traffic

Objects = Mapping[str, str]  # ETags by key
DIGEST, COUNTS = "captures", "counts"  # of a part's metadata


class OvertakenError(FunctionError):
    """Another call has written the part meanwhile."""


@dataclass(frozen=True)
class Version:
    """A version whose captures are read, with the reader of each of its records."""

    name: str
    spec: ModelSpec
    readers: Callable[[captures.Records], Iterable[tuple[RequestReader, captures.Records]]]


@dataclass
class Writer:
    """Writes the parts of a model's tables. `parts` are the ETags of those there were before captures were listed."""

    platform: Platform
    parts: Objects
    counts: HourCounts = field(default_factory=HourCounts)
    written: int = 0

    def write_day(self, version: Version, hours: Mapping[datetime, Objects]) -> None:
        """Writes the parts of one day whose captures have changed. `hours` are all hours of the day that have some."""
        before = ""
        earlier: list[datetime] = []
        for at, objects in sorted(hours.items()):
            digest = hour.digest(objects.items(), before)
            key = layout.table_hour(layout.REQUESTS, version.name, at)
            if self._digest(key) != digest:
                seen = [series for each in earlier for series in self._events(version, each)]
                try:
                    self._write(version, at, digest, self._merged(version, objects, seen))
                except OvertakenError:
                    logger.info("another call writes this hour", key=key)
                    return
            before = digest
            earlier.append(at)

    def _merged(self, version: Version, objects: Objects, seen: list[pl.Series]) -> Hour:
        found = [traffic for key in sorted(objects) for traffic in self._read(version, key)]
        return hour.merge(found, request_schema(version.spec), seen)

    def _read(self, version: Version, key: str) -> Iterator[Traffic]:
        for records in captures.read(s3.chunks(self.platform.traffic_bucket, key), key):
            for reader, some in version.readers(records):
                yield reader.read(some, key)

    def _digest(self, key: str) -> str:
        """The digest of the captures that a part was made from; '' where there is none."""
        if key not in self.parts:
            return ""
        return str(s3.head(self.platform.traffic_bucket, key)["Metadata"].get(DIGEST, ""))

    def _events(self, version: Version, at: datetime) -> Iterator[pl.Series]:
        for kind in (layout.REQUESTS, layout.UNREADABLE):
            try:
                part = tables.part(self.platform, layout.table_hour(kind, version.name, at), [names.EVENT])
            except s3.MissingObjectError:
                continue
            yield part[names.EVENT].drop_nulls().unique()

    def write_hour(self, version: Version, at: datetime, digest: str, found: Callable[[], Hour]) -> None:
        """Writes the parts of one hour if they were made from something else."""
        if self._digest(layout.table_hour(layout.REQUESTS, version.name, at)) == digest:
            return
        try:
            self._write(version, at, digest, found())
        except OvertakenError:
            logger.info("another call writes this hour", version=version.name, hour=at.isoformat())

    def _write(self, version: Version, at: datetime, digest: str, found: Hour) -> None:
        """Writes what could not be read first: the part of requests says that the hour is done."""
        key = layout.table_hour(layout.UNREADABLE, version.name, at)
        if found.unreadable.height or key in self.parts:
            self._put(version.spec, key, found.unreadable, {DIGEST: digest})
        counts = json.dumps(found.counts.as_tuple())
        self._put(
            version.spec,
            layout.table_hour(layout.REQUESTS, version.name, at),
            found.rows,
            {DIGEST: digest, COUNTS: counts},
        )
        self.counts += found.counts
        self.written += 1

    def _put(self, spec: ModelSpec, key: str, frame: pl.DataFrame, metadata: dict[str, str]) -> None:
        kms = spec.serving.capture_kms_key
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms} if kms else {}
        body = tables.parquet(frame)
        bucket, etag = self.platform.traffic_bucket, self.parts.get(key)
        if not s3.replace(bucket, key, body, etag, Metadata=metadata, **encryption):
            raise OvertakenError("another call has written the part meanwhile")


def listed(bucket: str, prefix: str) -> dict[str, str]:
    """The objects under a prefix with their ETags."""
    return {item["Key"]: item["ETag"] for item in s3.listing(bucket, prefix)}


def by_day(objects: Objects) -> dict[date, dict[datetime, dict[str, str]]]:
    """Capture objects by their day and hour; others are left out."""
    found: dict[date, dict[datetime, dict[str, str]]] = {}
    for key, etag in objects.items():
        at = layout.captured_hour(key)
        if at is not None:
            found.setdefault(at.date(), {}).setdefault(at, {})[key] = etag
    return found
