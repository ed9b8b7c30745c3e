"""Divides a dataset among workers: by file, by row groups where a Parquet file is large; and its keys into buckets."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from cloud.handovers import UploadedFile, WorkItem
from functions.validation.fetching import read_footer

SLICE_ROWS = 20_000_000
BUCKET_BYTES = 4 << 30  # of the files whose keys one worker compares
MOST_BUCKETS = 500
_AT_ONCE = 10


def slice_bytes() -> int:
    """The size from which a Parquet file is divided, and of its slices; the stack sets it."""
    return int(os.environ.get("PERENNIAL_SLICE_MB", "512")) << 20


def divide(bucket: str, uploads: Sequence[UploadedFile]) -> list[WorkItem]:
    """The work items of all files, in their order. A file whose footer cannot be read is one item."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        divided = list(pool.map(lambda file: _divided(bucket, file), uploads))
    items = [item for file in divided for item in file]
    return [replace(item, index=index) for index, item in enumerate(items)]


def buckets(sizes: Sequence[int]) -> int:
    """The number of buckets for the keys of parts of these sizes; 0 for one part, which finds its own duplicates."""
    if len(sizes) < 2:
        return 0
    return min(-(-sum(sizes) // BUCKET_BYTES) or 1, MOST_BUCKETS)


def _divided(bucket: str, file: UploadedFile) -> list[WorkItem]:
    whole = WorkItem(0, file.key, file.version_id, file.size, file.size, file.sha256, row_groups=None, first=True)
    footer = read_footer(bucket, whole) if file.size > slice_bytes() else None
    if footer is None:
        return [whole]
    slices = footer.slices(slice_bytes(), SLICE_ROWS)
    if len(slices) < 2:
        return [whole]
    sizes = [sum(group.size for group in footer.groups[first : last + 1]) for first, last in slices]
    return [
        replace(whole, size=size, row_groups=found, first=not place, sha256="" if place else file.sha256)
        for place, (found, size) in enumerate(zip(slices, sizes, strict=True))
    ]
