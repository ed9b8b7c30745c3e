"""Downloads to a worker's disk: a whole file, its beginning, or some of its row groups."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from cloud import s3
from cloud.handovers import WorkItem
from perennial.validation import Problem, footer
from perennial.validation.footer import Footer, FooterError

HEAD_BYTES = 96 << 20
WHOLE_BYTES = 1 << 30
_ROOM = 2  # the file itself, and as much again for the files written from it
ADVICE = "divide it into smaller files, or upload Parquet with row groups, which are read one by one"
_INDEX_BYTES = 64 << 20


def read_footer(bucket: str, file: WorkItem) -> Footer | None:
    """The footer of a Parquet file, by ranged reads; None for another file, or one that cannot be sliced."""
    key, version, size = file.key, file.version_id, file.whole
    if size <= footer.TAIL or s3.read_range(bucket, key, version, 0, 4) != b"PAR1":
        return None
    try:
        length = footer.length(s3.read_range(bucket, key, version, size - footer.TAIL, size))
        return footer.parse(s3.read_range(bucket, key, version, size - min(length, size), size), size)
    except FooterError:
        return None


def fetch(bucket: str, file: WorkItem, path: Path) -> Problem | None:
    """Downloads a file, or a slice of it. Returns a problem if it is too large or has another digest.

    A slice has the place that it has in the whole file, with the footer behind it; the file is sparse.
    """
    name = Path(file.key).name
    free = shutil.disk_usage(path.parent).free
    if file.size * _ROOM > free:
        message = f"'{name}' has {file.size:,} bytes, of which a worker has room for {free // _ROOM:,}; " + ADVICE
        return Problem("too-large", message)
    if file.row_groups:
        _fetch_row_groups(bucket, file, path)
        digest = s3.sha256(bucket, file.key, file.version_id) if file.sha256 else ""
    else:
        s3.download(bucket, file.key, path, file.version_id)
        digest = _sha256(path) if file.sha256 else ""
    if digest != file.sha256:
        return Problem("checksum", f"the bytes of '{name}' are not those that the manifest's sha256 names")
    return None


def fetch_head(bucket: str, file: WorkItem, path: Path) -> tuple[int, int] | None:
    """Downloads the beginning of a file, enough for a sample. Returns the row groups that it holds, of a slice."""
    if file.row_groups:
        first = file.row_groups[0]
        _fetch_row_groups(bucket, replace(file, row_groups=(first, first)), path)
        return first, first
    end = min(file.whole, HEAD_BYTES)
    if _is_parquet(bucket, file):  # Parquet must be whole to be read: its footer is at the end
        end = file.whole if file.whole <= WHOLE_BYTES else 0
    if end:
        s3.download_range(bucket, file.key, path, file.version_id, 0, end)
    else:
        path.touch()
    return None


def _is_parquet(bucket: str, file: WorkItem) -> bool:
    return file.whole > HEAD_BYTES and s3.read_range(bucket, file.key, file.version_id, 0, 4) == b"PAR1"


def _fetch_row_groups(bucket: str, file: WorkItem, path: Path) -> None:
    found = read_footer(bucket, file)
    if found is None or file.row_groups is None:  # the plan could read it, and a version never changes
        raise FooterError(f"the footer of {file.key} cannot be read")
    first, last = file.row_groups
    groups = found.groups[first : last + 1]
    behind = max(group.end for group in found.groups)  # indices that some readers need are before the footer
    tail = behind if found.start - behind <= _INDEX_BYTES else found.start
    for start, end in ((0, 4), (min(g.start for g in groups), max(g.end for g in groups)), (tail, file.whole)):
        s3.download_range(bucket, file.key, path, file.version_id, start, end)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
