"""From S3 to a worker's disk: a whole file, its beginning, or the row groups of it that are wanted."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

from cloud import objects
from perennial.validation import Problem, footer
from perennial.validation.footer import Footer, FooterError

HEAD_BYTES = 96 << 20
WHOLE_BYTES = 1 << 30
_ROOM = 2  # the file itself, and as much again for what is written from it
_INDEX_BYTES = 64 << 20


def read_footer(bucket: str, file: dict[str, Any]) -> Footer | None:
    """The footer of a Parquet file, by ranged reads; None for what is no such file, or cannot be sliced."""
    key, version, size = file["key"], file["version_id"], file["size"]
    if size <= footer.TAIL or objects.read_range(bucket, key, version, 0, 4) != b"PAR1":
        return None
    try:
        length = footer.length(objects.read_range(bucket, key, version, size - footer.TAIL, size))
        return footer.parse(objects.read_range(bucket, key, version, size - min(length, size), size), size)
    except FooterError:
        return None


def fetch(bucket: str, file: dict[str, Any], path: Path) -> Problem | None:
    """Puts a file, or the slice of it that is wanted, onto the disk; a problem if it is too large or not the one meant.

    A slice lies where it lies in the whole file, with the footer behind it, and holes for all the rest.
    """
    name = Path(file["key"]).name
    free = shutil.disk_usage(path.parent).free
    if file["size"] * _ROOM > free:
        message = f"'{name}' has {file['size']:,} bytes, of which a worker has room for {free // _ROOM:,}; " + ADVICE
        return Problem("too-large", message)
    if file["row_groups"]:
        _fetch_row_groups(bucket, file, path)
        digest = objects.sha256(bucket, file["key"], file["version_id"]) if file["sha256"] else ""
    else:
        objects.download(bucket, file["key"], path, file["version_id"])
        digest = _sha256(path) if file["sha256"] else ""
    if digest != file["sha256"]:
        return Problem("checksum", f"the bytes of '{name}' are not those that the manifest's sha256 names")
    return None


ADVICE = "divide it into smaller files, or upload Parquet with row groups, which are read one by one"


def fetch_head(bucket: str, file: dict[str, Any], path: Path) -> tuple[int, int] | None:
    """Puts the beginning of a file onto the disk, enough for a sample; the row groups that it holds, of a slice."""
    if file["row_groups"]:
        first = file["row_groups"][0]
        _fetch_row_groups(bucket, {**file, "row_groups": [first, first]}, path)
        return first, first
    if _is_parquet(bucket, file):  # it must be whole to be read, for its footer stands at the end
        end = file["whole"] if file["whole"] <= WHOLE_BYTES else 0
    else:
        end = min(file["whole"], HEAD_BYTES)
    if end:
        objects.download_range(bucket, file["key"], path, file["version_id"], 0, end)
    else:
        path.touch()
    return None


def _is_parquet(bucket: str, file: dict[str, Any]) -> bool:
    return file["whole"] > HEAD_BYTES and objects.read_range(bucket, file["key"], file["version_id"], 0, 4) == b"PAR1"


def _fetch_row_groups(bucket: str, file: dict[str, Any], path: Path) -> None:
    found = read_footer(bucket, {**file, "size": file["whole"]})
    if found is None:  # the plan could read it, and a version never changes
        raise FooterError(f"the footer of {file['key']} cannot be read")
    first, last = file["row_groups"]
    groups = found.groups[first : last + 1]
    behind = max(group.end for group in found.groups)  # indices that some readers use lie before the footer
    tail = behind if found.start - behind <= _INDEX_BYTES else found.start
    for start, end in ((0, 4), (min(g.start for g in groups), max(g.end for g in groups)), (tail, file["whole"])):
        objects.download_range(bucket, file["key"], path, file["version_id"], start, end)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
