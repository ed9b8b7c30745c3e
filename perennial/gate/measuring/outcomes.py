"""What a model said about rows whose truth is known, and every figure of it, for rows that count differently often.

The figures are scikit-learn's, to the last digits but three, and fast enough to be computed a thousand times over tens
of thousands of rows. A figure that is not defined is NaN: here too where scikit-learn warns and says 0 or 1.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from perennial.contract.metrics import metrics_of
from perennial.gate.measuring.confusion import Confusion, accuracy, by_class, matthews
from perennial.gate.measuring.curves import Ranking
from perennial.gate.measuring.losses import Calibration, log_losses, means

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Figures = dict[str, float]
_NAN = float("nan")
#: by class, in the order of `scores`
CLASS_FIGURES = ("precision", "recall", "f1")


class Outcomes(Protocol):
    """Predictions and truth of the same n rows."""

    problem: str
    rows: int
    classes: int

    def points(self) -> Figures:
        """Each metric of the problem over the rows as they are."""

    def resampled(self, weights: Floats) -> Figures:
        """The same metrics with row i counted `weights[i]` times; weights of shape (n,), not negative."""

    def scores(self, weights: Floats) -> tuple[Figures, Floats]:
        """`resampled`, and (3, K): precision, recall and f1 of each class; (3, 0) where there are no classes."""


class _Counted:
    """What is common: figures of nothing, and of each row once."""

    problem: str
    rows: int
    classes: int

    def points(self) -> Figures:
        return self.resampled(np.ones(self.rows))

    def resampled(self, weights: Floats) -> Figures:
        return self.scores(weights)[0]

    def scores(self, weights: Floats) -> tuple[Figures, Floats]:
        if weights.any():
            return self._scores(weights)
        names = [metric.name for metric in metrics_of(self.problem)]
        return dict.fromkeys(names, _NAN), np.full((3, self.classes if self.classes > 1 else 0), _NAN)

    def _scores(self, weights: Floats) -> tuple[Figures, Floats]:
        raise NotImplementedError


class Binary(_Counted):
    """A problem of two classes, one of which is looked for."""

    problem = "binary"
    classes = 2

    def __init__(self, actual: NDArray[np.bool_], probability: Floats, threshold: float = 0.5) -> None:
        """`actual`: which rows are positive. `probability` of it. From `threshold` on the model says 'positive'."""
        self.rows = len(actual)
        self.actual, self.probability = actual, np.asarray(probability, dtype=np.float64)
        self.said = self.probability >= threshold
        self._confusion = Confusion(actual.astype(np.int64), self.said.astype(np.int64), 2)
        of_the_truth = np.where(actual, self.probability, 1 - self.probability)
        self._losses = np.stack([log_losses(of_the_truth), (self.probability - actual) ** 2])
        self._ranking, self._calibration = Ranking(actual, self.probability), Calibration(self.probability, actual)

    def _scores(self, weights: Floats) -> tuple[Figures, Floats]:
        table = self._confusion.table(weights)
        classes = by_class(table)
        roc_auc, average_precision = self._ranking.areas(weights)
        log_loss, brier = means(self._losses, weights).tolist()
        return {
            "roc_auc": roc_auc,
            "average_precision": average_precision,
            "accuracy": accuracy(table),
            **{name: float(classes[place, 1]) for place, name in enumerate(CLASS_FIGURES)},
            "mcc": matthews(table),
            "log_loss": log_loss,
            "brier": brier,
            "calibration_error": self._calibration.error(weights),
        }, classes


class Multiclass(_Counted):
    """A problem of K classes, numbered from 0. Figures that know two classes are plain means of each against the rest.

    A class that no row has and no prediction says does not enter the means; into those of areas none without rows.
    """

    problem = "multiclass"

    def __init__(self, actual: Ints, probabilities: Floats) -> None:
        """`actual`: each row's class, (n,). `probabilities` of each class, (n, K); the model says the likeliest."""
        self.rows, self.classes = probabilities.shape
        self.actual, self.probabilities = actual, probabilities
        self.said = probabilities.argmax(axis=1)
        self._confusion = Confusion(actual, self.said, self.classes)
        truth = actual[:, None] == np.arange(self.classes)
        squares = ((probabilities - truth) ** 2).sum(axis=1)
        self._losses = np.stack([log_losses(probabilities[np.arange(self.rows), actual]), squares])
        self._calibration = Calibration(probabilities.max(axis=1), self.said == actual)
        self._seen = np.union1d(actual, self.said)
        self._rankings = [Ranking(truth[:, c], probabilities[:, c]) for c in np.unique(actual)]

    def _scores(self, weights: Floats) -> tuple[Figures, Floats]:
        table = self._confusion.table(weights)
        classes = by_class(table)
        log_loss, brier = means(self._losses, weights).tolist()
        areas = np.array([ranking.areas(weights) for ranking in self._rankings])
        defined = areas[np.isfinite(areas[:, 1])]
        return {
            "roc_auc": float(defined[:, 0].mean()),
            "average_precision": float(defined[:, 1].mean()),
            "accuracy": accuracy(table),
            **{name: float(classes[place, self._seen].mean()) for place, name in enumerate(CLASS_FIGURES)},
            "mcc": matthews(table),
            "log_loss": log_loss,
            "brier": brier,
            "calibration_error": self._calibration.error(weights),
        }, classes


class Regression(_Counted):
    """A problem whose truth is a number."""

    problem = "regression"
    classes = 1

    def __init__(self, actual: Floats, value: Floats, quantile: float = 0.5) -> None:
        """Both of shape (n,), in the target's unit, as are mae, rmse and pinball. `quantile`: of the pinball loss."""
        self.rows = len(actual)
        self.actual, self.value = actual, np.asarray(value, dtype=np.float64)
        short = actual - self.value
        # Koenker and Bassett 1978: a unit too little costs `quantile`, a unit too much the rest of one.
        self.pinball = np.where(short > 0, quantile * short, (quantile - 1) * short)
        self._losses = np.stack([np.abs(short), short**2, self.pinball, actual])

    def _scores(self, weights: Floats) -> tuple[Figures, Floats]:
        mae, mse, pinball, mean = means(self._losses, weights).tolist()
        variance = float(np.einsum("i,i", weights, (self.actual - mean) ** 2) / weights.sum())
        return {
            "r2": 1 - mse / variance if variance > 0 and not self._is_constant(weights, mean, variance) else _NAN,
            "mae": mae,
            "rmse": mse**0.5,
            "pinball": pinball,
        }, np.empty((3, 0))

    def _is_constant(self, weights: Floats, mean: float, variance: float) -> bool:
        """Is the variance what rounding leaves of truths that are all equal? Looked at only where it is that small."""
        return variance < 1e-14 * mean**2 and bool(np.ptp(self.actual[weights > 0]) == 0)
