"""The archives that a training job leaves in S3: found by run, read with limits, never unpacked to disk.

They are verified here, by code that is not in them: the digest of a model is made from its files' bytes.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloud import CloudError, s3, signing
from cloud.platform import Platform
from perennial import layout
from perennial.rebuilding import digest_of_files
from perennial.records import JudgedArchive, ModelVersion, Run
from perennial.unpacking import MOST_BYTES, MOST_FILES

MEMBER_LIMIT = 64 << 20  # bytes of one JSON member; those of a run have far fewer


class ArchiveError(CloudError):
    """A job's archive is missing, is no tar.gz, lacks a member, or is another one than expected."""


def of_run(run: Run, name: str) -> str:
    """The key of the model.tar.gz or output.tar.gz that the run's training job left."""
    return layout.training_archive(run.id, run.training_job or run.id, name)  # the first releases stored no job


def read_json(platform: Platform, key: str, members: tuple[str, ...], version_id: str | None = None) -> list[Any]:
    """Reads some JSON members of an archive in the models bucket, or of a version of it. Raises ArchiveError."""
    with _opened(platform, key, version_id) as (_, archive):
        return [_member(archive, key, name) for name in members]


def sha256(platform: Platform, key: str, version_id: str | None = None) -> str:
    """The SHA-256 of an archive's bytes, 64 hex digits. Raises ArchiveError."""
    try:
        return s3.sha256(platform.models_bucket, key, version_id)
    except s3.MissingObjectError as error:
        raise ArchiveError(f"there is no archive: {error}") from None


def judged(platform: Platform, key: str, digest: str) -> JudgedArchive:
    """The archive of the candidate with that digest, pinned by version and SHA-256.

    Raises ArchiveError where its files make another digest: another model than the one that was evaluated.
    """
    try:
        version_id = s3.head(platform.models_bucket, key).get("VersionId") or ""
    except s3.MissingObjectError as error:
        raise _missing(key, error) from None
    with _opened(platform, key, version_id or None) as (path, archive):
        found = digest_of_files(_digests(archive, key))
        if found != digest:
            raise ArchiveError(
                f"{key} holds the model {found[:12]}, and the evaluation is about {digest[:12]}: it was changed after "
                "the training"
            )
        with path.open("rb") as file:
            sha = hashlib.file_digest(file, "sha256").hexdigest()
    return JudgedArchive(digest=digest, sha256=sha, version_id=version_id)


def check_registered(platform: Platform, version: ModelVersion) -> None:
    """Raises UnsignedError or ArchiveError if the archive of a version has other bytes than those that were registered.

    What was registered is verified by its signature. Versions of the first releases have no SHA-256 on record; their
    archives must exist.
    """
    signing.check(platform, version)
    _check_bytes(version, sha256(platform, version.archive_key))


def download_registered(platform: Platform, version: ModelVersion, path: Path) -> None:
    """Downloads the archive of a version and verifies it. Raises as `check_registered`, and MissingObjectError."""
    signing.check(platform, version)
    s3.download(platform.models_bucket, version.archive_key, path)
    with path.open("rb") as file:
        _check_bytes(version, hashlib.file_digest(file, "sha256").hexdigest())


def _check_bytes(version: ModelVersion, found: str) -> None:
    if version.archive_sha256 and found != version.archive_sha256:
        raise ArchiveError(
            f"{version.archive_key} was changed since it was registered: its SHA-256 is {found[:12]}, not "
            f"{version.archive_sha256[:12]}; {version.id} is not used",
            f"perennial rebuild {version.id}",
        )


@contextmanager
def _opened(platform: Platform, key: str, version_id: str | None) -> Iterator[tuple[Path, tarfile.TarFile]]:
    """A downloaded archive, as a file and opened. Raises ArchiveError, also for what goes wrong while it is read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive"
        try:
            s3.download(platform.models_bucket, key, path, version_id)
        except s3.MissingObjectError as error:
            raise _missing(key, error) from None
        try:
            with tarfile.open(path, "r:gz") as archive:
                yield path, archive
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise ArchiveError(f"{key} is no readable tar.gz: {error}") from None


def _missing(key: str, error: Exception) -> ArchiveError:
    return ArchiveError(f"the training job left no {key.rsplit('/', 1)[-1]}: {error}")


def _digests(archive: tarfile.TarFile, key: str) -> dict[str, str]:
    """The SHA-256 of each file of a model's archive by its name, without the manifest.

    Raises ArchiveError for links, for names that occur twice or leave the folder, for Python's caches, which run as
    code and are in no digest, and for more than may be unpacked.
    """
    found: dict[str, str] = {}
    size = 0
    for member in archive:
        name = member.name.removeprefix("./")
        size += member.size
        if len(found) > MOST_FILES or size > MOST_BYTES:
            raise ArchiveError(f"{key} holds more than {MOST_FILES} files or {MOST_BYTES} bytes")
        if member.isdir():
            continue
        file = archive.extractfile(member) if member.isreg() else None
        parts = name.split("/")
        if file is None or name in found or name.startswith("/") or ".." in parts or "__pycache__" in parts:
            raise ArchiveError(f"{key} holds a file of a kind or a name that no model has")
        found[name] = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    return {name: digest for name, digest in found.items() if name != layout.MODEL_MANIFEST}


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
