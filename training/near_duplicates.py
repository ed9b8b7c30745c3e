"""Near-duplicates across the split: training rows that equal a held-out row in all but a few columns, and its target.

A row that is uploaded again with a changed column, or under a new id, has another hash, so its copies land on both
sides, and a model that memorises rows looks better than it is. Key columns are not compared. Equal rows are natural in
a table of few categories: pairs count only if chance does not explain them, see `training.coincidence`. Time is linear
in the rows, memory a few numbers per row, see `training.near_pairs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.coincidence import Pairs, exceeds_chance
from training.near_pairs import Blocks, Mask, Places, distinct_rows, pairs_of

#: columns in which two near-duplicates differ at most
MOST_DIFFERING = 3
_SHOWN = 5


@dataclass(frozen=True)
class NearDuplicates:
    """The near-duplicates of a split.

    Args:
        train: a mask of all n rows: training rows that nearly equal a held-out row.
        held_out: a mask of all n rows: held-out rows with such a training row.
        compared: the number of compared columns.
        differing: the columns in which they differ most often, with the number of pairs.
        most: the number of columns in which they may differ.
        by_chance: the number of held-out rows for which chance would give as near a row.
        unexamined: held-out rows that are like so many others in some columns that not all were compared.
    """

    train: Mask
    held_out: Mask
    compared: int
    differing: dict[str, int]
    most: int
    by_chance: float
    unexamined: int

    def to_json(self) -> dict[str, Any]:
        """The counts, for evaluation.json."""
        return {
            "train": int(self.train.sum()),
            "held_out": int(self.held_out.sum()),
            "compared": self.compared,
            "differing": self.differing,
            "most": self.most,
            "by_chance": round(self.by_chance, 1),
            "unexamined": self.unexamined,
        }


def find(rows: pd.DataFrame, held_out: Mask, columns: Sequence[str], target: str) -> NearDuplicates:
    """The near-duplicates between the rows of the mask `held_out` and the others, by `columns` and the target."""
    names = [name for name in columns if name != target]
    most = min(MOST_DIFFERING, (len(names) - 1) // 2)
    nothing = np.zeros(len(rows), dtype=np.bool_)
    if not names or not held_out.any() or held_out.all():
        return NearDuplicates(nothing, nothing.copy(), len(names), {}, max(0, most), 0.0, 0)
    blocks, of_row = distinct_rows(rows, names, target)
    sides = np.stack([np.bincount(of_row[side], minlength=blocks.rows) > 0 for side in (~held_out, held_out)])
    near = pairs_of(blocks, sides[0], sides[1], most)
    pairs, differing = _verified(rows, blocks, near.train, near.held_out, target, most)
    counted, by_chance = exceeds_chance(blocks, sides[1], pairs)
    told = {names[place]: int(differing[counted, place].sum()) for place in range(len(names))}
    shown = dict(sorted(((n, c) for n, c in told.items() if c), key=lambda item: (-item[1], item[0]))[:_SHOWN])
    of_train = _members(blocks.rows, pairs.train[counted])[of_row] & ~held_out
    of_held_out = _members(blocks.rows, pairs.held_out[counted])[of_row] & held_out
    return NearDuplicates(of_train, of_held_out, len(names), shown, most, by_chance, near.unexamined)


def _members(count: int, places: Places) -> Mask:
    mask = np.zeros(count, dtype=np.bool_)
    mask[places] = True
    return mask


def _verified(
    rows: pd.DataFrame, blocks: Blocks, train: Places, held_out: Places, target: str, most: int
) -> tuple[Pairs, Mask]:
    """The pairs that differ in at most `most` columns, and (pairs, columns): where they differ."""
    involved, codes = np.unique(np.concatenate([train, held_out]), return_inverse=True)
    part = rows.iloc[blocks.first[involved]]
    one, other = codes[: len(train)], codes[len(train) :]
    count = np.zeros(len(train), dtype=np.int64)
    kept = np.arange(len(train))
    for name in blocks.names:  # pairs that differ in too many columns leave early
        values = _comparable(part[name])
        count[kept] += values[one[kept]] != values[other[kept]]
        kept = kept[count[kept] <= most]
    differing = np.zeros((len(kept), len(blocks.names)), dtype=np.bool_)
    for place, name in enumerate(blocks.names):
        values = _comparable(part[name])
        differing[:, place] = values[one[kept]] != values[other[kept]]
    targets = _comparable(part[target])
    clean = np.stack([~differing[:, list(block)].any(axis=1) for block in blocks.columns], axis=1)
    masks = clean @ (1 << np.arange(clean.shape[1]))
    return Pairs(train[kept], held_out[kept], targets[one[kept]], targets[other[kept]], masks), differing


def _comparable(values: pd.Series) -> NDArray[np.int64]:
    """A number for each value; missing values are equal to each other."""
    return np.asarray(pd.factorize(values, use_na_sentinel=False)[0], dtype=np.int64)
