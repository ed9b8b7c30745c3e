"""Estimated performance: the metrics to expect of rows whose labels are not known yet.

Classification: confidence-based performance estimation, CBPE of NannyML. The labels of the rows are drawn by their
calibrated probabilities, again and again, and the gate's metrics are computed for each draw. Regression: see losses.py.
The interval is for the metric that the labels of these rows will show: it has the chance of their outcomes and of the
held-out rows that the estimate was fitted on. An estimate sees what the inputs tell. Where the same inputs come to have
other labels, it stays at its promise: only labels show that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perennial.contract.metrics import metrics_of
from perennial.contract.part import Part, setting
from perennial.estimation.calibration import FEWEST_OF_A_KIND, Calibrator
from perennial.estimation.losses import FEWEST_ROWS, LossModel
from perennial.estimation.relations import Relations
from perennial.gate.measuring.columns import Table
from perennial.gate.measuring.intervals import MetricInterval, metric_value
from perennial.gate.measuring.outcomes import Binary, Multiclass, Outcomes, Regression

Floats = NDArray[np.float64]
_DRAWS, _FEWEST_DRAWS, _BUDGET = 200, 40, 100_000_000


@dataclass(frozen=True)
class Estimation(Part):
    """The part of a model version that estimates need: calibrators by class, or the model of its losses.

    A binary model has one calibrator, of the positive class.
    """

    classes: tuple[str, ...] = setting((), "The text of each class: of a binary model the negative, the positive.")
    calibrators: tuple[Calibrator, ...] = setting((), "The calibrator of each class.")
    losses: LossModel | None = setting(None, "The model of the losses of a regression.")
    relations: Relations | None = setting(None, "The relation of each feature to the target.")

    @classmethod
    def fit(cls, outcomes: Outcomes, rows: Table, columns: Sequence[str], classes: Sequence[str] = ()) -> Estimation:
        """Fitted on held-out rows, `columns` their features. Where they are too few of a kind, it estimates nothing."""
        relations = Relations.fit(outcomes, rows, columns) if outcomes.rows >= FEWEST_ROWS else None
        if isinstance(outcomes, Regression):
            return cls(losses=LossModel.fit(columns, rows, outcomes), relations=relations)
        fewest = 0 if outcomes.problem == "multiclass" and outcomes.rows >= FEWEST_ROWS else FEWEST_OF_A_KIND
        calibrators = [Calibrator.fit(score, truth, fewest) for score, truth in _sides(outcomes)]
        known = tuple(each for each in calibrators if each is not None)
        return cls(tuple(classes), known if len(known) == len(calibrators) else (), relations=relations)

    @property
    def estimates(self) -> bool:
        """True if it was fitted."""
        return bool(self.calibrators) or self.losses is not None

    def of_scores(
        self, scores: Floats, confidence: float, seed: int, threshold: float = 0.5
    ) -> dict[str, MetricInterval]:
        """The expected metrics of a classifier. `scores`: (n,) of the positive class, or (n, K)."""
        names = [metric.name for metric in metrics_of("binary" if scores.ndim == 1 else "multiclass")]
        if not len(scores):
            return {name: metric_value(float("nan")) for name in names}
        every = _every_outcome(scores, threshold)
        draws = int(np.clip(_BUDGET // max(1, every.rows), _FEWEST_DRAWS, _DRAWS))
        found = np.array([self._redrawn(scores, every, np.random.default_rng((seed, at))) for at in range(draws)])
        return {name: _summary(found[:, place], confidence) for place, name in enumerate(names)}

    def of_rows(self, rows: Table, prediction: Floats, confidence: float) -> dict[str, MetricInterval]:
        """The expected metrics of a regression. `rows`: the features; `prediction`: (n,)."""
        assert self.losses is not None
        return self.losses.estimate(rows, prediction, confidence)

    def _redrawn(self, scores: Floats, every: Outcomes, generator: np.random.Generator) -> list[float]:
        """The metrics of one draw of calibrators and of outcomes."""
        if scores.ndim == 1:
            chance = self.calibrators[0].redrawn(scores, generator)
            came = (generator.random(len(scores)) < chance).astype(np.float64)
            weights = np.concatenate([came, 1 - came])
        else:
            pairs = zip(self.calibrators, scores.T, strict=True)
            chances = np.column_stack([each.redrawn(score, generator) for each, score in pairs])
            total = chances.sum(axis=1, keepdims=True)
            shares = np.divide(chances, total, out=np.full_like(chances, 1 / scores.shape[1]), where=total > 0)
            drawn = (generator.random((len(scores), 1)) > shares.cumsum(axis=1)[:, :-1]).sum(axis=1)
            weights = (drawn == np.arange(scores.shape[1])[:, None]).astype(np.float64).ravel()
        return list(every.resampled(weights).values())


def _sides(outcomes: Outcomes) -> list[tuple[Floats, NDArray[np.bool_]]]:
    """The scores of each class and the rows that belong to it; of a binary model those of the positive class."""
    if isinstance(outcomes, Binary):
        return [(outcomes.probability, outcomes.actual)]
    assert isinstance(outcomes, Multiclass)
    return [(outcomes.probabilities[:, place], outcomes.actual == place) for place in range(outcomes.classes)]


def _every_outcome(scores: Floats, threshold: float) -> Outcomes:
    """Each row once with each class as its label; weights choose among them."""
    if scores.ndim == 1:
        return Binary(np.repeat([True, False], len(scores)), np.tile(scores, 2), threshold)
    classes = scores.shape[1]
    return Multiclass(np.repeat(np.arange(classes), len(scores)), np.tile(scores, (classes, 1)))


def _summary(draws: Floats, confidence: float) -> MetricInterval:
    """The mean of the draws and their central quantiles; unknown where most draws leave the metric undefined."""
    defined = draws[np.isfinite(draws)]
    if len(defined) * 2 < len(draws) or not len(defined):
        return metric_value(float("nan"))
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return metric_value(float(defined.mean()), float(low), float(high))
