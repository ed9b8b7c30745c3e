"""A tree ensemble as plain arrays, without scikit-learn, for the engines and the explanations."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]


@dataclass(frozen=True)
class Trees:
    """Nodes of all trees, one after the other; children are places among all nodes, -1 at a leaf.

    A row goes left if its number is at most the threshold; at a node with a set of categories, if its code is in the
    set; without a number, by `missing_left`. A tree adds the `value` of its leaf, of shape (K,), to the outputs, or, if
    K is 1 and there are more outputs, to output `group`.
    """

    roots: Integers  # (trees,)
    group: Integers  # (trees,)
    feature: Integers  # (nodes,) the number that is compared
    threshold: Floats  # (nodes,)
    left: Integers  # (nodes,)
    right: Integers  # (nodes,)
    missing_left: NDArray[np.bool_]  # (nodes,)
    categories: Integers  # (nodes,) a row of `sets`, -1 for a number
    sets: NDArray[np.bool_]  # (splits by category, codes): goes left
    value: Floats  # (nodes, K), at leaves
    cover: Floats  # (nodes,) training rows that reach the node
    bias: Floats  # (outputs,)
    scale: Any  # () the factor of the sum: 1, or one over the number of trees
    single: Any  # () numbers are rounded to 32 bits first

    def save(self, file: Path) -> None:
        """Saves as .npz, without pickled objects."""
        np.savez(file, **{each.name: getattr(self, each.name) for each in fields(self)})

    @classmethod
    def load(cls, file: Path) -> Trees:
        """The trees that `save` wrote."""
        with np.load(file, allow_pickle=False) as arrays:
            return cls(**{each.name: arrays[each.name] for each in fields(cls)})

    def leaves(self, tree: int) -> list[int]:
        """The tree's leaves from left to right."""
        found, stack = [], [int(self.roots[tree])]
        while stack:
            node = stack.pop()
            if self.left[node] < 0:
                found.append(node)
            else:
                stack += [int(self.right[node]), int(self.left[node])]
        return found
