"""Link functions: from the sums of an engine to predictions, and how a change of a sum changes a prediction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_TIMES, _SHARES = (_NODES + 1) / 2, _WEIGHTS / 2


@dataclass(frozen=True)
class Link:
    """identity, logistic, softmax, exponential; or bounded: `factor` times the exponential of a sum kept between `low`
    and `high`.
    """

    name: str
    low: float = 0.0
    high: float = 0.0
    factor: float = 1.0

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Link:
        """The link of the facts of a fast path, or of one of its members."""
        return cls(facts["link"], *facts.get("bounds", ()))

    def values(self, sums: Floats) -> Floats:
        """Predictions (n,) or, of several outputs, (n, K), of sums (n, outputs)."""
        if self.name == "softmax":
            powers = np.exp(sums - sums.max(axis=1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=1, keepdims=True))
        if sums.shape[1] > 1:
            return sums
        sums = sums[:, 0]
        if self.name == "logistic":
            return _logistic(sums)
        if self.name == "bounded":
            return np.asarray(self.factor * np.exp(np.clip(sums, self.low, self.high)))
        return np.exp(sums) if self.name == "exponential" else sums

    def explained(self, base: Floats, added: Floats, output: int) -> tuple[float, Floats]:
        """The prediction at the base sums, and what each number adds to it; together they are the row's prediction.

        `base` (outputs,) are the mean sums, `added` (outputs, width) the contributions to them, all outputs for
        softmax, else one. On the straight line from the base to the row each number's part of the change is added up
        (the Aumann-Shapley value). Of one sum that is its share of the sum's change.
        """
        ends = np.stack([base, base + added.sum(axis=1)])
        before, after = self.values(ends)[:, output] if self.name == "softmax" else self.values(ends)
        if self.name == "softmax":
            parts = _SHARES @ self._slopes(base, added, output)
        else:
            change = float(ends[1, 0] - ends[0, 0])
            parts = added[0] * ((after - before) / change if change else self._slope(float(ends[0, 0])))
        left, sizes = after - before - parts.sum(), np.abs(parts)
        return float(before), parts + (left * sizes / sizes.sum() if sizes.sum() else 0.0)

    def _slopes(self, base: Floats, added: Floats, output: int) -> Floats:
        chance = self.values(base + _TIMES[:, None] * added.sum(axis=1))
        mine = chance[:, [output]]
        return np.asarray(mine * (added[output] - chance @ added))

    def _slope(self, at: float) -> float:
        value = float(self.values(np.array([[at]]))[0])
        if self.name == "logistic":
            return value * (1 - value)
        return 1.0 if self.name == "identity" else value


def _logistic(sums: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow."""
    if len(sums) == 1:
        x = float(sums[0])
        return np.array([1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))])
    small = np.exp(-np.abs(sums))
    return np.asarray(np.where(sums >= 0, 1.0, small) / (1 + small))
