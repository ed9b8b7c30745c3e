"""Profiles captured traffic: requests are read as the server read them, rows are counted as uploads are."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from cloud import s3, traffic
from cloud.endpoints import VARIANT
from cloud.platform import Platform
from perennial import capture, layout
from perennial.contract import requests
from perennial.contract.fields import PayloadError
from perennial.contract.model import ModelSpec
from perennial.contract.requests import UnsupportedTypeError
from perennial.contract.schema import Rows, Schema
from perennial.profile import Grid, Profile
from perennial.validation import Column, Contract, inspect

ROWS_LIMIT = 1_000_000  # in one monitoring; more traffic changes no verdict


@dataclass(frozen=True)
class Traffic:
    """The profile of the features, the number of rows that broke the contract, and of requests that were unreadable."""

    profile: Profile
    broken: int = 0
    unreadable: int = 0

    def same_columns(self, reference: Profile) -> Profile:
        """The reference, over the columns of the traffic."""
        columns = {name: reference.columns[name] for name in self.profile.columns}
        return Profile(self.profile.grid, reference.rows, columns)


def captured_profile(platform: Platform, spec: ModelSpec, grid: Grid, since: datetime, until: datetime) -> Traffic:
    """Profiles the traffic that was captured between two moments (UTC). No traffic gives an empty profile.

    `spec` is the one that the champion was trained by. Where sensitive columns are hashed or dropped, the rows are
    those that the server itself logged, and these columns are left out: a hash has no distribution to compare.
    """
    hidden = spec.sensitive() if spec.treatment() != "keep" else ()
    features = [name for name in spec.features() if name in grid.columns and name not in hidden]
    seen = Grid({name: grid.columns[name] for name in features})
    found = _Found(platform, spec, since, until)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "traffic.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for row in found.rows():
                file.write(json.dumps({name: _plain(row.get(name)) for name in features}, ensure_ascii=False) + "\n")
        if found.count == 0:
            return Traffic(Profile.empty(seen), unreadable=found.unreadable)
        inspection = inspect(path, _contract(spec, features), Path(scratch) / "out", seen)
    return Traffic(inspection.profile or Profile.empty(seen), inspection.verdict.rows_broken, found.unreadable)


class _Found:
    """Reads the rows that were answered, and counts the requests that could not be read."""

    def __init__(self, platform: Platform, spec: ModelSpec, since: datetime, until: datetime) -> None:
        self._platform, self._spec, self._since, self._until = platform, spec, since, until
        self._schema = Schema.of_spec(spec)
        self.count = self.unreadable = 0

    def rows(self) -> Iterator[dict[str, Any]]:
        """Each row by name, ROWS_LIMIT at most."""
        rows = self._captured() if self._spec.treatment() == "keep" else self._logged()
        for row in rows:
            self.count += 1
            yield row
            if self.count == ROWS_LIMIT:
                return

    def _logged(self) -> Iterator[dict[str, Any]]:
        return traffic.inputs(self._platform, self._spec.name, self._since, self._until)

    def _captured(self) -> Iterator[dict[str, Any]]:
        bucket = self._platform.traffic_bucket
        endpoint = self._platform.environment.endpoint(self._spec.name)
        for prefix in _hours(endpoint, self._since, self._until):
            for item in s3.listing(bucket, prefix):
                for line in s3.read(bucket, item["Key"]).split(b"\n"):
                    rows = self._read(line) if line.strip() else None
                    if rows is not None:
                        yield from (
                            dict(zip(rows.columns, cells, strict=True))
                            for cells in zip(*rows.columns.values(), strict=True)
                        )

    def _read(self, line: bytes) -> Rows | None:
        """The rows of a record; None where it cannot be read, which is counted, or where the server refused it.

        A file holds a whole hour, perhaps with requests to an earlier champion, which do not count.
        """
        try:
            request = capture.read(line)
            return answered(request, self._schema) if request.at >= self._since else None
        except (capture.CaptureError, PayloadError, UnsupportedTypeError):
            self.unreadable += 1
            return None


def answered(request: capture.Request, schema: Schema) -> Rows:
    """The rows that the server saw. Raises PayloadError and UnsupportedTypeError, as it does."""
    kind, parameters = requests.content_type(request.content_type)
    if kind == requests.PARQUET:
        from perennial.validation.request_parquet import rows_of_parquet

        return rows_of_parquet(request.body, schema)
    return requests.read(request.body, kind, parameters, schema)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _contract(spec: ModelSpec, features: list[str]) -> Contract:
    """The features' rules, every breach tolerated: monitoring measures requests, it does not refuse them.

    The server has cleaned the values before.
    """
    contract = spec.contract()
    columns: dict[str, Column] = {
        name: replace(contract.columns[name], nullable=True, trim=False, replace={}, null_values=None)
        for name in features
    }
    tolerant = replace(contract.validation, tolerance=1.0, min_rows=1, null_values=(), duplicates="keep", rules=())
    return Contract(columns, features[0], problem="regression", validation=tolerant)


def _hours(endpoint: str, since: datetime, until: datetime) -> list[str]:
    """The capture folder of each hour between two moments."""
    first = since.replace(minute=0, second=0, microsecond=0)
    hours = int((until - first) / timedelta(hours=1)) + 1
    return [layout.captured(endpoint, VARIANT, first + timedelta(hours=hour)) for hour in range(hours)]
