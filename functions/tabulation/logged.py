"""The hours of rows that servers logged themselves, by version."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from cloud import traffic
from cloud.platform import Platform
from perennial.contract.model import ModelSpec
from perennial.identity import UnknownIdError, model_of
from perennial.monitoring import hour, request_schema
from perennial.monitoring.hour import Hour
from perennial.monitoring.logged import LoggedLine, read

RECENT_HOURS = 3  # that every call looks at
SWEPT = 5  # the hour of the day in which the whole day before is looked at

Found = tuple[str, datetime, str, Callable[[], Hour]]


def hours(platform: Platform, spec: ModelSpec, now: datetime, spec_of: Callable[[str], ModelSpec]) -> Iterator[Found]:
    """The version, the hour, the digest of its lines, and the tables of each recent hour with lines."""
    this = now.replace(minute=0, second=0, microsecond=0)
    count = now.hour + 24 if now.hour == SWEPT else RECENT_HOURS
    for at in (this - timedelta(hours=back) for back in reversed(range(count))):
        lines: dict[str, list[LoggedLine]] = {}
        for found in traffic.inputs(platform, spec.name, at, at + timedelta(hours=1)):
            version = str(found.line.get("model"))
            if _is_of(version, spec.name):
                lines.setdefault(version, []).append(LoggedLine(found.event, found.at, found.line))
        for version, some in lines.items():
            digest = hour.digest([(each.event, "") for each in some], "log")
            yield version, at, digest, partial(_merged, some, spec_of(version), version)


def _merged(lines: list[LoggedLine], spec: ModelSpec, version: str) -> Hour:
    ordered = sorted(lines, key=lambda each: (each.at, each.event))
    return hour.merge([read(ordered, spec, version)], request_schema(spec))


def _is_of(version: str, model: str) -> bool:
    try:
        return model_of(version) == model
    except UnknownIdError:
        return False
