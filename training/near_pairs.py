"""Pairs of rows that differ in at most a few columns, found by hashes of groups of columns.

The columns are divided into blocks. Two rows that differ in at most d columns agree on all columns of at least all but
d blocks (the pigeonhole principle), so each choice of that many blocks is hashed once, and rows with equal hashes are
compared. A group of many rows is not identified by its columns and is left out, so the work is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.heldout import mixed

Mask = NDArray[np.bool_]
Places = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_BLOCKS = 6
_LARGEST_GROUP = 64  # pairs across the split in a group of equal hashes
_FEW_PAIRS = 200_000  # of one choice of blocks; or twice the held-out rows
_FILTER_BITS = 22
_NULL = np.uint64(0x7FF8DEAD00000001)


@dataclass(frozen=True)
class Blocks:
    """The distinct rows: a hash of each block's columns, (blocks, m), and the place of one such row among all, (m,).

    `columns` are the places of each block's columns among `names`.
    """

    names: tuple[str, ...]
    columns: tuple[tuple[int, ...], ...]
    hashes: Hashes
    first: Places

    @property
    def rows(self) -> int:
        """The number of distinct rows."""
        return len(self.first)

    def union(self, mask: int) -> Hashes:
        """The hash of several blocks' columns, (m,); bit i of `mask` is block i."""
        total = np.zeros(self.rows, dtype=np.uint64)
        for place in range(len(self.columns)):
            if mask >> place & 1:
                total += self.hashes[place]
        return total


@dataclass(frozen=True)
class Near:
    """Pairs of distinct rows, each once; `unexamined` held-out rows were in groups that are too large."""

    train: Places
    held_out: Places
    unexamined: int


def distinct_rows(rows: pd.DataFrame, names: Sequence[str], target: str) -> tuple[Blocks, Places]:
    """Rows that are equal in `names` and in the target taken once, and the place of each row among them, (n,)."""
    parts = np.array_split(np.arange(len(names)), min(_BLOCKS, len(names)))
    columns = tuple(tuple(part.tolist()) for part in parts)
    hashes = np.zeros((len(columns), len(rows)), dtype=np.uint64)
    for place, block in enumerate(columns):
        for column in block:
            hashes[place] += _hashes(rows[names[column]], column)
    whole = hashes.sum(axis=0, dtype=np.uint64) + _hashes(rows[target], len(names))
    of_row, distinct = pd.factorize(whole)
    first = np.full(len(distinct), -1, dtype=np.int64)
    first[of_row[::-1]] = np.arange(len(rows))[::-1]
    return Blocks(tuple(names), columns, np.ascontiguousarray(hashes[:, first]), first), of_row.astype(np.int64)


def pairs_of(blocks: Blocks, train: Mask, held_out: Mask, most: int) -> Near:
    """Pairs of a row of `train` and one of `held_out` that agree on all but `most` blocks, and each row of both."""
    size = len(blocks.columns) - most
    both = np.flatnonzero(train & held_out)
    found, unexamined = [both * blocks.rows + both], np.zeros(blocks.rows, dtype=np.bool_)
    sides = np.flatnonzero(train), np.flatnonzero(held_out)
    for chosen in combinations(range(len(blocks.columns)), size):
        hashes = blocks.union(sum(1 << place for place in chosen))
        for one, other, skipped in _across(hashes, *sides):
            found.append(one * blocks.rows + other)
            unexamined[skipped] = True
    pairs = np.sort(np.concatenate(found))
    pairs = pairs[np.r_[True, pairs[1:] != pairs[:-1]]] if len(pairs) else pairs
    return Near(pairs // blocks.rows, pairs % blocks.rows, int(unexamined.sum()))


def _across(hashes: Hashes, train: Places, held_out: Places) -> Iterator[tuple[Places, Places, Places]]:
    """Pairs across the sides with equal hashes, and the held-out rows of groups that are too large."""
    train, held_out = _filtered(hashes, train, held_out), _filtered(hashes, held_out, train)
    train, held_out = train[np.argsort(hashes[train])], held_out[np.argsort(hashes[held_out])]
    ours, theirs = hashes[train], hashes[held_out]
    if not len(ours) or not len(theirs):
        return
    starts = np.flatnonzero(np.r_[True, theirs[1:] != theirs[:-1]])
    ends = np.r_[starts[1:], len(theirs)]
    low, high = (np.searchsorted(ours, theirs[starts], side) for side in ("left", "right"))
    work = (high - low) * (ends - starts)
    order = np.argsort(work, kind="stable")
    allowed = np.zeros(len(work), dtype=np.bool_)
    allowed[order] = np.cumsum(work[order]) <= max(_FEW_PAIRS, 2 * len(held_out))
    allowed &= work <= _LARGEST_GROUP
    skipped = held_out[np.repeat(~allowed & (work > 0), ends - starts)]
    groups = np.flatnonzero(allowed & (work > 0))
    wide = (high - low)[groups]
    group = np.repeat(groups, work[groups])
    place = np.arange(len(group)) - np.repeat(np.cumsum(work[groups]) - work[groups], work[groups])
    width = np.repeat(wide, work[groups])
    one, other = train[low[group] + place % width], held_out[starts[group] + place // width]
    different = one != other
    yield one[different], other[different], skipped


def _filtered(hashes: Hashes, rows: Places, others: Places) -> Places:
    """The rows whose hash may be among those of `others`: by a bit table of its leading bits."""
    shift = np.uint64(64 - _FILTER_BITS)
    seen = np.zeros(1 << _FILTER_BITS, dtype=np.bool_)
    seen[hashes[others] >> shift] = True
    found: Places = rows[seen[hashes[rows] >> shift]]
    return found


def _hashes(values: pd.Series, salt: int) -> Hashes:
    """A 64-bit hash of each value of a column; equal values of one column have equal hashes."""
    seed = mixed(np.array([salt + 1], dtype=np.uint64))
    return mixed(mixed(_bits(values)) ^ seed)


def _bits(values: pd.Series) -> Hashes:
    """64 bits for each value: those of a number or a moment, the place of a text among the different ones."""
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind == "f":
        numbers = values.to_numpy(dtype=np.float64) + 0.0  # -0.0 becomes 0.0
        return np.where(np.isnan(numbers), _NULL, numbers.view(np.uint64))
    if isinstance(dtype, pd.Int64Dtype):
        missing = values.isna().to_numpy()
        return np.where(missing, _NULL, values.to_numpy(dtype=np.int64, na_value=0).view(np.uint64))
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return np.asarray(values.array.asi8, dtype=np.int64).view(np.uint64)
    return np.asarray(pd.factorize(values, use_na_sentinel=False)[0], dtype=np.int64).view(np.uint64)
