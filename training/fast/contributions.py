"""Contributions of each number to a tree ensemble's sum: exact Shapley values over paths.

The game is TreeSHAP's path-dependent one (Lundberg et al., Nature Machine Intelligence 2, 2020): a row takes both
branches at an unknown number, weighted by the shares of training rows. A leaf's part of that game is a product over the
numbers of its path, of o (1 if the row takes the path, else 0) for known ones and z (the share that takes it) for
others. The Shapley value of a product is an integral (Owen's multilinear extension, Management Science 18, 1972):

    value of i = leaf * (o_i - z_i) * integral over t in 0..1 of product over j != i of (t * o_j + (1 - t) * z_j)

The integrand is a polynomial, for which Gauss-Legendre quadrature is exact, so the values are exact within rounding.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.fast.trees import Floats, Trees

_AT_ONCE = 2_000_000
Places = NDArray[np.intp]


@dataclass(frozen=True)
class _Steps:
    """The inner nodes on all leaves' paths, ordered by leaf and number; `starts` begins each (leaf, number)."""

    node: Places
    to_left: NDArray[np.bool_]
    starts: Places
    leaf: Places  # of each (leaf, number): the index of the leaf
    slot: Places  # of each: its index on the leaf's path
    feature: Places  # of each


class Contributions:
    """Made once per ensemble of trees, with the first request.

    `cost` is the number of array elements for one output of one row, `outputs` the number of outputs.
    """

    def __init__(self, trees: Trees) -> None:
        self._trees, self.outputs = trees, len(trees.bias)
        self._leaves = np.flatnonzero(trees.left < 0)
        self._steps = _steps(trees, self._leaves)
        longest = int(self._steps.slot.max(initial=0)) + 1
        places, weights = np.polynomial.legendre.leggauss((longest + 1) // 2)
        self._times, self._weights = (places + 1) / 2, weights / 2
        self._share = np.ones((len(self._leaves), longest))
        self._share[self._steps.leaf, self._steps.slot] = self._shares()
        self._reach = self._share.prod(axis=1)
        self.cost = len(self._leaves) * longest * len(self._times)

    def _shares(self) -> Floats:
        steps, trees = self._steps, self._trees
        child = np.where(steps.to_left, trees.left[steps.node], trees.right[steps.node])
        ratios = trees.cover[child] / trees.cover[steps.node]
        return np.asarray(np.multiply.reduceat(ratios, steps.starts)) if len(ratios) else ratios

    def of(self, numbers: Floats, output: int) -> tuple[float, Floats]:
        """The mean of an output and the contribution of each of `numbers` (width,), of shape (width,)."""
        trees, steps = self._trees, self._steps
        value = self._leaf_values(output)
        takes = self._left(numbers)[steps.node] == steps.to_left
        known = np.ones_like(self._share)
        known[steps.leaf, steps.slot] = np.logical_and.reduceat(takes, steps.starts) if len(takes) else takes
        effect = np.empty_like(self._share)
        chunk = max(1, _AT_ONCE * len(self._leaves) // max(1, self.cost))
        for start in range(0, len(effect), chunk):
            part = slice(start, start + chunk)
            effect[part] = self._integrals(known[part], self._share[part]) * value[part, None]
        added = np.bincount(steps.feature, effect[steps.leaf, steps.slot], len(numbers)).astype(np.float64)
        mean = float(trees.bias[output] + (value * self._reach).sum())
        return mean, added

    def _integrals(self, known: Floats, share: Floats) -> Floats:
        factors = known[:, :, None] * self._times + share[:, :, None] * (1 - self._times)
        products = factors.prod(axis=1)
        return np.asarray((known - share) * ((products[:, None] / factors) @ self._weights))

    def _leaf_values(self, output: int) -> Floats:
        trees = self._trees
        if trees.value.shape[1] > 1:
            return np.asarray(trees.value[self._leaves, output] * trees.scale)
        values = trees.value[self._leaves, 0] * trees.scale
        tree = np.searchsorted(trees.roots, self._leaves, side="right") - 1
        return np.asarray(np.where(trees.group[tree] == output, values, 0.0))

    def _left(self, numbers: Floats) -> NDArray[np.bool_]:
        """True at each node where the row goes left."""
        trees = self._trees
        if trees.single:
            numbers = numbers.astype(np.float32).astype(np.float64)
        number = numbers[np.maximum(trees.feature, 0)]
        missing = np.isnan(number)
        left = number <= trees.threshold
        by_code = np.flatnonzero((trees.categories >= 0) & ~missing)
        left[by_code] = trees.sets[trees.categories[by_code], number[by_code].astype(np.intp)]
        return np.asarray(np.where(missing, trees.missing_left, left))


def _steps(trees: Trees, leaves: Places) -> _Steps:
    parent = np.full(len(trees.left), -1, dtype=np.intp)
    inner = np.flatnonzero(trees.left >= 0)
    parent[trees.left[inner]], parent[trees.right[inner]] = inner, inner
    nodes, sides, owners = [], [], []
    child, owner = leaves, np.arange(len(leaves))
    while len(child):
        above = parent[child]
        on_the_way = above >= 0
        child, above, owner = child[on_the_way], above[on_the_way], owner[on_the_way]
        nodes.append(above)
        sides.append(trees.left[above] == child)
        owners.append(owner)
        child = above
    node, to_left, leaf = np.concatenate(nodes), np.concatenate(sides), np.concatenate(owners)
    feature = trees.feature[node].astype(np.intp)
    order = np.lexsort((feature, leaf))
    node, to_left, leaf, feature = node[order], to_left[order], leaf[order], feature[order]
    new = np.ones(len(leaf), dtype=bool)
    new[1:] = (leaf[1:] != leaf[:-1]) | (feature[1:] != feature[:-1])
    starts = np.flatnonzero(new)
    first_of_leaf = np.searchsorted(leaf[starts], leaf[starts])
    return _Steps(node, to_left, starts, leaf[starts], np.arange(len(starts)) - first_of_leaf, feature[starts])
