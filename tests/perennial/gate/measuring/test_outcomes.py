"""Every metric is scikit-learn's to 1e-12, whatever the rows, their scores and their weights."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve
from sklearn.exceptions import UndefinedMetricWarning

from perennial.contract.metrics import metrics_of
from perennial.gate.measuring.classification import BINS, bins
from perennial.gate.measuring.curves import Ranking
from perennial.gate.measuring.outcomes import Binary, Multiclass, Outcomes, Regression
from tests.perennial.gate.measuring.made import MAKERS

Array = np.ndarray[Any, Any]
CLOSE = {"rel": 1e-12, "abs": 1e-12}


def of(length: int, elements: Any, dtype: Any = np.float64) -> Any:
    return arrays.arrays(dtype, length, elements=elements)


def weights_of(length: int) -> Any:
    """None, counts as a resample has them, or any weights, zeros among them."""
    fractions = st.floats(0.01, 100) | st.just(0.0)
    return st.one_of(st.just(np.ones(length)), of(length, st.integers(0, 4).map(float)), of(length, fractions))


def probabilities_of(length: int) -> Any:
    """Constant, tied or any."""
    anything = of(length, st.floats(0, 1))
    return st.one_of(of(length, st.sampled_from([0.0, 0.25, 0.5, 1.0])), anything, st.just(np.full(length, 0.5)))


@st.composite
def binary_rows(draw: Any) -> tuple[Array, Array, Array, float]:
    length = draw(st.integers(1, 40))
    one_class = st.booleans().map(lambda value: np.full(length, value))
    actual = draw(st.one_of(of(length, st.booleans(), bool), one_class))
    threshold = draw(st.sampled_from([0.0, 0.25, 0.5, 1.0]))
    return actual, draw(probabilities_of(length)), draw(weights_of(length)), threshold


def scores(outcomes: Outcomes, weights: Array) -> tuple[dict[str, float], Array]:
    """The metrics, and (3, K): precision, recall and f1 of each class."""
    metrics = outcomes.resampled(weights)
    return metrics, outcomes.vectors(weights[None])[0, len(metrics) :].reshape(-1, 3).T


def said_by(function: Callable[..., float], *given: Any, **options: Any) -> float:
    """The metrics of scikit-learn, NaN if it warns that one is not defined."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=UndefinedMetricWarning)
        warnings.filterwarnings("error", message="No positive class found")
        try:
            return float(function(*given, **options))
        except (UndefinedMetricWarning, UserWarning):
            return float("nan")


@given(binary_rows())
def test_binary_metrics_are_those_of_scikit_learn(rows: tuple[Array, Array, Array, float]) -> None:
    actual, probability, weights, threshold = rows
    metrics, classes = scores(Binary(actual, probability, threshold), weights)
    assert list(metrics) == [metric.name for metric in metrics_of("binary")]
    if not weights.any():
        assert all(np.isnan(value) for value in metrics.values())
        return
    # scikit-learn counts the classes of rows without weight; here a row without weight is no row.
    actual, probability, weights = (column[weights > 0] for column in (actual, probability, weights))
    predicted, weighted = probability >= threshold, {"sample_weight": weights}
    expected = {
        "roc_auc": said_by(sk.roc_auc_score, actual, probability, **weighted),
        "average_precision": said_by(sk.average_precision_score, actual, probability, **weighted),
        "accuracy": sk.accuracy_score(actual, predicted, **weighted),
        "precision": sk.precision_score(actual, predicted, zero_division=0, **weighted),
        "recall": sk.recall_score(actual, predicted, zero_division=0, **weighted),
        "f1": sk.f1_score(actual, predicted, zero_division=0, **weighted),
        "mcc": correlation(actual, predicted, weights),
        "log_loss": sk.log_loss(actual, probability, labels=[False, True], **weighted),
        "brier": sk.brier_score_loss(actual, probability, pos_label=True, labels=[False, True], **weighted),
        "calibration_error": calibration(actual, probability, weights),
    }
    assert metrics == pytest.approx(expected, nan_ok=True, **CLOSE)
    by_class = sk.precision_recall_fscore_support(actual, predicted, labels=[False, True], zero_division=0, **weighted)
    assert classes == pytest.approx(np.array(by_class[:3]), **CLOSE)


def correlation(actual: Array, predicted: Array, weights: Array) -> float:
    if len(np.union1d(actual, predicted)) < 2:
        return 0.0
    return float(sk.matthews_corrcoef(actual, predicted, sample_weight=weights))


def calibration(came_true: Array, probability: Array, weights: Array) -> float:
    """From the bins of scikit-learn's calibration_curve, which knows no weights: a bin at a time."""
    error = 0.0
    for place in range(BINS):
        own = bins(probability) == place
        if own.any():
            bin_weights = weights[own]
            mean = np.average(probability[own], weights=bin_weights)
            error += bin_weights.sum() * abs(mean - np.average(came_true[own], weights=bin_weights))
    if (weights == 1).all() and len(np.unique(came_true)) == 2:
        share, predicted = calibration_curve(came_true, probability, n_bins=BINS)
        counts = np.bincount(bins(probability))
        told = float((np.abs(share - predicted) * counts[counts > 0]).sum())
        assert told == pytest.approx(error, **CLOSE)
    return float(error / weights.sum())


@st.composite
def multiclass_rows(draw: Any) -> tuple[Array, Array, Array]:
    length, classes = draw(st.integers(1, 30)), draw(st.integers(3, 5))
    actual = draw(of(length, st.integers(0, draw(st.integers(0, classes - 1))), np.int64))
    raw = draw(arrays.arrays(np.float64, (length, classes), elements=st.sampled_from([0.0, 0.5, 1.0, 3.0])))
    raw[raw.sum(axis=1) == 0] = 1.0
    return actual, raw / raw.sum(axis=1, keepdims=True), draw(weights_of(length))


@given(multiclass_rows())
def test_multiclass_metrics_are_those_of_scikit_learn(rows: tuple[Array, Array, Array]) -> None:
    actual, probabilities, weights = rows
    metrics, by_class = scores(Multiclass(actual, probabilities), weights)
    assert list(metrics) == [metric.name for metric in metrics_of("multiclass")]
    if not weights.any():
        assert all(np.isnan(value) for value in metrics.values())
        return
    predicted, weighted = probabilities.argmax(axis=1), {"sample_weight": weights}
    classes, present = np.arange(probabilities.shape[1]), np.unique(actual[weights > 0])
    options: dict[str, Any] = {"average": "macro", "zero_division": 0, **weighted}
    areas = [
        [said_by(function, actual == c, probabilities[:, c], **weighted) for c in present]
        for function in (sk.roc_auc_score, sk.average_precision_score)
    ]
    expected = {
        "roc_auc": float(np.mean(areas[0])) if len(present) > 1 else float("nan"),
        "average_precision": float(np.mean(areas[1])),
        "accuracy": sk.accuracy_score(actual, predicted, **weighted),
        "precision": sk.precision_score(actual, predicted, **options),
        "recall": sk.recall_score(actual, predicted, **options),
        "f1": sk.f1_score(actual, predicted, **options),
        "mcc": correlation(actual[weights > 0], predicted[weights > 0], weights[weights > 0]),
        "log_loss": sk.log_loss(actual, probabilities, labels=classes, **weighted),
        "brier": sk.brier_score_loss(actual, probabilities, labels=classes, **weighted),
        "calibration_error": calibration(
            (predicted == actual)[weights > 0], probabilities.max(axis=1)[weights > 0], weights[weights > 0]
        ),
    }
    assert metrics == pytest.approx(expected, nan_ok=True, **CLOSE)
    found = sk.precision_recall_fscore_support(actual, predicted, labels=classes, zero_division=0, **weighted)
    assert by_class == pytest.approx(np.array(found[:3]), **CLOSE)


@st.composite
def regression_rows(draw: Any) -> tuple[Array, Array, Array, float]:
    length = draw(st.integers(1, 40))
    number = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0, 7.5]))
    actual = draw(st.one_of(of(length, number), st.just(np.full(length, 3.3))))
    return actual, draw(of(length, number)), draw(weights_of(length)), draw(st.floats(0.01, 0.99))


@given(regression_rows())
def test_regression_metrics_are_those_of_scikit_learn(rows: tuple[Array, Array, Array, float]) -> None:
    actual, value, weights, quantile = rows
    metrics, by_class = scores(Regression(actual, value, quantile), weights)
    assert list(metrics) == [metric.name for metric in metrics_of("regression")]
    assert by_class.shape == (3, 0)
    if not weights.any():
        assert all(np.isnan(metric_value) for metric_value in metrics.values())
        return
    actual, value, weights = (column[weights > 0] for column in (actual, value, weights))
    varies, weighted = len(np.unique(actual)) > 1, {"sample_weight": weights}
    expected = {
        "r2": sk.r2_score(actual, value, **weighted) if varies else float("nan"),
        "mae": sk.mean_absolute_error(actual, value, **weighted),
        "rmse": sk.root_mean_squared_error(actual, value, **weighted),
        "pinball": sk.mean_pinball_loss(actual, value, alpha=quantile, **weighted),
    }
    assert metrics == pytest.approx(expected, nan_ok=True, **CLOSE)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_of_no_rows_nothing_is_defined(problem: str) -> None:
    none: dict[str, Outcomes] = {
        "binary": Binary(np.zeros(0, dtype=bool), np.zeros(0)),
        "multiclass": Multiclass(np.zeros(0, dtype=np.int64), np.zeros((0, 3))),
        "regression": Regression(np.zeros(0), np.zeros(0)),
    }
    points = none[problem].points()
    assert list(points) == [metric.name for metric in metrics_of(problem)]
    assert all(np.isnan(value) for value in points.values())


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_a_row_counted_twice_is_as_two_rows(problem: str) -> None:
    outcomes = MAKERS[problem](300)
    weights = np.random.default_rng(3).integers(0, 4, 300).astype(np.float64)
    places = np.repeat(np.arange(300), weights.astype(int))
    if isinstance(outcomes, Binary):
        repeated: Outcomes = Binary(outcomes.actual[places], outcomes.probability[places])
    elif isinstance(outcomes, Multiclass):
        repeated = Multiclass(outcomes.actual[places], outcomes.probabilities[places])
    else:
        repeated = Regression(outcomes.actual[places], outcomes.value[places], quantile=0.7)
    assert outcomes.resampled(weights) == pytest.approx(repeated.points(), rel=1e-11)


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("rows", [1, 2, 17, 300])
def test_many_weightings_at_once_give_the_bits_of_each_alone(problem: str, rows: int) -> None:
    outcomes = MAKERS[problem](rows)
    weights = np.random.default_rng(rows).integers(0, 3, (25, rows)).astype(np.float64)
    weights[3] = 0
    alone = [outcomes.vectors(each[None])[0] for each in weights]
    assert np.array_equal(outcomes.vectors(weights), alone, equal_nan=True)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 4)), min_size=2, max_size=60).filter(
        lambda rows: {label for label, _, weight in rows if weight} == {True, False}
    )
)
def test_the_weighted_areas_are_those_of_the_rows_repeated(rows: list[tuple[bool, int, int]]) -> None:
    actual = np.array([row[0] for row in rows])
    score, weights = np.array([row[1] / 8 for row in rows]), np.array([float(row[2]) for row in rows])
    (roc_auc,), (average_precision,) = Ranking(actual, score).areas(weights[None])
    repeated = np.repeat(np.arange(len(rows)), weights.astype(int))
    assert roc_auc == pytest.approx(sk.roc_auc_score(actual[repeated], score[repeated]), **CLOSE)
    assert average_precision == pytest.approx(sk.average_precision_score(actual[repeated], score[repeated]), **CLOSE)


def test_numbers_whose_squares_no_float_holds_leave_metrics_unknown() -> None:
    actual = np.array([1e300, 1e300, -3.5, 42.0])
    with np.errstate(over="ignore", invalid="ignore"):
        points = Regression(actual, np.zeros(4)).points()
    assert not np.isfinite(points["rmse"])
    assert np.isnan(points["r2"])
    assert points["mae"] == pytest.approx(5e299)
    assert np.isnan(Regression(np.full(4, 1e200), np.zeros(4)).points()["r2"])
