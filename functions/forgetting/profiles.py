"""Makes the model's grid and the profiles of its datasets anew, from the accepted rows as they are now."""

from __future__ import annotations

import io
from functools import reduce

import polars as pl

from cloud import lease, s3
from functions.forgetting.work import Work
from functions.validation.plan import SAMPLE_ROWS, columns_digest
from perennial import layout
from perennial import profile as profiles
from perennial.dtypes import DTYPES
from perennial.profile import Grid, Profile
from perennial.records import DatasetVersion


def remake_step(work: Work) -> bool:
    """The grid first, then the profiles of one accepted dataset a step; True when all are made."""
    accepted = _accepted(work)
    if not accepted or not work.record.datasets:
        return True
    if work.record.position == 0:
        _freeze(work, accepted[0])
        work.put(position=1)
        return False
    key = str(work.load(layout.GRID)["key"])
    grid = Grid.from_dict(s3.read_json(work.platform.data_bucket, key))
    if work.record.position <= len(accepted):
        _profile(work, accepted[work.record.position - 1], grid)
        work.put(position=work.record.position + 1)
        return False
    work.ledger.put_grid(work.model, key, columns_digest(work.spec))
    _delete_others(work, layout.grid(work.model, "").removesuffix(".json"), key)
    return True


def _accepted(work: Work) -> list[DatasetVersion]:
    """The accepted datasets that have rows, oldest first."""
    found = [each for each in work.ledger.datasets(work.model) if each.accepted]
    if work.record.kind == "retention":
        found = [each for each in found if each.id not in work.record.datasets]
    return sorted((each for each in found if _parts(work, each)), key=lease.order)


def _freeze(work: Work, first: DatasetVersion) -> None:
    rows = _rows(work, _parts(work, first)[0]).head(SAMPLE_ROWS)
    grid = profiles.freeze(rows, work.spec.contract())
    key = layout.grid(work.model, grid.digest)
    s3.write_json(work.platform.data_bucket, key, grid.as_dict())
    work.write(layout.GRID, {"key": key})


def _profile(work: Work, dataset: DatasetVersion, grid: Grid) -> None:
    """Writes the profiles of all parts and of the dataset, and deletes the earlier versions."""
    made = []
    for key in _parts(work, dataset):
        made.append(_counted(_rows(work, key), grid))
        _put(work, key.removesuffix(layout.ROWS) + layout.PROFILE, made[-1].as_dict())
    _put(work, layout.dataset(work.model, dataset.id, layout.PROFILE), reduce(profiles.merge, made).as_dict())


def _counted(rows: pl.DataFrame, grid: Grid) -> Profile:
    """The profile over a grid; of rows from before a change of columns, what can be counted."""
    missing = {name: column.type for name, column in grid.columns.items() if name not in rows.columns}
    filled = rows.with_columns(pl.lit(None, dtype=DTYPES[kind]).alias(name) for name, kind in missing.items())
    try:
        return profiles.profile(filled, grid)
    except pl.exceptions.PolarsError:  # a column of another type
        return Profile.empty(grid)


def _put(work: Work, key: str, value: dict[str, object]) -> None:
    s3.write_json(work.platform.data_bucket, key, value)
    _delete_others(work, key, key)


def _delete_others(work: Work, prefix: str, key: str) -> None:
    """Deletes the versions under a prefix but the current one of `key`."""
    bucket = work.platform.data_bucket
    current = s3.head(bucket, key)["VersionId"]
    for item in list(s3.version_listing(bucket, prefix)):
        if (item["Key"], item["VersionId"]) != (key, current):
            s3.delete_version(bucket, item["Key"], item["VersionId"])


def _parts(work: Work, dataset: DatasetVersion) -> list[str]:
    listed = s3.listing(work.platform.data_bucket, layout.parts(work.model, dataset.id))
    return [item["Key"] for item in listed if layout.is_named(item["Key"], layout.ROWS)]


def _rows(work: Work, key: str) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(s3.read(work.platform.data_bucket, key)))
