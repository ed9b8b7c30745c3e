"""The metrics of each problem: names and directions. Pure Python, without NumPy."""

from __future__ import annotations

from dataclasses import dataclass


class UnknownMetricError(ValueError):
    """The problem has no metric of that name, or there is no such problem."""


@dataclass(frozen=True)
class Metric:
    """A metric of one problem. For multiclass, binary metrics are macro averages, one class against the rest."""

    name: str
    problem: str
    greater_is_better: bool


_BETTER_GREATER = {
    "binary": ("roc_auc", "average_precision", "accuracy", "precision", "recall", "f1", "mcc"),
    "multiclass": ("roc_auc", "average_precision", "accuracy", "precision", "recall", "f1", "mcc"),
    "regression": ("r2",),
}
_BETTER_SMALLER = {
    "binary": ("log_loss", "brier", "calibration_error"),
    "multiclass": ("log_loss", "brier", "calibration_error"),
    "regression": ("mae", "rmse", "pinball"),
}
PROBLEMS = tuple(_BETTER_GREATER)


def metrics_of(problem: str) -> tuple[Metric, ...]:
    """Every metric of a problem, in the order of reports. Raises UnknownMetricError for an unknown problem."""
    if problem not in _BETTER_GREATER:
        raise UnknownMetricError(f"unknown problem '{problem}'; expected one of {', '.join(PROBLEMS)}")
    greater = [Metric(name, problem, True) for name in _BETTER_GREATER[problem]]
    smaller = [Metric(name, problem, False) for name in _BETTER_SMALLER[problem]]
    return tuple(greater + smaller)


def greater_is_better(name: str) -> bool:
    """The direction of a metric; it is the same in every problem. Raises UnknownMetricError."""
    for problem in PROBLEMS:
        for metric in metrics_of(problem):
            if metric.name == name:
                return metric.greater_is_better
    raise UnknownMetricError(f"unknown metric '{name}'; expected one of {', '.join(names())}")


def names() -> tuple[str, ...]:
    """The names of all metrics, without duplicates."""
    return tuple(dict.fromkeys(metric.name for problem in PROBLEMS for metric in metrics_of(problem)))
