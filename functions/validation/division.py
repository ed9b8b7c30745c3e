"""How a dataset is divided among workers: a file each, a slice of row groups each where Parquet is large, and buckets.

An item is what one worker gets: index, key, version_id, size (its own bytes), whole (the file's), sha256 (of the file;
the worker of the first slice checks it), row_groups ([first, last] or None), first (whether it counts as the file).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from functions.validation.fetching import read_footer

SLICE_ROWS = 20_000_000
BUCKET_BYTES = 4 << 30  # of the files whose keys one worker compares
MOST_BUCKETS = 500
_AT_ONCE = 10


def slice_bytes() -> int:
    """From which size on a Parquet file is divided, and how large its slices are: what the stack has set."""
    return int(os.environ.get("PERENNIAL_SLICE_MB", "512")) << 20


def divide(bucket: str, uploads: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items of all files, in their order. A file whose footer cannot be read is one item, and one verdict."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        divided = list(pool.map(lambda file: _divided(bucket, file), uploads))
    items = [item for file in divided for item in file]
    return [{"index": index, **item} for index, item in enumerate(items)]


def buckets(items: list[dict[str, Any]]) -> int:
    """Into how many buckets keys are divided to be compared; none for a single item, which knows its own."""
    if len(items) < 2:
        return 0
    return min(-(-sum(item["size"] for item in items) // BUCKET_BYTES) or 1, MOST_BUCKETS)


def _divided(bucket: str, file: dict[str, Any]) -> list[dict[str, Any]]:
    whole = {**file, "whole": file["size"], "row_groups": None, "first": True}
    footer = read_footer(bucket, file) if file["size"] > slice_bytes() else None
    if footer is None:
        return [whole]
    slices = footer.slices(slice_bytes(), SLICE_ROWS)
    if len(slices) < 2:
        return [whole]
    sizes = [sum(group.size for group in footer.groups[first : last + 1]) for first, last in slices]
    return [
        {
            **whole,
            "size": size,
            "row_groups": list(found),
            "first": not place,
            "sha256": "" if place else file["sha256"],
        }
        for place, (found, size) in enumerate(zip(slices, sizes, strict=True))
    ]
