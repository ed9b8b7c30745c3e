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

    def scores(self, weights: Floats) -> tuple[Metrics, Floats]:
        """`resampled`, and (3, K): precision, recall and f1 of each class; (3, 0) where there are no classes."""


class _Counted:
    """The common part: metrics of no rows, and of each row once."""

    problem: str
    rows: int
    classes: int

    def points(self) -> Metrics:
        return self.resampled(np.ones(self.rows))

    def resampled(self, weights: Floats) -> Metrics:
        return self.scores(weights)[0]

    def scores(self, weights: Floats) -> tuple[Metrics, Floats]:
        if weights.any():
            return self._scores(weights)
        names = [metric.name for metric in metrics_of(self.problem)]
        return dict.fromkeys(names, _NAN), np.full((3, self.classes if self.classes > 1 else 0), _NAN)

    def _scores(self, weights: Floats) -> tuple[Metrics, Floats]:
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

    def _scores(self, weights: Floats) -> tuple[Metrics, Floats]:
        table = self._confusion.table(weights)
        classes = by_class(table)
        roc_auc, average_precision = self._ranking.areas(weights)
        log_loss, brier = means(self._losses, weights).tolist()
        return {
            "roc_auc": roc_auc,
            "average_precision": average_precision,
            "accuracy": accuracy(table),
            **{name: float(classes[place, 1]) for place, name in enumerate(CLASS_METRICS)},
            "mcc": matthews(table),
            "log_loss": log_loss,
            "brier": brier,
            "calibration_error": self._calibration.error(weights),
        }, classes


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

    def _scores(self, weights: Floats) -> tuple[Metrics, Floats]:
        table = self._confusion.table(weights)
        classes = by_class(table)
        log_loss, brier = means(self._losses, weights).tolist()
        areas = np.array([ranking.areas(weights) for ranking in self._rankings])
        defined = areas[np.isfinite(areas[:, 1])]
        return {
            "roc_auc": float(defined[:, 0].mean()),
            "average_precision": float(defined[:, 1].mean()),
            "accuracy": accuracy(table),
            **{name: float(classes[place, self._seen].mean()) for place, name in enumerate(CLASS_METRICS)},
            "mcc": matthews(table),
            "log_loss": log_loss,
            "brier": brier,
            "calibration_error": self._calibration.error(weights),
        }, classes


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

    def _scores(self, weights: Floats) -> tuple[Metrics, Floats]:
        mae, mse, pinball, mean = means(self._losses, weights).tolist()
        variance = float(np.einsum("i,i", weights, (self.actual - mean) ** 2) / weights.sum())
        return {
            "r2": 1 - mse / variance if variance > 0 and not self._is_constant(weights, mean, variance) else _NAN,
            "mae": mae,
            "rmse": mse**0.5,
            "pinball": pinball,
        }, np.empty((3, 0))

    def _is_constant(self, weights: Floats, mean: float, variance: float) -> bool:
        """True if the variance is a rounding error of equal values; compared only where it is that small."""
        return variance < 1e-14 * mean**2 and bool(np.ptp(self.actual[weights > 0]) == 0)
