"""Names of values that are none of the grid's categories: of all of them those with the smallest hashes.

A name that is kept in the end was kept in every part in which it occurs, so its count is exact. Names longer than
NAME_BYTES are counted and not named: a profile stays small whatever stands in a column.
"""

from collections.abc import Mapping

import polars as pl

from perennial.profile.distinct import HASH_SEED

OTHERS = 32
NAME_BYTES = 64

Others = tuple[tuple[str, int], ...]


def kept(counts: Mapping[str, int]) -> Others:
    """Of all names and their counts those that are kept, sorted by name."""
    if len(counts) <= OTHERS:
        return tuple(sorted(counts.items()))
    names = pl.Series("name", list(counts), dtype=pl.String)
    smallest = pl.DataFrame([names, names.hash(HASH_SEED).alias("hash")]).sort("hash", "name")["name"].head(OTHERS)
    return tuple(sorted((name, counts[name]) for name in smallest))


def kept_of(counts: pl.DataFrame) -> Others:
    """The same of a frame with `value`, `count` and the value's `hash`."""
    short = counts.filter(pl.col("value").str.len_bytes() <= NAME_BYTES)
    if short.height > OTHERS:
        short = short.sort("hash", "value").head(OTHERS)
    return tuple(sorted(zip(short["value"], short["count"], strict=True)))
