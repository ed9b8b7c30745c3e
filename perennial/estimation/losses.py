"""Direct loss estimation for a regression: the expected loss of each row, by a model of the losses on held-out rows.

As DLE of NannyML. Each held-out row is also predicted by trees that were not fitted on it; the spread of its loss
around that prediction, and of the trees of the folds around each other, give the interval of an estimate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from perennial.contract.part import Part, required
from perennial.estimation.trees import Binning, Codes, Ensemble, binned, binnings_of
from perennial.gate.measuring.columns import Table
from perennial.gate.measuring.intervals import MetricInterval, metric_value
from perennial.gate.measuring.outcomes import Regression

Floats = NDArray[np.float64]
#: with fewer held-out rows no losses are modelled
FEWEST_ROWS = 200
_MOST_ROWS = 10_000
_FOLDS = 5


@dataclass(frozen=True)
class ModelledLoss(Part):
    """One kind of loss: the trees of each fold, and the squared coefficient of variation of the losses around them."""

    folds: tuple[Ensemble, ...] = required("The trees of each fold, fitted on the other folds.")
    variation: float = required("The mean squared relative error of a predicted loss.")

    @classmethod
    def fit(cls, codes: Codes, loss: Floats) -> ModelledLoss:
        """The trees of five folds; row i is in fold i modulo 5."""
        fold = np.arange(len(loss)) % _FOLDS
        folds = tuple(Ensemble.fit(codes[fold != each], loss[fold != each]) for each in range(_FOLDS))
        honest = np.empty(len(loss))
        for each, ensemble in enumerate(folds):
            honest[fold == each] = ensemble.predict(codes[fold == each])
        squares = (loss - honest) ** 2
        return cls(folds, float(squares.sum() / max(float((honest**2).sum()), 1e-300)))

    def estimate(self, codes: Codes) -> tuple[float, float]:
        """(the mean loss of rows, its standard error): of the outcomes of these rows, and of the trees."""
        each = np.stack([ensemble.predict(codes) for ensemble in self.folds])
        means, of_rows = each.mean(axis=1), each.mean(axis=0)
        sampling = self.variation * float((of_rows**2).sum()) / len(of_rows) ** 2
        # the grouped jackknife over the folds (Miller 1974)
        trees = (_FOLDS - 1) / _FOLDS * float(((means - means.mean()) ** 2).sum())
        return float(means.mean()), float(sampling + trees) ** 0.5


@dataclass(frozen=True)
class LossModel(Part):
    """The modelled losses by name (`mae`, `mse`, `pinball`) and the bins of the columns that they are predicted from.

    Without `pinball` it is half of `mae`, as for the median.
    """

    binnings: Mapping[str, Binning] = required("The bins of each column, and of the prediction under ''.")
    losses: Mapping[str, ModelledLoss] = required("The trees of each loss.")

    @classmethod
    def fit(cls, columns: Sequence[str], rows: Table, outcomes: Regression) -> LossModel | None:
        """Fitted on held-out rows, 10,000 at most; None where they are too few. `columns`: the features."""
        if outcomes.rows < FEWEST_ROWS:
            return None
        error = np.abs(outcomes.value - outcomes.actual)
        kinds = {"mae": error, "mse": error**2}
        if not np.allclose(outcomes.pinball, error / 2):
            kinds["pinball"] = outcomes.pinball
        binnings = binnings_of(columns, rows, outcomes.value, error)
        codes = binned(binnings, rows, outcomes.value)[:_MOST_ROWS]
        return cls(binnings, {name: ModelledLoss.fit(codes, loss[:_MOST_ROWS]) for name, loss in kinds.items()})

    def estimate(self, rows: Table, prediction: Floats, confidence: float) -> dict[str, MetricInterval]:
        """The expected metrics of rows whose labels are unknown, with intervals for what their labels will show.

        R2 takes the variance of the target to be that of the predictions plus the mean squared error, which holds for
        predictions without bias.
        """
        codes = binned(self.binnings, rows, prediction)
        reach = NormalDist().inv_cdf((1 + confidence) / 2)
        found = {name: _interval(*loss.estimate(codes), reach) for name, loss in self.losses.items()}
        square = found.pop("mse")
        variance = float(np.var(prediction))
        root = metric_value(*(square[end] ** 0.5 for end in ("value", "low", "high")))
        r2 = metric_value(*(1 - square[end] / max(variance + square[end], 1e-300) for end in ("value", "high", "low")))
        half = metric_value(*(found["mae"][end] / 2 for end in ("value", "low", "high")))
        return {"r2": r2, "mae": found["mae"], "rmse": root, "pinball": found.get("pinball", half)}


def _interval(value: float, error: float, reach: float) -> MetricInterval:
    return metric_value(value, max(0.0, value - reach * error), value + reach * error)
