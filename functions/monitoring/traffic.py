"""Captured traffic as a profile, counted by the very code that counts uploads."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from cloud import objects, traffic
from cloud.endpoints import VARIANT
from cloud.platform import Platform
from perennial import capture, layout
from perennial.contract.model import ModelSpec
from perennial.profile import Grid, Profile
from perennial.validation import Column, Contract, inspect

ROWS_LIMIT = 1_000_000  # of one look: more traffic changes no verdict


@dataclass(frozen=True)
class Traffic:
    """The profile of the readable rows, over the features alone, and how many rows broke the contract."""

    profile: Profile
    broken: int

    def seen_of(self, reference: Profile) -> Profile:
        """The reference, over the columns that traffic has."""
        columns = {name: reference.columns[name] for name in self.profile.columns}
        return Profile(self.profile.grid, reference.rows, columns)


def captured_profile(platform: Platform, spec: ModelSpec, grid: Grid, since: datetime, until: datetime) -> Traffic:
    """Read what the endpoint captured between two moments (UTC). No traffic gives an empty profile.

    Where sensitive columns are hashed or dropped, the rows are those that the server itself noted, and these columns
    are not looked at: a hash has no distribution to compare.
    """
    hidden = spec.sensitive() if spec.serving.sensitive != "keep" else ()
    features = [name for name in spec.features() if name in grid.columns and name not in hidden]
    seen = Grid({name: grid.columns[name] for name in features})
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "traffic.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            count = capture.write_csv(_rows(platform, spec, since, until), features, file)
        if count == 0:
            return Traffic(Profile.empty(seen), 0)
        found = inspect(path, _contract(spec, features), Path(scratch) / "out", seen)
    return Traffic(found.profile or Profile.empty(seen), found.verdict.rows_broken)


def _contract(spec: ModelSpec, features: list[str]) -> Contract:
    """The features' rules, every breach tolerated: what an application sends is measured here, not refused."""
    contract = spec.contract()
    columns: dict[str, Column] = {name: contract.columns[name] for name in features}
    tolerant = replace(contract.validation, tolerance=1.0, min_rows=1)
    return Contract(columns, features[0], problem="regression", validation=tolerant)


def _rows(platform: Platform, spec: ModelSpec, since: datetime, until: datetime) -> Iterator[capture.Row]:
    if spec.serving.sensitive == "keep":
        return islice(_captured(platform, spec, since, until), ROWS_LIMIT)
    return islice(traffic.inputs(spec.name, since, until), ROWS_LIMIT)


def _captured(platform: Platform, spec: ModelSpec, since: datetime, until: datetime) -> Iterator[capture.Row]:
    for prefix in _hours(spec.name, since, until):
        for item in objects.listing(platform.traffic_bucket, prefix):
            lines = objects.read(platform.traffic_bucket, item["Key"]).decode("utf-8", "replace").splitlines()
            for content_type, body in capture.requests(line for line in lines if _is_since(line, since)):
                yield from capture.rows(content_type, body, spec.features())


def _is_since(line: str, since: datetime) -> bool:
    """Files are by the hour, requests are by the second: those to an earlier champion do not count."""
    try:
        return datetime.fromisoformat(json.loads(line)["eventMetadata"]["inferenceTime"]) >= since
    except (ValueError, KeyError, TypeError):
        return False


def _hours(model: str, since: datetime, until: datetime) -> list[str]:
    """The capture folder of each hour that the time between two moments touches."""
    first = since.replace(minute=0, second=0, microsecond=0)
    hours = int((until - first) / timedelta(hours=1)) + 1
    folder = f"capture/{layout.endpoint(model)}/{VARIANT}"
    return [f"{folder}/{first + timedelta(hours=hour):%Y/%m/%d/%H}/" for hour in range(hours)]
