"""An engine of several: the weighted mean of their predictions, each by its own link on its own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.fast.contributions import Contributions
from training.fast.links import Link
from training.fast.trees import Trees

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Part:
    """A member: its engine, link and weight, and the numbers that it reads; of a linear one their means."""

    engine: Any
    link: Link
    weight: int
    places: slice
    background: Floats | None
    folder: Path

    @cached_property
    def contributions(self) -> Contributions:
        """Those of trees, made with the first request."""
        return Contributions(Trees.load(self.folder / "trees.npz"))

    def explained(self, numbers: Floats, output: int) -> tuple[float, Floats]:
        """The mean of an output's prediction, and what each of `numbers` (width,) adds to it."""
        if self.background is not None:
            asked = self._asked(output, len(self.engine.intercepts))
            weights = self.engine.weights[:, asked]
            base = self.background @ weights + self.engine.intercepts[asked]
            added = ((numbers - self.background)[:, None] * weights).T
        else:
            found = [self.contributions.of(numbers, each) for each in self._asked(output, self.contributions.outputs)]
            base, added = np.array([mean for mean, _ in found]), np.stack([parts for _, parts in found])
        return self.link.explained(base, added, output if self.link.name == "softmax" else 0)

    def _asked(self, output: int, outputs: int) -> list[int]:
        """The outputs whose sums the prediction of one depends on."""
        return list(range(outputs)) if self.link.name == "softmax" else [output]


class Ensemble:
    """The engine. Its outputs are predictions."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self._whole = sum(part.weight for part in parts)

    def one(self, numbers: list[float]) -> Floats:
        """The predictions (K,) of one row."""
        found = sum(part.weight * part.link.values(part.engine.one(numbers[part.places])[None]) for part in self.parts)
        return np.ravel(np.asarray(found) / self._whole)

    def many(self, numbers: Floats) -> Floats:
        """The predictions (n, K) of numbers (n, width)."""
        found = sum(
            part.weight * part.link.values(part.engine.many(np.ascontiguousarray(numbers[:, part.places])))
            for part in self.parts
        )
        return np.asarray(np.asarray(found) / self._whole).reshape(len(numbers), -1)

    def explain(self, numbers: Floats, output: int) -> tuple[float, Floats]:
        """The mean of a prediction, and what each of `numbers` (width,) adds to it."""
        mean, added = 0.0, np.zeros(len(numbers))
        for part in self.parts:
            base, parts = part.explained(numbers[part.places], output)
            mean += part.weight / self._whole * base
            added[part.places] += part.weight / self._whole * parts
        return mean, added

    @property
    def cost(self) -> int:
        """The number of array elements for the explanation of one row."""
        trees = [part.contributions for part in self.parts if part.background is None]
        return max(1, sum(each.cost * each.outputs for each in trees))
