"""Unpacks archives of models and of training source: regular files only, with limits, never outside the folder."""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path

MOST_FILES = 2_000
MOST_BYTES = 4 * 1024**3


class UnpackError(Exception):
    """An archive is not safe or not readable."""


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks regular files and folders. Raises UnpackError before anything is written outside `folder`."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            files = size = 0
            for member in tar:
                files, size = files + 1, size + member.size
                if files > MOST_FILES or size > MOST_BYTES:
                    raise UnpackError(f"the archive holds more than {MOST_FILES} files or {MOST_BYTES} bytes")
                if not (member.isreg() or member.isdir()):
                    raise UnpackError(f"'{member.name}' is neither a file nor a folder")
                tar.extract(member, folder, filter="data")
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise UnpackError(f"the archive cannot be unpacked: {type(error).__name__} {error}") from error
