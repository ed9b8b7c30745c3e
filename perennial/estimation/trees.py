"""Gradient-boosted trees that predict the loss of each row, in NumPy alone.

A Lambda function has no scikit-learn, and the model of the losses must be read there: it is fitted on held-out rows in
the training job, written as JSON, and evaluated where the traffic is. Histograms as in LightGBM (Ke et al. 2017), least
squares (Friedman 2001), trees of equal depth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contract.part import Part, required
from perennial.gate.measuring.columns import Table, Values, numbers_of, values_of

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
_BINS, _DEPTH, _ROUNDS, _RATE, _FEWEST = 32, 3, 40, 0.15, 20
_MOST_CATEGORIES = 200
_NODES = 2**_DEPTH - 1


@dataclass(frozen=True)
class Binning(Part):
    """The bins of one column: `edges` of numbers and times, or `ranks` of texts. 0 is for nulls and unknown texts."""

    edges: tuple[float, ...] = required("The upper edges of the bins of a number.")
    ranks: Mapping[str, int] = required("The bin of each text, ordered by its mean loss.")

    @classmethod
    def fit(cls, column: Any, loss: Floats) -> Binning:
        """The bins of a column of the held-out rows, (n,)."""
        found = values_of(column)
        if found.is_measured():
            numbers = _numbers(found)
            edges = np.unique(np.quantile(numbers, np.linspace(0, 1, _BINS)[1:-1])) if len(numbers) else np.empty(0)
            return cls(tuple(edges.tolist()), {})
        texts, codes, counts = np.unique(_texts(found), return_inverse=True, return_counts=True)
        common = np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES]
        # shrunk to the mean of all rows, as if ten rows of each text had it
        means = (np.bincount(codes, weights=loss[found.known]) + 10 * loss.mean()) / (counts + 10)
        ordered = common[np.argsort(means[common], kind="stable")]
        bins = np.minimum(np.arange(len(ordered)) * (_BINS - 1) // max(1, len(ordered)), _BINS - 2) + 1
        return cls((), dict(zip(texts[ordered].tolist(), bins.tolist(), strict=True)))

    def codes(self, column: Any) -> Codes:
        """The bin of each row, (n,)."""
        found = values_of(column)
        codes = np.zeros(len(found.known), dtype=np.int64)
        if found.is_measured():
            codes[found.known] = np.searchsorted(self.edges, _numbers(found), side="left") + 1
        else:
            texts, places = np.unique(_texts(found), return_inverse=True)
            codes[found.known] = np.array([self.ranks.get(text, 0) for text in texts.tolist()], dtype=np.int64)[places]
        return codes


def _numbers(found: Values) -> Floats:
    return numbers_of(found.values)


def _texts(found: Values) -> NDArray[Any]:
    return np.array([found.text(value) for value in found.values.tolist()], dtype=str)


@dataclass(frozen=True)
class Tree(Part):
    """A full tree: feature and cut of each inner node, and the value of each leaf. Codes above a cut go right."""

    features: tuple[int, ...] = required("The index of the feature of each inner node.")
    cuts: tuple[int, ...] = required("The greatest code that goes left.")
    leaves: tuple[float, ...] = required("The value of each leaf.")

    def values(self, codes: Codes) -> Floats:
        """The leaf's value of each row. `codes`: (n, features)."""
        leaves: Floats = np.asarray(self.leaves, dtype=np.float64)
        return leaves[self._leaf_of(codes)]

    def _leaf_of(self, codes: Codes) -> Codes:
        """The index of each row's leaf, (n,)."""
        features, cuts = np.asarray(self.features), np.asarray(self.cuts)
        rows = np.arange(len(codes))
        node: Codes = np.zeros(len(codes), dtype=np.int64)
        for _ in range(_DEPTH):
            node = 2 * node + 1 + (codes[rows, features[node]] > cuts[node]).astype(np.int64)
        return np.asarray(node - _NODES)


@dataclass(frozen=True)
class Ensemble(Part):
    """A sum of trees over the codes of named columns."""

    start: float = required("The mean loss.")
    trees: tuple[Tree, ...] = required("The trees.")

    @classmethod
    def fit(cls, codes: Codes, loss: Floats) -> Ensemble:
        """Least squares on `loss`, (n,); `codes`: (n, features)."""
        start, trees = float(loss.mean()), []
        rest = loss - start
        for _ in range(_ROUNDS):
            tree = _grown(codes, rest)
            trees.append(tree)
            rest = rest - tree.values(codes)
        return cls(start, tuple(trees))

    def predict(self, codes: Codes) -> Floats:
        """The predicted loss of each row, (n,), never below a hundredth of the mean."""
        total: Floats = np.full(len(codes), self.start)
        for tree in self.trees:
            total += tree.values(codes)
        return np.asarray(np.maximum(total, self.start / 100))


def binned(binnings: Mapping[str, Binning], rows: Table, prediction: Floats) -> Codes:
    """The codes of the columns, (n, columns + 1); the model's own prediction is the last, under the name ''.

    A column that the rows lack is all nulls.
    """
    own = np.searchsorted(binnings[""].edges, prediction, side="left") + 1
    known, nulls = set(rows.columns), np.zeros(len(prediction), dtype=np.int64)
    columns = [(name, binning) for name, binning in binnings.items() if name]
    return np.column_stack([*(each.codes(rows[name]) if name in known else nulls for name, each in columns), own])


def binnings_of(columns: Sequence[str], rows: Table, prediction: Floats, loss: Floats) -> dict[str, Binning]:
    """The bins of each column, and of the model's own prediction."""
    edges = np.unique(np.quantile(prediction, np.linspace(0, 1, _BINS)[1:-1]))
    return {name: Binning.fit(rows[name], loss) for name in columns} | {"": Binning(tuple(edges.tolist()), {})}


def _grown(codes: Codes, rest: Floats) -> Tree:
    """One tree, level by level: the cut of each node that lowers the squared error most."""
    features, cuts = np.zeros(_NODES, dtype=np.int64), np.full(_NODES, _BINS, dtype=np.int64)
    node, rows = np.zeros(len(codes), dtype=np.int64), np.arange(len(codes))
    for depth in range(_DEPTH):
        first, width = 2**depth - 1, 2**depth
        gains = np.stack([_gains(codes[:, feature], node - first, rest, width) for feature in range(codes.shape[1])])
        best = gains.transpose(1, 0, 2).reshape(width, -1)
        places = best.argmax(axis=1)
        found = best[np.arange(width), places] > 0
        features[first : first + width] = np.where(found, places // _BINS, 0)
        cuts[first : first + width] = np.where(found, places % _BINS, _BINS)
        node = 2 * node + 1 + (codes[rows, features[node]] > cuts[node])
    leaf = node - _NODES
    counts = np.bincount(leaf, minlength=_NODES + 1)
    sums = np.bincount(leaf, weights=rest, minlength=_NODES + 1)
    leaves = _RATE * sums / np.maximum(counts, 1)
    return Tree(tuple(features.tolist()), tuple(cuts.tolist()), tuple(float(f"{leaf:.6g}") for leaf in leaves))


def _gains(codes: Codes, node: Codes, rest: Floats, nodes: int) -> Floats:
    """(nodes, bins): how much each cut of one feature lowers the squared error of each node; 0 with too few rows."""
    cell = node * _BINS + np.minimum(codes, _BINS - 1)
    counts = np.bincount(cell, minlength=nodes * _BINS).reshape(nodes, _BINS).cumsum(axis=1)
    sums = np.bincount(cell, weights=rest, minlength=nodes * _BINS).reshape(nodes, _BINS).cumsum(axis=1)
    right, right_sum = counts[:, -1:] - counts, sums[:, -1:] - sums
    usable = (counts >= _FEWEST) & (right >= _FEWEST)
    whole = sums[:, -1:] ** 2 / np.maximum(counts[:, -1:], 1)
    gain = sums**2 / np.maximum(counts, 1) + right_sum**2 / np.maximum(right, 1) - whole
    return np.asarray(np.where(usable, gain, 0.0))
