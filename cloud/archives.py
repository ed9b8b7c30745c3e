"""The archives that a training job leaves in S3: found by run, read with limits, never unpacked to disk."""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import Any

from cloud import CloudError, s3
from cloud.platform import Platform
from perennial import layout
from perennial.records import Run

MEMBER_LIMIT = 64 << 20  # bytes of one JSON member; those of a run have far fewer


class ArchiveError(CloudError):
    """A job's archive is missing, is no tar.gz, or lacks a member."""


def of_run(run: Run, name: str) -> str:
    """The key of the model.tar.gz or output.tar.gz that the run's training job left."""
    return layout.training_archive(run.id, run.training_job or run.id, name)  # the first releases stored no job


def read_json(platform: Platform, key: str, members: tuple[str, ...]) -> list[Any]:
    """Reads some JSON members of an archive in the models bucket. Raises ArchiveError."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive"
        _download(platform, key, path)
        try:
            with tarfile.open(path, "r:gz") as archive:
                return [_member(archive, key, name) for name in members]
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise ArchiveError(f"{key} is no readable tar.gz: {error}") from None


def sha256(platform: Platform, key: str) -> str:
    """The SHA-256 of an archive's bytes, 64 hex digits."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive"
        _download(platform, key, path)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def _download(platform: Platform, key: str, path: Path) -> None:
    try:
        s3.download(platform.models_bucket, key, path)
    except s3.MissingObjectError as error:
        raise ArchiveError(f"the training job left no {key.rsplit('/', 1)[-1]}: {error}") from None


def _member(archive: tarfile.TarFile, key: str, name: str) -> Any:
    found = next((member for member in archive if member.name.removeprefix("./") == name and member.isfile()), None)
    if found is None:
        raise ArchiveError(f"{key} holds no {name}")
    if found.size > MEMBER_LIMIT:
        raise ArchiveError(f"{name} in {key} claims {found.size:,} bytes; at most {MEMBER_LIMIT:,} are read")
    file = archive.extractfile(found)
    assert file is not None, "isfile() was asked"
    try:
        return json.loads(file.read())
    except (ValueError, RecursionError) as error:
        raise ArchiveError(f"{name} in {key} is not JSON: {error}") from None
