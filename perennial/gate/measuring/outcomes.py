"""What a model said about rows whose truth is known, and every figure of it: once exactly, once per resample.

`points` are scikit-learn's own figures. `resampled` gives the same figures with each row counted some number of
times, fast enough to do it hundreds of times over tens of thousands of rows. A figure that is not defined is NaN.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

from perennial.gate.measuring.curves import Ranking

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Figures = dict[str, float]
_SMALLEST = float(np.finfo(np.float64).eps)
_NAN = float("nan")


class Outcomes(Protocol):
    """Predictions and truth of the same n rows."""

    problem: str
    rows: int
    classes: int

    def points(self) -> Figures:
        """Each metric of the problem over the rows as they are."""

    def resampled(self, weights: Floats) -> Figures:
        """The same metrics with row i counted `weights[i]` times; weights of shape (n,)."""


class Binary:
    """A problem of two classes, one of which is looked for."""

    problem = "binary"
    classes = 2

    def __init__(self, actual: NDArray[np.bool_], probability: Floats, threshold: float = 0.5) -> None:
        """`actual`: which rows are positive. `probability` of it. From `threshold` on the model says 'positive'."""
        self.rows = len(actual)
        self.actual, self.probability = actual, np.asarray(probability, dtype=np.float64)
        self.said = self.probability >= threshold
        self._cells = _cells(actual.astype(np.int64), self.said.astype(np.int64), 2)
        self._losses = np.column_stack([_log_losses(self._of_the_truth()), (self.probability - actual) ** 2])
        self._ranking = Ranking(actual, self.probability)

    def points(self) -> Figures:
        """scikit-learn's figures. The areas are NaN where the rows hold one class only."""
        actual, said = self.actual, self.said
        both = bool(actual.any() and not actual.all())
        return {
            "roc_auc": float(sk.roc_auc_score(actual, self.probability)) if both else _NAN,
            "average_precision": float(sk.average_precision_score(actual, self.probability)) if both else _NAN,
            "accuracy": float(sk.accuracy_score(actual, said)),
            "precision": float(sk.precision_score(actual, said, zero_division=0)),
            "recall": float(sk.recall_score(actual, said, zero_division=0)),
            "f1": float(sk.f1_score(actual, said, zero_division=0)),
            "mcc": _matthews(actual, said),
            "log_loss": float(sk.log_loss(actual, self.probability, labels=[False, True])),
            "brier": float(np.mean((self.probability - actual) ** 2)),
        }

    def resampled(self, weights: Floats) -> Figures:
        """Figures of the weighted rows."""
        table = _confusion(self._cells, weights, 2)
        log_loss, brier = _means(self._losses, weights).tolist()
        roc_auc, average_precision = self._ranking.areas(weights)
        by_class = _by_class(table)
        return {
            "roc_auc": roc_auc,
            "average_precision": average_precision,
            "accuracy": float(np.trace(table) / table.sum()),
            "precision": float(by_class[0][1]),
            "recall": float(by_class[1][1]),
            "f1": float(by_class[2][1]),
            "mcc": _mcc(table),
            "log_loss": log_loss,
            "brier": brier,
        }

    def _of_the_truth(self) -> Floats:
        return np.where(self.actual, self.probability, 1 - self.probability)


class Multiclass:
    """A problem of K classes, numbered from 0. precision, recall, f1 and roc_auc are plain means over the classes."""

    problem = "multiclass"

    def __init__(self, actual: Ints, probabilities: Floats) -> None:
        """`actual`: each row's class, (n,). `probabilities` of each class, (n, K); the model says the likeliest."""
        self.rows, self.classes = probabilities.shape
        self.actual, self.probabilities = actual, probabilities
        self.said = probabilities.argmax(axis=1)
        self._cells = _cells(actual, self.said, self.classes)
        self._losses = _log_losses(probabilities[np.arange(self.rows), actual])
        self._seen = np.union1d(actual, self.said)
        present = np.unique(actual) if self.rows else np.empty(0, dtype=np.int64)
        self._rankings = [Ranking(actual == c, probabilities[:, c]) for c in present] if len(present) > 1 else []

    def points(self) -> Figures:
        """scikit-learn's figures. A class that no row has and no prediction says does not enter the means."""
        one = np.ones(self.rows)
        precision, recall, f1, _ = sk.precision_recall_fscore_support(
            self.actual, self.said, average="macro", zero_division=0
        )
        return {
            "roc_auc": self._roc_auc(one),
            "accuracy": float(sk.accuracy_score(self.actual, self.said)),
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "mcc": _matthews(self.actual, self.said),
            "log_loss": float(np.mean(self._losses)),
        }

    def resampled(self, weights: Floats) -> Figures:
        """Figures of the weighted rows."""
        table = _confusion(self._cells, weights, self.classes)
        precision, recall, f1 = (scores[self._seen].mean() for scores in _by_class(table))
        return {
            "roc_auc": self._roc_auc(weights),
            "accuracy": float(np.trace(table) / table.sum()),
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
            "mcc": _mcc(table),
            "log_loss": float(_means(self._losses[:, None], weights)[0]),
        }

    def _roc_auc(self, weights: Floats) -> float:
        """Each class against the rest, averaged over the classes that the weighted rows hold."""
        areas = [ranking.roc_auc(weights) for ranking in self._rankings]
        defined = [area for area in areas if not np.isnan(area)]
        return float(np.mean(defined)) if defined else _NAN


class Regression:
    """A problem whose truth is a number."""

    problem = "regression"
    classes = 1

    def __init__(self, actual: Floats, value: Floats) -> None:
        """Both of shape (n,), in the target's own unit; so are mae and rmse."""
        self.rows = len(actual)
        self.actual, self.value = actual, np.asarray(value, dtype=np.float64)
        # Squares of numbers far from zero lose their digits; the mean of the truth is taken away first.
        centred = actual - actual.mean() if self.rows else actual
        error = self.value - actual
        self._sums = np.column_stack([np.abs(error), error**2, centred, centred**2])

    def points(self) -> Figures:
        """scikit-learn's figures. r2 is NaN where all truths are equal."""
        varies = self.rows > 1 and bool(np.ptp(self.actual) > 0)
        return {
            "r2": float(sk.r2_score(self.actual, self.value)) if varies else _NAN,
            "mae": float(sk.mean_absolute_error(self.actual, self.value)),
            "rmse": float(sk.root_mean_squared_error(self.actual, self.value)),
        }

    def resampled(self, weights: Floats) -> Figures:
        """Figures of the weighted rows."""
        mae, mse, mean, square = _means(self._sums, weights).tolist()
        variance = square - mean**2
        return {"r2": 1 - mse / variance if variance > 0 else _NAN, "mae": mae, "rmse": mse**0.5}


def _log_losses(probability_of_the_truth: Floats) -> Floats:
    return -np.log(np.clip(probability_of_the_truth, _SMALLEST, 1 - _SMALLEST))


def _means(columns: Floats, weights: Floats) -> Floats:
    """The weighted mean of each column, without BLAS, whose threads cost more than they bring here."""
    return np.asarray(np.einsum("i,ij->j", weights, columns) / weights.sum(), dtype=np.float64)


def _cells(actual: Ints, said: Ints, classes: int) -> Ints:
    return np.asarray(actual * classes + said, dtype=np.int64)


def _confusion(cells: Ints, weights: Floats, classes: int) -> Floats:
    """Rows are the truth, columns what was said."""
    counts: Floats = np.bincount(cells, weights=weights, minlength=classes**2).astype(np.float64)
    return counts.reshape(classes, classes)


def _by_class(table: Floats) -> tuple[Floats, Floats, Floats]:
    """precision, recall and f1 of each class; 0 where not defined, as in scikit-learn with zero_division=0."""
    hits, said, actual = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    return _ratio(hits, said), _ratio(hits, actual), _ratio(2 * hits, said + actual)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _matthews(actual: NDArray[Any], said: NDArray[Any]) -> float:
    # Of a single class scikit-learn says 0 as well, with a warning.
    return float(sk.matthews_corrcoef(actual, said)) if len(np.union1d(actual, said)) > 1 else 0.0


def _mcc(table: Floats) -> float:
    """Matthews' correlation for K classes (Gorodkin 2004); 0 where one side has a single class."""
    said, actual, total = table.sum(axis=0), table.sum(axis=1), table.sum()
    covariance = np.trace(table) * total - said @ actual
    spread = (total**2 - said @ said) * (total**2 - actual @ actual)
    return float(covariance / np.sqrt(spread)) if spread > 0 else 0.0
