"""Safe unpacking of a model's tar.gz: no file outside the folder, bounded disk use."""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path

MOST_FILES = 2_000
MOST_BYTES = 4 * 1024**3


class ArchiveError(Exception):
    """An archive is not safe or not readable."""


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks regular files and folders. Raises ArchiveError before anything is written outside `folder`."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            files = size = 0
            for member in tar:
                files, size = files + 1, size + member.size
                if files > MOST_FILES or size > MOST_BYTES:
                    raise ArchiveError(f"the archive holds more than {MOST_FILES} files or {MOST_BYTES} bytes")
                if not (member.isreg() or member.isdir()):
                    raise ArchiveError(f"'{member.name}' is neither a file nor a folder")
                tar.extract(member, folder, filter="data")
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ArchiveError(f"the archive cannot be unpacked: {type(error).__name__} {error}") from error
