"""Baselines of a window of traffic besides the whole reference: its rows by season, and earlier windows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from cloud import s3
from cloud.platform import Platform
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.monitoring.seasons import FEWEST_ROWS, PastWindow, ReferenceRows
from perennial.monitoring.windows import Window
from perennial.profile import Profile
from perennial.records import ModelVersion

#: of the training data, read in one look; a sample of them is held
_MOST_BYTES, _MOST_ROWS = 256 << 20, 200_000
#: the days after a release whose windows are baselines, and the looks of a day that are read
_DAYS = 36


def reference_rows(platform: Platform, spec: ModelSpec, version: ModelVersion, columns: list[str]) -> Any:
    """A sample of the rows that the version was trained on, with their times; None where the spec names no time.

    Of much data, parts at equal distances are read, so that all seasons are among them.
    """
    time = spec.event_time
    if time is None or spec.columns[time].type not in ("date", "datetime"):
        return None
    parts = [
        (item["Key"], item["Size"])
        for dataset in version.datasets
        for item in s3.listing(platform.data_bucket, layout.parts(spec.name, dataset))
        if layout.is_named(item["Key"], layout.ROWS)
    ]
    step = max(1, -(-sum(size for _, size in parts) // _MOST_BYTES))
    chosen = [key for key, _ in parts[::step]]
    found = list(_samples(platform, chosen, [*columns, time], _MOST_ROWS // max(1, len(chosen))))
    rows = pl.concat(found, how="diagonal_relaxed") if found else pl.DataFrame()
    return ReferenceRows(rows, time) if len(rows) >= FEWEST_ROWS else None


def _samples(platform: Platform, keys: list[str], columns: list[str], rows: int) -> Iterator[pl.DataFrame]:
    with TemporaryDirectory() as scratch:
        for key in keys:
            path = Path(scratch) / "rows"
            s3.download(platform.data_bucket, key, path)
            if set(columns) <= set(pl.read_parquet_schema(path)):
                part = pl.read_parquet(path, columns=list(dict.fromkeys(columns)))
                yield part.gather_every(max(1, len(part) // max(1, rows)))


def past_windows(platform: Platform, model: str, version: str, released: datetime, now: datetime) -> list[PastWindow]:
    """The windows of the looks at a version in the first weeks after its release, oldest first.

    Of looks that are more than one a day, only those of the same weekday and of the day after it.
    """
    days = [released + timedelta(days=day) for day in range(_DAYS) if released + timedelta(days=day) <= now]
    near = [day for day in days if (day.weekday() - now.weekday()) % 7 <= 1]
    keys = [key for day in days for key in _looks(platform, model, day)]
    if len(keys) > 2 * _DAYS:
        keys = [key for day in near for key in _looks(platform, model, day)]
    found = [each["newest"] for each in s3.read_all_json(platform.traffic_bucket, keys) if _is_of(each, version)]
    return [
        PastWindow(
            datetime.fromisoformat(each["start"]),
            datetime.fromisoformat(each["end"]),
            Profile.from_dict(each["profile"]),
            each["drifted"],
        )
        for each in found
    ]


def _looks(platform: Platform, model: str, day: datetime) -> Iterator[str]:
    for item in s3.listing(platform.traffic_bucket, layout.monitoring_day(model, day)):
        yield item["Key"]


def _is_of(record: dict[str, Any], version: str) -> bool:
    return record.get("version") == version and bool(record.get("newest"))


def newest_window(window: Window | None, rows: int) -> dict[str, Any] | None:
    """The part of the newest window that later looks need; None where it has fewer than `rows` rows."""
    if window is None or window.look.rows < rows:
        return None
    span = {"start": window.start.isoformat(), "end": window.end.isoformat()}
    return span | {"drifted": window.drift.drifted, "profile": window.profile.as_dict()}
