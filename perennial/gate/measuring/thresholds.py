"""The operating threshold of a binary model: the best of all cuts between two probabilities for a goal.

A cut lies halfway between two neighbouring probabilities: a model fitted again, with slightly different probabilities,
separates the same rows. Of equally good cuts the highest is taken, which predicts the fewest positives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cut:
    """Rows from `value` on are predicted positive; `reached` is the objective there, `met` whether the goal is reached.

    For a required precision, `reached` is the recall, or, if the goal is not met, the precision.
    """

    value: float
    reached: float
    met: bool = True


def by_f_beta(actual: NDArray[np.bool_], probability: Floats, beta: float) -> Cut:
    """The greatest F-beta (van Rijsbergen 1979). `actual` and `probability`: (n,), n > 0."""
    cuts = _Cuts(actual, probability)
    square = beta**2
    found = (1 + square) * cuts.hits
    score = np.divide(found, found + square * (cuts.positives - cuts.hits) + cuts.misses, where=found > 0, out=found)
    return cuts.best(score)


def by_recall(actual: NDArray[np.bool_], probability: Floats, precision: float) -> Cut:
    """The greatest recall among cuts of at least that precision; if there is none, the most precise cut."""
    cuts = _Cuts(actual, probability)
    predicted = cuts.hits + cuts.misses
    reached = np.divide(cuts.hits, predicted, where=predicted > 0, out=np.zeros(len(predicted)))
    if not (reached >= precision).any():
        return Cut(cuts.best(reached).value, float(reached.max()), met=False)
    return cuts.best(np.where(reached >= precision, cuts.hits / max(1.0, cuts.positives), -1.0))


def by_value(probability: Floats, if_positive: Floats, if_negative: Floats) -> Cut:
    """The greatest mean value. `if_positive`, `if_negative`: (n,), the value of a row with that prediction."""
    cuts = _Cuts(np.zeros(len(probability), dtype=bool), probability)
    return cuts.best((if_negative.sum() + cuts.sums(if_positive - if_negative)) / len(probability))


class _Cuts:
    """The k + 1 cuts of n rows with k distinct probabilities, from no positive prediction to all positive."""

    def __init__(self, actual: NDArray[np.bool_], probability: Floats) -> None:
        self._order = np.argsort(-probability, kind="stable")
        ranked = probability[self._order]
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        self._ends, values = ends + 1, ranked[ends]
        # Above the highest probability nothing is predicted positive; from 0 on everything.
        highest = values[0] + (1 - values[0]) / 2 if values[0] < 1 else np.nextafter(1.0, 2.0)
        self._values = np.concatenate([[highest], (values[:-1] + values[1:]) / 2, [0.0]])
        self.hits, self.misses = self.sums(actual.astype(np.float64)), self.sums((~actual).astype(np.float64))
        self.positives = float(actual.sum())

    def sums(self, values: Floats) -> Floats:
        """(k + 1,): the sum of `values` over the rows that each cut predicts positive."""
        running: Floats = np.zeros(len(values) + 1)
        np.cumsum(values[self._order], out=running[1:])
        return running.take(np.append(0, self._ends))

    def best(self, score: Floats) -> Cut:
        """The first of the cuts with the greatest score."""
        place = int(np.argmax(score))
        return Cut(float(self._values[place]), float(score[place]))
