"""The data of a report's plots: curves, calibration, confusion matrix and distributions, thinned to a fixed size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.gate.measuring.classification import BINS, Confusion, bins
from perennial.gate.measuring.outcomes import Binary, Multiclass, Outcomes, Regression

Floats = NDArray[np.float64]
MOST_POINTS = 200
_COLUMNS = 20
_DECILES = 10
_DIGITS = 6


def pictures(outcomes: Outcomes, labels: Sequence[str]) -> dict[str, Any]:
    """The 'curves' of evaluation.json. `labels`: the names of the classes in their order, none for a regression."""
    if not outcomes.rows:
        return {}
    if isinstance(outcomes, Binary):
        return {
            **_ranked(outcomes.actual, outcomes.probability),
            "calibration": _calibration(outcomes.probability, outcomes.actual),
            "confusion": _confusion(outcomes.actual.astype(np.int64), outcomes.predicted.astype(np.int64), labels),
            "scores": _scores(outcomes),
        }
    if isinstance(outcomes, Multiclass):
        right = outcomes.predicted == outcomes.actual
        return {
            "confusion": _confusion(outcomes.actual, outcomes.predicted, labels),
            "calibration": _calibration(outcomes.probabilities.max(axis=1), right),
        }
    assert isinstance(outcomes, Regression)
    return {"predicted": _deciles(outcomes), "errors": _errors(outcomes.value - outcomes.actual)}


def _ranked(actual: NDArray[np.bool_], probability: Floats) -> dict[str, Any]:
    """Points of the ROC curve [false positive rate, true positive rate] and of [recall, precision], by threshold."""
    order = np.argsort(-probability, kind="stable")
    ranked = probability[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    hits = np.cumsum(actual[order])[ends].astype(np.float64)
    misses = ends + 1 - hits
    if not (hits[-1] and misses[-1]):
        return {"roc": [], "precision_recall": []}
    recall, false = hits / hits[-1], misses / misses[-1]
    roc = np.column_stack([np.append(0.0, false), np.append(0.0, recall)])
    precision = np.column_stack([recall, hits / (hits + misses)])
    return {"roc": _thinned(roc), "precision_recall": _thinned(precision)}


def _thinned(points: Floats) -> list[list[float]]:
    """The first and the last point, and others at about equal distances along the line."""
    if len(points) > MOST_POINTS:
        steps = np.abs(np.diff(points, axis=0)).sum(axis=1)
        way = np.append(0.0, np.cumsum(steps))
        points = points[np.unique(np.searchsorted(way, np.linspace(0.0, way[-1], MOST_POINTS)))]
    return [[_short(x), _short(y)] for x, y in points.tolist()]


def _calibration(probability: Floats, came_true: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Of ten equally wide bins those with rows: the mean probability and the observed frequency."""
    edges, bin_of = np.linspace(0, 1, BINS + 1), bins(probability)
    rows = np.bincount(bin_of, minlength=BINS)
    predicted = np.bincount(bin_of, weights=probability, minlength=BINS)
    observed = np.bincount(bin_of, weights=came_true.astype(np.float64), minlength=BINS)
    return [
        {
            "low": _short(edges[place]),
            "high": _short(edges[place + 1]),
            "predicted": _short(predicted[place] / rows[place]),
            "observed": _short(observed[place] / rows[place]),
            "rows": int(rows[place]),
        }
        for place in np.flatnonzero(rows).tolist()
    ]


def _confusion(actual: NDArray[np.int64], predicted: NDArray[np.int64], labels: Sequence[str]) -> dict[str, Any]:
    """Rows are true classes, columns predicted ones."""
    table = Confusion(actual, predicted, len(labels)).tables(np.ones((1, len(actual))))[0]
    return {"labels": list(labels), "counts": table.astype(np.int64).tolist()}


def _scores(outcomes: Binary) -> dict[str, Any]:
    """Histograms of the predicted probability of positives and negatives."""
    edges = np.linspace(0, 1, _COLUMNS + 1)
    sides = {"positives": outcomes.actual, "negatives": ~outcomes.actual}
    counts = {name: np.histogram(outcomes.probability[side], edges)[0].tolist() for name, side in sides.items()}
    return {"edges": [_short(edge) for edge in edges], **counts}


def _deciles(outcomes: Regression) -> list[list[float]]:
    """[mean prediction, mean true value, rows] for deciles of the prediction."""
    tenths = np.array_split(np.argsort(outcomes.value, kind="stable"), min(_DECILES, outcomes.rows))
    return [[_short(outcomes.value[some].mean()), _short(outcomes.actual[some].mean()), len(some)] for some in tenths]


def _errors(errors: Floats) -> dict[str, Any]:
    """A histogram of the errors; errors beyond the 1st and 99th percentile are counted in the outer bins."""
    low, high = np.quantile(errors, [0.01, 0.99])
    edges = np.linspace(low, high if high > low else low + 1, _COLUMNS + 1)
    counts = np.histogram(np.clip(errors, edges[0], edges[-1]), edges)[0].tolist()
    return {"edges": [_short(edge) for edge in edges], "counts": counts}


def _short(value: float) -> float:
    """Six significant digits: a plot shows no more."""
    return float(f"{float(value):.{_DIGITS}g}")
