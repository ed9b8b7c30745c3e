"""Metrics of candidate and champion on all held-out rows, on the newest dataset's and on the older ones'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.plan import Plan
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.evaluation import (
    Binary,
    Comparison,
    Measured,
    Multiclass,
    Outcomes,
    Regression,
    affordable,
    evaluate,
)
from training import labels
from training.evaluation import Scored

# Parts are for readers, and for one check that fails only on a significant loss: half the resamples are enough.
_OF_PARTS = 0.5


@dataclass(frozen=True)
class Truth:
    """The true values of rows, and the group of each, (n,), where groups of rows stay on one side."""

    actual: pd.Series
    groups: NDArray[np.int64] | None = None

    def where(self, rows: NDArray[np.bool_]) -> Truth:
        """Some of the rows; their groups are numbered anew."""
        groups = None if self.groups is None else np.unique(self.groups[rows], return_inverse=True)[1]
        return Truth(self.actual[rows], groups)


@dataclass(frozen=True)
class Compared:
    """Both models' outcomes on the same rows, their metrics, and the resamples of the intervals.

    `known`: all classes; `names`: as the data spells them.
    """

    candidate: Outcomes
    champion: Outcomes | None
    known: tuple[Any, ...]
    names: tuple[str, ...]
    counts: tuple[int, ...]
    resamples: Resamples
    comparison: Comparison

    def of_classes(self, measured: Measured) -> dict[str, Any] | None:
        """Precision, recall and f1 of each class with its number of rows; None for a regression."""
        told = zip(self.names, measured.classes, self.counts, strict=True)
        return {name: {**metrics, "rows": rows} for name, metrics, rows in told} or None


def compare(plan: Plan, truth: Truth, candidate: Scored, champion: Scored | None, share: float = 1.0) -> Compared:
    """Metrics of both models on the same rows. `share`: the part of the policy's resamples."""
    actual = truth.actual
    models = [candidate] if champion is None else [candidate, champion]
    known = _all_classes(plan, actual, models)
    outcomes = [_outcomes(plan, actual, model, known) for model in models]
    other = outcomes[1] if champion else None
    counts = np.bincount(labels.numbers(actual, known), minlength=len(known)).tolist() if known else []
    count = affordable(outcomes[0], round(share * plan.gate.resamples))
    resamples = Resamples(len(actual), count, plan.seed, truth.groups)
    comparison = evaluate(outcomes[0], other, plan.gate.confidence, resamples)
    words = tuple(labels.names(plan, known))
    return Compared(outcomes[0], other, tuple(known), words, tuple(counts), resamples, comparison)


@dataclass(frozen=True)
class Common:
    """The held-out rows whose class is not rare: their mask (n,), and the rows of each class that is left out."""

    rows: NDArray[np.bool_]
    left_out: dict[str, int]

    @classmethod
    def of_whole(cls, plan: Plan, whole: Compared) -> Common | None:
        """None if no class is rare, fewer than two classes are not, or the problem is not multiclass."""
        counts = np.array(whole.counts)
        rare = (counts > 0) & (counts < plan.gate.min_per_class)
        if plan.problem != "multiclass" or not rare.any() or np.count_nonzero(counts >= plan.gate.min_per_class) < 2:
            return None
        assert isinstance(whole.candidate, Multiclass)
        left_out = {whole.names[place]: int(counts[place]) for place in np.flatnonzero(rare).tolist()}
        return cls(~rare[whole.candidate.actual], left_out)

    def compare(self, plan: Plan, truth: Truth, candidate: Scored, champion: Scored | None) -> dict[str, Any]:
        """The 'common' of evaluation.json: both models on these rows."""
        models = candidate.where(self.rows), champion and champion.where(self.rows)
        found = compare(plan, truth.where(self.rows), *models).comparison
        return {"left_out": self.left_out, **_part(found, int(self.rows.sum()))}


def points(plan: Plan, actual: pd.Series, models: Sequence[Scored]) -> list[dict[str, float]]:
    """The metrics of models on the same rows, without intervals; NaN for one that is not defined there."""
    known = _all_classes(plan, actual, models)
    return [_outcomes(plan, actual, model, known).points() for model in models]


def parts(
    plan: Plan, truth: Truth, models: tuple[Scored, Scored | None], newest: NDArray[np.bool_], whole: Compared
) -> dict[str, Any]:
    """The 'parts' of evaluation.json: metrics on the newest dataset's rows and on the others; None without rows."""
    found: dict[str, Any] = {}
    for name, chosen in (("newest", newest), ("older", ~newest)):
        found[name] = _part(whole.comparison, len(newest)) if chosen.all() else part(plan, truth, models, chosen)
    return found


def part(
    plan: Plan, truth: Truth, models: tuple[Scored, Scored | None], chosen: NDArray[np.bool_]
) -> dict[str, Any] | None:
    """Metrics of the models on some of the rows; None without rows."""
    if not chosen.any():
        return None
    candidate, champion = (model and model.where(chosen) for model in models)
    assert candidate is not None
    return _part(compare(plan, truth.where(chosen), candidate, champion, _OF_PARTS).comparison, int(chosen.sum()))


def _part(found: Comparison, rows: int) -> dict[str, Any]:
    return {
        "rows": rows,
        "candidate": found.candidate.metrics,
        "champion": found.champion.metrics if found.champion else None,
        "difference": found.difference if found.champion else None,
    }


def _all_classes(plan: Plan, actual: pd.Series, models: Sequence[Scored]) -> list[Any]:
    """The classes of all rows and models, in order; none for a regression."""
    if plan.problem == "binary":
        return list(models[0].classes)
    found = {value for model in models for value in model.classes}
    return sorted(found | set(actual.astype(object).tolist())) if found else []


def _outcomes(plan: Plan, actual: pd.Series, model: Scored, known: Sequence[Any]) -> Outcomes:
    if plan.problem == "regression":
        return Regression(actual.to_numpy(dtype=np.float64), model.values, plan.gate.quantile)
    truth = labels.numbers(actual, known)
    if plan.problem == "binary":
        return Binary(truth == 1, model.values, labels.THRESHOLD if model.threshold is None else model.threshold)
    probabilities = np.zeros((len(actual), len(known)))
    probabilities[:, labels.numbers(pd.Series(list(model.classes), dtype=object), known)] = model.values
    return Multiclass(truth, probabilities)
