"""Profiles the traffic of a model from its inference tables: rows are counted as uploads are."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cloud import tables
from cloud.platform import Platform
from perennial.contract.model import ModelSpec
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


def captured_profile(
    platform: Platform, spec: ModelSpec, version: str, grid: Grid, since: datetime, until: datetime
) -> Traffic:
    """Profiles the traffic that a version answered in `since <= time < until`. No traffic gives an empty profile.

    `spec` is the one that the version was trained by. Where sensitive columns are hashed or dropped, they are left out:
    a hash has no distribution to compare.
    """
    hidden = spec.sensitive() if spec.serving.sensitive != "keep" else ()
    features = [name for name in spec.features() if name in grid.columns and name not in hidden]
    seen = Grid({name: grid.columns[name] for name in features})
    choice = tables.Choice(version, features, ROWS_LIMIT)
    rows = tables.requests(platform, spec, since, until, choice).head(ROWS_LIMIT)
    unreadable = tables.unreadable(platform, spec.name, since, until).height
    if rows.is_empty():
        return Traffic(Profile.empty(seen), unreadable=unreadable)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "traffic.parquet"
        rows.select(features).write_parquet(path)
        inspection = inspect(path, _contract(spec, features), Path(scratch) / "out", seen)
    return Traffic(inspection.profile or Profile.empty(seen), inspection.verdict.rows_broken, unreadable)


def _contract(spec: ModelSpec, features: list[str]) -> Contract:
    """The features' rules, every breach tolerated: monitoring measures requests, it does not refuse them.

    The server has cleaned the values before.
    """
    contract = spec.contract()
    columns: dict[str, Column] = {
        name: replace(contract.columns[name], nullable=True, trim=False, replace={}, null_values=(), format=None)
        for name in features
    }
    tolerant = replace(contract.validation, tolerance=1.0, min_rows=1, null_values=(), duplicates="keep", rules=())
    return Contract(columns, features[0], problem="regression", validation=tolerant)
