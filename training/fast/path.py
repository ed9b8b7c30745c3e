"""The fast path: a model's numbers without pandas and scikit-learn, from the folder fast/ of its archive.

    fast.json       encodings of the columns, the engine, the link function
    trees.npz       the trees, if there are any
    forest.bin      treelite's form of them, if they are too large for QuickScorer
    0/, 1/, ...     of an ensemble each member's trees

It is written by `training.fast.parity`, only if its predictions equal the fitted pipeline's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from training.fast.contributions import Contributions
from training.fast.encoding import encoding
from training.fast.ensemble import Ensemble, Part
from training.fast.links import Link
from training.fast.trees import Trees

FOLDER = "fast"
_AT_ONCE = 1024  # rows whose intermediate arrays stay in the processor's caches
Floats = NDArray[np.float64]
Columns = Mapping[str, Sequence[Any]]


class Engine(Protocol):
    """Base of engines: from numbers to sums."""

    def one(self, numbers: list[float]) -> Floats:
        """The outputs (K,) of one row."""

    def many(self, numbers: Floats) -> Floats:
        """The outputs (n, K) of numbers (n, width)."""


class Linear:
    """A linear model: a weight per number and output."""

    def __init__(self, weights: Sequence[Any], intercepts: Sequence[float]) -> None:
        self.weights, self.intercepts = np.array(weights, dtype=np.float64).T.copy(), np.array(intercepts)

    def one(self, numbers: list[float]) -> Floats:
        return np.asarray(np.array(numbers) @ self.weights + self.intercepts)

    def many(self, numbers: Floats) -> Floats:
        return np.asarray(numbers @ self.weights + self.intercepts)


class Forest:
    """Trees of any size, by treelite's GTIL, which is part of the archive."""

    def __init__(self, file: Path, single: bool) -> None:
        """`single`: numbers are rounded to 32 bits first, as in a forest of scikit-learn."""
        import treelite

        self._single = single
        self._model = treelite.Model.deserialize(file)
        self._predict = treelite.gtil.predict

    def one(self, numbers: list[float]) -> Floats:
        return np.asarray(self.many(np.array([numbers]))[0])

    def many(self, numbers: Floats) -> Floats:
        if self._single:
            numbers = numbers.astype(np.float32).astype(np.float64)
        sums = np.asarray(self._predict(self._model, numbers, nthread=1, pred_margin=True), dtype=np.float64)
        sums = sums.reshape(len(numbers), -1)
        return sums[:, 1:] if sums.shape[1] == 2 else sums


class Fast:
    """A model's fast path, read from its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        facts = json.loads((folder / "fast.json").read_text(encoding="utf-8"))
        self._encodings = [(each["column"], encoding(each)) for each in facts["encodings"]]
        self._empty: list[int] = facts["empty"]
        self._link = Link.of(facts)
        self.engine_name: str = facts["engine"]
        self._background: list[float] | None = facts.get("background")
        self._engine = _engine(folder, facts)

    def values(self, columns: Columns, count: int) -> Floats:
        """The predictions for typed rows: the positive's probability or a number (n,), or probabilities (n, K)."""
        if count == 1:
            return self._link.values(self._engine.one(self.one(columns))[None])
        sums = [self._engine.many(self._many(columns, slice(at, at + _AT_ONCE))) for at in range(0, count, _AT_ONCE)]
        return self._link.values(sums[0] if len(sums) == 1 else np.concatenate(sums))

    def one(self, columns: Columns, row: int = 0) -> list[float]:
        """One row's numbers."""
        numbers: list[float] = []
        for name, learnt in self._encodings:
            numbers += learnt.one(columns[name][row])
        for place in self._empty:
            numbers[place] = 0.0
        return numbers

    def _many(self, columns: Columns, part: slice) -> Floats:
        numbers = np.concatenate([learnt.many(columns[name][part]) for name, learnt in self._encodings], axis=1)
        numbers[:, self._empty] = 0.0
        return numbers

    @property
    def scale(self) -> str:
        """The scale of the contributions."""
        return {"logistic": "log-odds", "softmax": "log-odds", "exponential": "logarithm"}.get(self._link.name, "value")

    def explain(self, columns: Columns, row: int, output: int) -> tuple[float, dict[str, float]]:
        """The mean of an output's sum over the training rows, and the contribution of each feature of a row."""
        numbers = np.array(self.one(columns, row))
        if isinstance(self._engine, Linear):
            usual = np.array(self._background)
            weights = self._engine.weights[:, output]
            base, added = float(usual @ weights + self._engine.intercepts[output]), (numbers - usual) * weights
        elif isinstance(self._engine, Ensemble):
            base, added = self._engine.explain(numbers, output)
        else:
            base, added = self._contributions.of(numbers, output)
        found = {name: 0.0 for name, _ in self._encodings}  # a column that is left out has no number
        for name, part in zip(self._owners, added.tolist(), strict=True):
            found[name] = found.get(name, 0.0) + part
        return base, found

    @property
    def explanation_cost(self) -> int:
        """The number of array elements for the explanation of one row."""
        if isinstance(self._engine, Ensemble):
            return self._engine.cost
        return 1 if isinstance(self._engine, Linear) else self._contributions.cost

    @cached_property
    def _owners(self) -> list[str]:
        return [name for name, learnt in self._encodings for _ in learnt.one(None)]

    @cached_property
    def _contributions(self) -> Contributions:
        return Contributions(Trees.load(self._folder / "trees.npz"))


def _engine(folder: Path, facts: Mapping[str, Any]) -> Engine:
    if facts["engine"] == "ensemble":
        return Ensemble([_part(folder / str(place), member) for place, member in enumerate(facts["members"])])
    if facts["engine"] == "linear":
        return Linear(facts["weights"], facts["intercepts"])
    if facts["engine"] == "treelite":
        return Forest(folder / "forest.bin", facts["single"])
    from training.fast import quickscorer

    return quickscorer.load(folder)


def _part(folder: Path, member: Mapping[str, Any]) -> Part:
    usual = member.get("background")
    background = None if usual is None else np.array(usual, dtype=np.float64)
    places = slice(member["start"], member["stop"])
    return Part(_engine(folder, member), Link.of(member), member["weight"], places, background, folder)
