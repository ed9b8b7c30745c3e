"""The inputs of `perennial drift`: a dataset version in the ledger, or a local file."""

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

SAMPLE_ROWS = 100_000  # for the grid, as on the platform


@dataclass(frozen=True)
class Profiled:
    """The profile of an input, and the words for false and true in the data of a boolean target."""

    profile: Profile
    words: tuple[str, str] | None


class DriftInput(Protocol):
    """One of the two inputs."""

    @property
    def name(self) -> str:
        """The name in messages."""

    def read(self, grid: Grid | None) -> Profiled:
        """Its profile over a grid, or over its own. Raises CommandError."""


@dataclass(frozen=True)
class FileInput:
    """A local file, validated and profiled."""

    path: Path
    spec: ModelSpec

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self, grid: Grid | None) -> Profiled:
        from perennial.profile import freeze
        from perennial.validation import inspect, sample

        contract = self.spec.contract()
        found = inspect(self.path, contract, None, grid or freeze(sample(self.path, contract, SAMPLE_ROWS), contract))
        if found.profile is None or not found.profile.rows:
            raise CommandError(
                f"{self.path}: no row can be compared: {found.verdict.sentence}; "
                f"next: perennial check {self.path} --model {self.spec.name}"
            )
        return Profiled(found.profile, found.verdict.words)


@dataclass(frozen=True)
class DatasetInput:
    """A dataset version, with the profile that validation stored."""

    platform: Platform
    dataset: DatasetVersion

    @property
    def name(self) -> str:
        return self.dataset.id

    def read(self, grid: Grid | None) -> Profiled:
        from cloud import s3
        from perennial.profile import Profile, ProfileError

        key = layout.dataset(self.dataset.model, self.dataset.id, layout.PROFILE)
        try:
            kept = Profile.from_dict(s3.read_json(self.platform.data_bucket, key))
        except s3.MissingObjectError:
            raise CommandError(
                f"{self.name} has no profile: it is {self.dataset.state}, and only accepted datasets have one; "
                f"next: perennial explain {self.name}"
            ) from None
        except ProfileError as error:
            raise CommandError(f"{self.name}: {error}; next: upload the file again, which profiles it again") from None
        found = kept if grid is None or grid.digest == kept.grid.digest else self._recounted(grid)
        return Profiled(found, self._words())

    def _words(self) -> tuple[str, str] | None:
        from cloud import s3
        from perennial.validation.verdict import Verdict

        key = layout.dataset(self.dataset.model, self.dataset.id, layout.VERDICT)
        try:
            return Verdict.from_dict(s3.read_json(self.platform.data_bucket, key)).words
        except s3.MissingObjectError:
            return None

    def _recounted(self, grid: Grid) -> Profile:
        """The profile of the stored rows over another grid."""
        import polars as pl

        from cloud import s3
        from perennial.profile import ProfileError, Profiler

        bucket = self.platform.data_bucket
        prefix = layout.parts(self.dataset.model, self.dataset.id)
        keys = [item["Key"] for item in s3.listing(bucket, prefix) if layout.is_named(item["Key"], layout.ROWS)]
        if not keys:
            raise CommandError(
                f"{self.name} was profiled over another grid and its rows are no longer stored; "
                "next: upload it again, or compare files: perennial drift FILE FILE --model MODEL"
            )
        profiler = Profiler(grid)
        with tempfile.TemporaryDirectory() as folder:
            for key in keys:
                path = Path(folder) / layout.ROWS
                s3.download(bucket, key, path)
                try:
                    for batch in pl.scan_parquet(path).collect_batches(chunk_size=SAMPLE_ROWS):
                        profiler.add(batch)
                except ProfileError as error:
                    raise CommandError(
                        f"{self.name} cannot be profiled over the other's grid: {error}; "
                        "next: compare it with a dataset of the same columns (perennial runs)"
                    ) from None
        return profiler.result()


def find_dataset(platform: Platform, ledger: Ledger, identity: str) -> DatasetInput:
    """The dataset of an id or of an unambiguous prefix. Raises CommandError."""
    try:
        model_of(identity)
        return DatasetInput(platform, ledger.dataset(identity))
    except UnknownIdError:
        pass
    models = [name for name in project.model_names() if identity.startswith(f"ds-{name}-")]
    found = [one for name in models for one in ledger.datasets(name) if one.id.startswith(identity)]
    if len(found) == 1:
        return DatasetInput(platform, found[0])
    if found:
        shown = ", ".join(one.id for one in found[:5])
        raise CommandError(f"'{identity}' matches {len(found)} datasets: {shown}; next: give more of the id")
    raise CommandError(f"'{identity}' is neither a dataset nor a file; next: perennial runs")
