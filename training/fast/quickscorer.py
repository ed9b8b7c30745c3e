"""Trees of at most 64 leaves, evaluated by bit masks: QuickScorer (Lucchese et al., SIGIR 2015), in NumPy.

Each tree is a word with a bit per leaf, from left to right. A test that sends a row to the right clears the bits of its
left side; the lowest bit that all tests leave set is the row's leaf. For one feature the words of all trees depend only
on the rank of its number among all thresholds, so they are in a table, and a row costs one line of the table per
feature, whatever the depth of the trees.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.fast.trees import Floats, Trees

MOST_LEAVES = 64
_MOST_BYTES = 32 * 1024**2
Words = NDArray[Any]


class TooLargeError(Exception):
    """The trees have too many leaves, or their table would be too large."""


@dataclass(frozen=True)
class Lines:
    """A feature's part of the table: `thresholds` None for category codes; `first` its line, `missing` that of NaN."""

    feature: int
    thresholds: Floats | None
    first: int
    missing: int


class QuickScorer:
    """The engine: sums over trees of shape (n, outputs)."""

    def __init__(self, trees: Trees) -> None:
        """Raises TooLargeError."""
        leaves = [trees.leaves(tree) for tree in range(len(trees.roots))]
        widest = max(map(len, leaves))
        if widest > MOST_LEAVES:
            raise TooLargeError(f"a tree has {widest} leaves")
        self._word = np.dtype(np.uint32 if widest <= 32 else np.uint64)
        self._outputs, self._bias = len(trees.bias), trees.bias
        self._scale, self._single = float(trees.scale), bool(trees.single)
        self._place_leaves(trees, leaves, widest)
        self._fill_table(trees, leaves)

    def _place_leaves(self, trees: Trees, leaves: list[list[int]], widest: int) -> None:
        """Puts leaf values into one array; the exponent of a power of two, in its float, is the leaf's number."""
        values = np.zeros((len(leaves), widest, trees.value.shape[1]))
        for tree, nodes in enumerate(leaves):
            values[tree, : len(nodes)] = trees.value[nodes]
        self._leaves = values.reshape(-1, values.shape[2])
        self._flat = self._leaves[:, 0].copy() if values.shape[2] == 1 else None
        self._starts = np.arange(len(leaves), dtype=np.int64) * widest - 1023
        self._group = trees.group

    def _fill_table(self, trees: Trees, leaves: list[list[int]]) -> None:
        inner = np.flatnonzero(trees.left >= 0)
        owner, lost = _left_sides(trees, leaves, self._word)
        parts: list[Words] = []
        self._lines: list[Lines] = []
        first = 0
        for feature in np.unique(trees.feature[inner]).tolist():
            nodes = inner[trees.feature[inner] == feature]
            by_code = bool((trees.categories[nodes] >= 0).all())
            thresholds = None if by_code else np.unique(np.append(trees.threshold[nodes], np.inf))
            lines = trees.sets.shape[1] if thresholds is None else len(thresholds)
            if (first + lines + 1) * len(leaves) * self._word.itemsize > _MOST_BYTES:
                raise TooLargeError("the table would be too large")
            part = np.full((lines + 1, len(leaves)), ~np.zeros((), self._word), self._word)
            for node in nodes:
                keep, tree = ~lost[node], owner[node]
                if thresholds is None:
                    part[:lines, tree][~trees.sets[trees.categories[node]]] &= keep
                else:
                    part[int(np.searchsorted(thresholds, trees.threshold[node])) + 1 : lines, tree] &= keep
                if not trees.missing_left[node]:
                    part[lines, tree] &= keep
            parts.append(part)
            self._lines.append(Lines(feature, thresholds, first, first + lines))
            first += lines + 1
        self._table = np.concatenate(parts) if parts else np.zeros((0, len(leaves)), self._word)
        self._quick = [
            (line.feature, None if line.thresholds is None else line.thresholds.tolist(), line.first, line.missing)
            for line in self._lines
        ]

    def one(self, numbers: list[float]) -> Floats:
        """The outputs (K,) of one row."""
        if self._single:
            numbers = np.array(numbers, dtype=np.float32).tolist()
        lines = []
        for feature, thresholds, first, missing in self._quick:
            number = numbers[feature]
            if number != number:
                lines.append(missing)
            elif thresholds is None:
                lines.append(first + int(number))
            else:
                lines.append(first + bisect_left(thresholds, number))
        row: Floats = self._summed(np.bitwise_and.reduce(self._table.take(lines, 0), 0)[None])[0]
        return row

    def many(self, numbers: Floats) -> Floats:
        """The outputs (n, K) of numbers (n, width)."""
        if self._single:
            numbers = numbers.astype(np.float32).astype(np.float64)
        left = np.full((len(numbers), len(self._starts)), ~np.zeros((), self._word), self._word)
        for line in self._lines:
            column = numbers[:, line.feature]
            if line.thresholds is None:
                places = np.where(np.isnan(column), line.missing - line.first, column).astype(np.intp)
            else:  # NaN is sorted behind infinity, which is the last threshold
                places = line.thresholds.searchsorted(column)
            left &= self._table.take(places + line.first, 0)
        return self._summed(left)

    def _summed(self, left: Words) -> Floats:
        lowest = (left & -left).astype(np.float64).view(np.int64)
        lowest >>= 52
        lowest += self._starts
        if self._flat is None:
            total = self._leaves[lowest].sum(axis=1)
        elif self._outputs == 1:
            total = self._flat.take(lowest).sum(axis=1)[:, None]
        else:
            total = self._flat.take(lowest).reshape(len(left), -1, self._outputs).sum(axis=1)
        return np.asarray(total * self._scale + self._bias)


def _left_sides(trees: Trees, leaves: list[list[int]], word: np.dtype[Any]) -> tuple[dict[int, int], Words]:
    """The tree of each inner node, and the bits of the leaves on its left side."""
    owner: dict[int, int] = {}
    below = np.zeros(len(trees.left), dtype=word)
    for tree, nodes in enumerate(leaves):
        for place, node in enumerate(nodes):
            below[node] = word.type(1) << word.type(place)
        for node in reversed(_from_the_root(trees, int(trees.roots[tree]))):
            if trees.left[node] >= 0:
                owner[node] = tree
                below[node] = below[trees.left[node]] | below[trees.right[node]]
    inner = trees.left >= 0
    lost = np.zeros_like(below)
    lost[inner] = below[trees.left[inner]]
    return owner, lost


def _from_the_root(trees: Trees, root: int) -> list[int]:
    """The nodes of a tree, parents before their children."""
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        found.append(node)
        if trees.left[node] >= 0:
            stack += [int(trees.left[node]), int(trees.right[node])]
    return found


def load(folder: Path) -> QuickScorer:
    """The engine for the trees in a folder."""
    return QuickScorer(Trees.load(folder / "trees.npz"))
