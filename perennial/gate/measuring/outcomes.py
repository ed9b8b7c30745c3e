"""Predictions for rows whose true value is known, and every metric of them, for weighted rows.

The metrics equal scikit-learn's within rounding and are fast enough to be computed a thousand times over tens of
thousands of rows. An undefined metric is NaN, also where scikit-learn warns and returns 0 or 1.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from perennial.contract.metrics import metrics_of
from perennial.gate.measuring.classification import (
    Calibration,
    Confusion,
    accuracy,
    by_class,
    log_losses,
    matthews,
    means,
)
from perennial.gate.measuring.curves import Ranking

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Metrics = dict[str, float]
_NAN = float("nan")
#: by class, in the order of `scores`
CLASS_METRICS = ("precision", "recall", "f1")


class Outcomes(Protocol):
    """Predictions and true values of the same n rows."""

    problem: str
    rows: int
    classes: int

    def points(self) -> Metrics:
        """Each metric of the problem over the original rows."""

    def resampled(self, weights: Floats) -> Metrics:
        """The same metrics with row i counted `weights[i]` times; weights of shape (n,), not negative."""

    def vectors(self, weights: Floats) -> Floats:
        """(b, k) for b weightings (b, n): the metrics of `points`, then precision, recall and f1 of each class."""


class _Counted:
    """The common part: metrics of no rows, and of each row once."""

    problem: str
    rows: int
    classes: int

    def points(self) -> Metrics:
        return self.resampled(np.ones(self.rows))

    def resampled(self, weights: Floats) -> Metrics:
        names = [metric.name for metric in metrics_of(self.problem)]
        return dict(zip(names, self.vectors(weights[None])[0].tolist(), strict=False))

    def vectors(self, weights: Floats) -> Floats:
        counted = weights.any(axis=1)
        if len(weights) and counted.all():
            return self._vectors(weights)
        width = len(metrics_of(self.problem)) + len(CLASS_METRICS) * (self.classes if self.classes > 1 else 0)
        found = np.full((len(weights), width), _NAN)
        if counted.any():
            found[counted] = self._vectors(weights[counted])
        return found

    def _vectors(self, weights: Floats) -> Floats:
        raise NotImplementedError


class Binary(_Counted):
    """Binary classification."""

    problem = "binary"
    classes = 2

    def __init__(self, actual: NDArray[np.bool_], probability: Floats, threshold: float = 0.5) -> None:
        """`actual`: the positive rows. `probability` of positive. A row is predicted positive from `threshold` on."""
        self.rows = len(actual)
        self.actual, self.probability = actual, np.asarray(probability, dtype=np.float64)
        self.predicted = self.probability >= threshold
        self._confusion = Confusion(actual.astype(np.int64), self.predicted.astype(np.int64), 2)
        of_the_truth = np.where(actual, self.probability, 1 - self.probability)
        self._losses = np.stack([log_losses(of_the_truth), (self.probability - actual) ** 2])
        self._ranking, self._calibration = Ranking(actual, self.probability), Calibration(self.probability, actual)

    def _vectors(self, weights: Floats) -> Floats:
        tables = self._confusion.tables(weights)
        classes = by_class(tables)
        columns = [
            *self._ranking.areas(weights),  # ROC AUC, average precision
            accuracy(tables),
            *(classes[:, place, 1] for place in range(len(CLASS_METRICS))),
            matthews(tables),
            *(means(losses, weights) for losses in self._losses),  # log loss, Brier score
            self._calibration.error(weights),
        ]
        return _side_by_side(columns, classes)


class Multiclass(_Counted):
    """Classification with K classes, numbered from 0. Binary metrics are macro averages, one class against the rest.

    A class without rows and predictions is excluded from the averages; areas exclude every class without rows.
    """

    problem = "multiclass"

    def __init__(self, actual: Ints, probabilities: Floats) -> None:
        """`actual`: each row's class, (n,). `probabilities` of each class, (n, K); the most likely is predicted."""
        self.rows, self.classes = probabilities.shape
        self.actual, self.probabilities = actual, probabilities
        self.predicted = probabilities.argmax(axis=1)
        self._confusion = Confusion(actual, self.predicted, self.classes)
        truth = actual[:, None] == np.arange(self.classes)
        squares = ((probabilities - truth) ** 2).sum(axis=1)
        self._losses = np.stack([log_losses(probabilities[np.arange(self.rows), actual]), squares])
        self._calibration = Calibration(probabilities.max(axis=1), self.predicted == actual)
        self._seen = np.union1d(actual, self.predicted)
        self._rankings = [Ranking(truth[:, c], probabilities[:, c]) for c in np.unique(actual)]

    def _vectors(self, weights: Floats) -> Floats:
        tables = self._confusion.tables(weights)
        classes = by_class(tables)
        areas = np.array([ranking.areas(weights) for ranking in self._rankings])  # (seen, 2, b)
        defined = np.isfinite(areas[:, 1])
        counts = defined.sum(axis=0)
        sums = np.where(defined[:, None], areas, 0.0).sum(axis=0)
        columns = [
            *np.divide(sums, counts, out=np.full(sums.shape, _NAN), where=counts > 0),  # ROC AUC, average precision
            accuracy(tables),
            *(classes[:, place, self._seen].mean(axis=1) for place in range(len(CLASS_METRICS))),
            matthews(tables),
            *(means(losses, weights) for losses in self._losses),  # log loss, Brier score
            self._calibration.error(weights),
        ]
        return _side_by_side(columns, classes)


class Regression(_Counted):
    """Regression."""

    problem = "regression"
    classes = 1

    def __init__(self, actual: Floats, value: Floats, quantile: float = 0.5) -> None:
        """Both of shape (n,), in the target's unit, as are mae, rmse and pinball. `quantile`: of the pinball loss."""
        self.rows = len(actual)
        self.actual, self.value = actual, np.asarray(value, dtype=np.float64)
        short = actual - self.value
        # Koenker and Bassett 1978: a unit too little costs `quantile`, a unit too much 1 - `quantile`.
        self.pinball = np.where(short > 0, quantile * short, (quantile - 1) * short)
        self._losses = np.stack([np.abs(short), short**2, self.pinball, actual])

    def _vectors(self, weights: Floats) -> Floats:
        mae, mse, pinball, mean = (means(losses, weights) for losses in self._losses)
        variance = (weights * (self.actual - mean[:, None]) ** 2).sum(axis=1) / weights.sum(axis=1)
        known = (variance > 0) & ~self._are_constant(weights, mean, variance)
        r2 = np.divide(mse, variance, out=np.full(len(mse), _NAN), where=known)
        return np.column_stack([1 - r2, mae, np.sqrt(mse), pinball])

    def _are_constant(self, weights: Floats, mean: Floats, variance: Floats) -> NDArray[np.bool_]:
        """True if the variance is a rounding error of equal values; compared only where it is that small."""
        found = np.sqrt(variance) < 1e-7 * np.abs(mean)
        for place in np.flatnonzero(found):
            found[place] = np.ptp(self.actual[weights[place] > 0]) == 0
        return found


def _side_by_side(columns: list[Floats], classes: Floats) -> Floats:
    """(b, k): columns (b,), then the metrics of classes (b, 3, K), class by class."""
    count, kinds, known = classes.shape
    return np.column_stack([*columns, classes.transpose(0, 2, 1).reshape(count, known * kinds)])
