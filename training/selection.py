"""Selection of an ensemble from trials: greedily, by the loss of their mean (Caruana et al., ICML 2004).

What is selected from are answers for rows by models that were fitted without them: numbers, or the probability that a
row's own class was given. The gain is measured crosswise: of the rows of a fold by what the other folds select.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_MEMBERS = 4
_STEPS = 20  # the sum of all weights, at most
_LEAST = 1e-6  # probability

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Answers:
    """The answers (stages, n) of a trial after each of its stages; one stage, unless trees are added step by step."""

    stages: tuple[int, ...]
    values: Floats


@dataclass(frozen=True)
class Selected:
    """By trial its weight, 0 if it is no member, and the place of its stage."""

    weights: tuple[int, ...]
    stages: tuple[int, ...]


@dataclass(frozen=True)
class Truth:
    """The targets (n,) of a regression; None for classes, whose answers are probabilities of the truth."""

    numbers: NDArray[Any] | None

    def losses(self, answers: Floats) -> Floats:
        """The loss of each row, of answers (..., n): squared error, or log loss."""
        with np.errstate(all="ignore"):
            found = -np.log(np.maximum(answers, _LEAST)) if self.numbers is None else (answers - self.numbers) ** 2
        return np.asarray(np.where(np.isfinite(found), found, np.inf))

    def of(self, rows: Mask) -> Truth:
        """Selects some of the rows by a mask (n,)."""
        return Truth(None if self.numbers is None else self.numbers[rows])


def select(trials: Sequence[Answers], truth: Truth, most: int) -> Selected:
    """At most `most` members, of the trials each with the stage of the least loss."""
    stages = [int(np.argmin(truth.losses(trial.values).mean(axis=1))) for trial in trials]
    answers = np.stack([trial.values[stage] for trial, stage in zip(trials, stages, strict=True)])
    weights, best, least = np.zeros(len(trials), dtype=int), np.zeros(len(trials), dtype=int), np.inf
    total = np.zeros(answers.shape[1])
    for step in range(1, _STEPS + 1 if most > 1 else 2):
        losses = truth.losses((total + answers) / step).mean(axis=1)
        if np.count_nonzero(weights) == most:
            losses[weights == 0] = np.inf
        place = int(np.argmin(losses))
        weights[place] += 1
        total = total + answers[place]
        if losses[place] < least:
            best, least = weights.copy(), losses[place]
    return Selected(tuple((best // max(1, gcd(*best.tolist()))).tolist()), tuple(stages))


def mean(trials: Sequence[Answers], selected: Selected) -> Floats:
    """The answers (n,) of what is selected."""
    found = [
        weight * trial.values[stage]
        for trial, weight, stage in zip(trials, selected.weights, selected.stages, strict=True)
        if weight
    ]
    return np.asarray(sum(found) / sum(selected.weights))


def crossed(trials: Sequence[Answers], truth: Truth, folds: NDArray[np.int64], most: int) -> Floats:
    """The loss of each row (n,), by what is selected on the rows of the other folds."""
    losses = np.zeros(len(folds))
    for fold in np.unique(folds):
        own = folds == fold
        others = [Answers(trial.stages, trial.values[:, ~own]) for trial in trials]
        chosen = select(others, truth.of(~own), most)
        mine = [Answers(trial.stages, trial.values[:, own]) for trial in trials]
        losses[own] = truth.of(own).losses(mean(mine, chosen))
    return losses
