"""The loss of a way to fit a model, on folds of training rows: what is chosen before a training, is chosen by it.

The held-out rows have no part. The rows are the first ones, which are in the order of a hash, and the folds follow from
the hashes: the same rows give the same losses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training import parallel
from training.progress import Progress, trial
from training.split import Split
from training.stages import quarters, staged

FOLDS = 3
MOST_ROWS = 8_000
FEWEST_ROWS = 60
MOST_CLASSES = 20  # a model of more classes takes too long to be fitted several times
_FEWEST_OF_MANY_CLASSES = 1_000
_LEAST = 1e-6  # probability

Floats = NDArray[np.float64]
#: from rows and their targets as numbers to a fitted pipeline
Fit = Callable[[pd.DataFrame, NDArray[Any]], Any]


@dataclass(frozen=True)
class Gain:
    """The mean by which the loss of a row is less, and its standard error."""

    mean: float
    error: float

    @classmethod
    def of(cls, before: Floats, after: Floats) -> Gain:
        """From the losses (n,) of the same rows; no gain where they are too large to be compared."""
        with np.errstate(all="ignore"):
            gains = before - after
            found = float(gains.mean()), float(gains.std() / np.sqrt(len(gains)))
        return cls(*found) if np.isfinite(found).all() else cls(0.0, 0.0)

    def to_json(self) -> dict[str, float]:
        """The gain as plain data."""
        return {"gain": float(f"{self.mean:.6g}"), "error": float(f"{self.error:.6g}")}


@dataclass(frozen=True)
class Folds:
    """Training rows with their targets as numbers and their folds, (n,); `classes` is 0 for a regression."""

    rows: pd.DataFrame
    numbers: NDArray[Any]
    folds: NDArray[np.int64]
    classes: int

    @classmethod
    def of(cls, split: Split, numbers: NDArray[Any], classes: int, rows: int = MOST_ROWS) -> Folds:
        """At most so many training rows; fewer of several classes, which take as many trees."""
        most = max(_FEWEST_OF_MANY_CLASSES, rows // max(1, classes - 1))
        folds = (split.train_hashes[:most] % np.uint64(FOLDS)).astype(np.int64)
        return cls(split.train.head(most), np.asarray(numbers)[:most], folds, classes)

    @property
    def fault(self) -> str:
        """The reason why nothing can be tried on these rows; '' if there is none."""
        if self.classes > MOST_CLASSES:
            return f"{self.classes} classes, at most {MOST_CLASSES}"
        if len(self.rows) < FEWEST_ROWS:
            return f"{len(self.rows)} rows, at least {FEWEST_ROWS}"
        for fold in range(FOLDS):
            others = self.numbers[self.folds != fold]
            if len(others) < FEWEST_ROWS // 2 or (self.classes and len(np.unique(others)) < 2):
                return "too few groups or rows of a class for folds"
        return ""

    def losses(self, fit: Fit, tried: str = "trial") -> Floats:
        """The loss of each row (n,), predicted from the other folds: squared error, or log loss.

        Of boosting it is the loss after the quarter of the iterations where its mean is least, so that chance that is
        fitted late does not hide a gain. `tried` names the trial in the progress.
        """
        numbers = np.unique(self.folds)
        found: dict[int, Floats] = {}
        progress = Progress("fold", len(numbers), tried)

        def of_fold(fold: int) -> Floats:
            own = self.folds == fold
            with trial(f"{tried}, fold {fold + 1} of {FOLDS}"):
                pipeline = fit(self.rows[~own], self.numbers[~own])
            return self._losses(pipeline, self.rows[own], self.numbers[own])

        stages = parallel.each(of_fold, numbers, self.rows.size)
        for done, (fold, each) in enumerate(zip(numbers, stages, strict=True), 1):
            for stage, losses in enumerate(each):
                found.setdefault(stage, np.zeros(len(self.rows)))[self.folds == fold] = losses
            progress.done(done)
        return min(found.values(), key=lambda losses: float(losses.mean()))

    def _losses(self, pipeline: Any, rows: pd.DataFrame, truth: NDArray[Any]) -> Floats:
        """The losses (stages, n) of a fold's rows."""
        estimator, numbers = pipeline[-1], pipeline[:-1].transform(rows)
        stages = quarters(estimator)
        if not self.classes:
            with np.errstate(over="ignore"):
                return np.asarray((staged(estimator, "predict", numbers, stages) - truth) ** 2, dtype=np.float64)
        chance = np.full((len(stages), len(rows), self.classes), _LEAST)
        chance[:, :, pipeline.classes_.astype(int)] = staged(estimator, "predict_proba", numbers, stages)
        return np.asarray(-np.log(np.maximum(chance[:, np.arange(len(truth)), truth.astype(int)], _LEAST)))
