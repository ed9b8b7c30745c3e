"""The operating threshold of a binary model, chosen on folds of the training rows by the declared goal.

Every training row is predicted by a model that was fitted without it. The held-out rows are not used, so the metrics on
them at the threshold are unbiased. A row's fold follows from its hash, so equal rows are in the same fold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from perennial.contract.gate import Threshold
from perennial.contract.plan import Plan
from perennial.gate.measuring.amounts import outcomes_of
from perennial.gate.measuring.thresholds import Cut, by_f_beta, by_recall, by_value
from training import parallel
from training.progress import Progress, trial
from training.split import Split

Floats = NDArray[np.float64]
#: from rows and their classes as numbers, positive 1, to a fitted pipeline
Fit = Callable[[pd.DataFrame, NDArray[Any]], Pipeline]
# With fewer rows of a class in a fold the threshold is unreliable.
_FEWEST_PER_FOLD = 5


@dataclass(frozen=True)
class Choice:
    """A threshold, the goal, and its value on the folds: None if it could not be measured."""

    aim: str
    value: float
    reached: float | None
    sentence: str


def choose(plan: Plan, split: Split, truth: NDArray[Any], fit: Fit) -> Choice:
    """The threshold of a binary model. `truth`: 1 for a positive training row, else 0. Raises the errors of `fit`."""
    wanted = plan.gate.threshold
    if wanted.aim == "fixed":
        return Choice("fixed", wanted.at, None, f"The threshold is {wanted.at:g}, as declared.")
    folds = (split.train_hashes % np.uint64(wanted.folds)).astype(np.int64)
    fewest = min(int(np.bincount(truth[folds == fold], minlength=2).min()) for fold in range(wanted.folds))
    if fewest < _FEWEST_PER_FOLD:
        sentence = f"{wanted.folds} folds leave {fewest} rows of a class in one of them, at least {_FEWEST_PER_FOLD} "
        sentence += f"are needed to choose a threshold by {wanted.aim}; it stays at {wanted.at:g}."
        return Choice(wanted.aim, wanted.at, None, sentence)
    probability = _by_others(plan, split.train, truth, folds, fit)
    cut = _cut(plan, split.train, truth.astype(bool), probability)
    if cut is None:
        sentence = f"No training row has an amount to choose a threshold by; it stays at {wanted.at:g}."
        return Choice(wanted.aim, wanted.at, None, sentence)
    return Choice(wanted.aim, cut.value, cut.reached, _sentence(wanted, cut, len(truth)))


def _by_others(plan: Plan, rows: pd.DataFrame, truth: NDArray[Any], folds: NDArray[np.int64], fit: Fit) -> Floats:
    """Each row's probability, from the model that was fitted without its fold; (n,)."""
    probability = np.empty(len(rows))
    features = list(plan.features)
    numbers = np.unique(folds)
    progress = Progress("fold", len(numbers), "trial of the threshold")

    def of_fold(fold: int) -> Floats:
        with trial(f"trial of the threshold, fold {fold + 1} of {len(numbers)}"):
            pipeline = fit(rows[folds != fold], truth[folds != fold])
        return np.asarray(pipeline.predict_proba(rows.loc[folds == fold, features])[:, 1])

    own = ":" in plan.estimator or plan.imported is not None
    found = parallel.each(of_fold, numbers, len(rows) * len(features), own=own)
    for done, (fold, values) in enumerate(zip(numbers, found, strict=True), 1):
        probability[folds == fold] = values
        progress.done(done)
    return probability


def _cut(plan: Plan, rows: pd.DataFrame, positive: NDArray[np.bool_], probability: Floats) -> Cut | None:
    """The best cut; None if the goal is value and no row has an amount."""
    wanted = plan.gate.threshold
    if wanted.aim == "f_beta":
        return by_f_beta(positive, probability, wanted.beta)
    if wanted.aim == "recall_at_precision":
        return by_recall(positive, probability, wanted.precision)
    money = plan.gate.value
    assert money is not None  # a spec with the goal value and without amounts is refused when it is read
    worth = outcomes_of(money, rows, positive)
    known = np.isfinite(worth.positive) & np.isfinite(worth.negative)
    return by_value(probability[known], worth.positive[known], worth.negative[known]) if known.any() else None


def _sentence(wanted: Threshold, cut: Cut, rows: int) -> str:
    where = f"on {wanted.folds} folds of {rows:,} training rows"
    if wanted.aim == "value":
        return f"The threshold {cut.value:.4g} has the greatest value {where}: {cut.reached:.4g} per row."
    if wanted.aim == "f_beta":
        return f"The threshold {cut.value:.4g} has the greatest F{wanted.beta:g} {where}: {cut.reached:.4g}."
    if cut.met:
        found = f"the greatest recall, {cut.reached:.4g}, at a precision of at least {wanted.precision:g}"
        return f"The threshold {cut.value:.4g} has {found}, {where}."
    return (
        f"No threshold has a precision of {wanted.precision:g} {where}; {cut.value:.4g} has the greatest, "
        f"{cut.reached:.4g}."
    )
