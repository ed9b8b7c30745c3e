"""What `perennial drift` compares: a dataset version in the ledger, or a file on this machine."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cli import project
from cli.output import CommandError
from perennial import layout
from perennial.identity import UnknownIdError, model_of

if TYPE_CHECKING:
    from cloud.ledger import Ledger
    from cloud.platform import Platform
    from perennial.contract.model import ModelSpec
    from perennial.profile import Grid, Profile
    from perennial.records import DatasetVersion

SAMPLE_ROWS = 100_000  # of which a grid is frozen, as on the platform


class Side(Protocol):
    """One of the two."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def profile(self, grid: Grid | None) -> Profile:
        """Its rows counted over a grid; without one, over its own. CommandError where that cannot be."""


@dataclass(frozen=True)
class FileSide:
    """A file, validated and counted here and now."""

    path: Path
    spec: ModelSpec

    @property
    def name(self) -> str:
        return str(self.path)

    def profile(self, grid: Grid | None) -> Profile:
        from perennial.profile import freeze
        from perennial.validation import inspect, sample

        contract = self.spec.contract()
        found = inspect(self.path, contract, None, grid or freeze(sample(self.path, contract, SAMPLE_ROWS), contract))
        if found.profile is None or not found.profile.rows:
            raise CommandError(
                f"{self.path}: no row of it can be compared: {found.verdict.sentence}; "
                f"next: perennial check {self.path} --model {self.spec.name}"
            )
        return found.profile


@dataclass(frozen=True)
class DatasetSide:
    """A dataset version, by the profile that validation kept of it."""

    platform: Platform
    dataset: DatasetVersion

    @property
    def name(self) -> str:
        return self.dataset.id

    def profile(self, grid: Grid | None) -> Profile:
        from cloud import objects
        from perennial.profile import Profile, ProfileError

        key = layout.dataset(self.dataset.model, self.dataset.id) + "profile.json"
        try:
            kept = Profile.from_dict(objects.read_json(self.platform.data_bucket, key))
        except objects.MissingObjectError:
            raise CommandError(
                f"{self.name} has no profile: it is {self.dataset.state}, and only accepted datasets are counted; "
                f"next: perennial explain {self.name}"
            ) from None
        except ProfileError as error:
            raise CommandError(f"{self.name}: {error}; next: upload the file again, it is counted anew") from None
        return kept if grid is None or grid.digest == kept.grid.digest else self._recounted(grid)

    def _recounted(self, grid: Grid) -> Profile:
        """Its typed rows, counted over another grid than the one it was counted over."""
        import polars as pl

        from cloud import objects
        from perennial.profile import ProfileError, Profiler

        bucket = self.platform.data_bucket
        prefix = layout.dataset(self.dataset.model, self.dataset.id) + "parts/"
        keys = [item["Key"] for item in objects.listing(bucket, prefix) if item["Key"].endswith("/rows.parquet")]
        if not keys:
            raise CommandError(
                f"{self.name} was counted over another grid and its rows are no longer kept; "
                "next: upload it again, or compare files: perennial drift FILE FILE --model MODEL"
            )
        profiler = Profiler(grid)
        with tempfile.TemporaryDirectory() as folder:
            for key in keys:
                path = Path(folder) / "rows.parquet"
                objects.download(bucket, key, path)
                try:
                    for batch in pl.scan_parquet(path).collect_batches(chunk_size=SAMPLE_ROWS):
                        profiler.add(batch)
                except ProfileError as error:
                    raise CommandError(
                        f"{self.name} cannot be counted as the other was: {error}; "
                        "next: compare it with a dataset of the same columns (perennial runs)"
                    ) from None
        return profiler.result()


def find_dataset(platform: Platform, ledger: Ledger, identity: str) -> DatasetSide:
    """The dataset of an id, or of the beginning of one if no other begins so. CommandError."""
    try:
        model_of(identity)
        return DatasetSide(platform, ledger.dataset(identity))
    except UnknownIdError:
        pass
    models = [name for name in project.model_names() if identity.startswith(f"ds-{name}-")]
    found = [one for name in models for one in ledger.datasets(name) if one.id.startswith(identity)]
    if len(found) == 1:
        return DatasetSide(platform, found[0])
    if found:
        shown = ", ".join(one.id for one in found[:5])
        raise CommandError(f"'{identity}' may be {len(found)} datasets: {shown}; next: write more of the id")
    raise CommandError(f"'{identity}' is neither a dataset nor a file; next: perennial runs")
