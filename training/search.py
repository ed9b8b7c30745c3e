"""`estimator: auto`: a search over estimators and parameters, on folds of the training rows.

The trials are the same for every table, in this order; the first one is the default estimator. It stays unless another
one, or the weighted mean of a few, has surely less loss. The work is bounded by the number of trials and rows, not by a
clock, so that the same rows give the same choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.lifecycle import ENSEMBLE
from perennial.contract.plan import Plan
from training import encodings, estimators, fitting, labels, pipelines, selection
from training.encodings import Encodings
from training.ensemble import LogTarget
from training.features import Features, ordinal_width
from training.folds import Folds, Gain
from training.job import TrainingError, report
from training.progress import Progress
from training.selection import MOST_MEMBERS, Answers, Selected, Truth
from training.split import Split
from training.stages import ALL, staged

BOOSTING = "hist_gradient_boosting"
STAGES = (25, 50, 75, 100, 150, 200, 300, 400, 600)
_MOST_ROWS = 20_000
_FEWEST_ROWS = 1_000
_MOST_CELLS = 600_000  # numbers of all rows; with more columns there are fewer rows
_MOST_DENSE = 200_000_000  # numbers of the matrix that a linear model is fitted on in the end, 8 bytes each
_SURELY = 1.0  # standard errors of the gain over the default

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Way:
    """An estimator with its parameters; with `logarithm` it learns that of the target, where all are positive.

    `stages`: `max_iter` is the most, and the folds choose how many of them.
    """

    estimator: str
    parameters: dict[str, Any]
    stages: bool = False
    logarithm: bool = False
    problems: tuple[str, ...] = ("regression", "binary", "multiclass")


TRIALS: tuple[Way, ...] = (
    Way(BOOSTING, {}),
    Way(BOOSTING, {"learning_rate": 0.1, "max_iter": 600}, stages=True),
    Way(BOOSTING, {"learning_rate": 0.05, "max_iter": 600, "max_features": 0.5}, stages=True),
    Way(BOOSTING, {"learning_rate": 0.05, "max_iter": 600, "max_features": 0.5, "max_leaf_nodes": 8}, stages=True),
    Way(BOOSTING, {"learning_rate": 0.05, "max_iter": 400, "max_features": 0.3, "max_leaf_nodes": 60,
                    "min_samples_leaf": 5}, stages=True),
    Way(BOOSTING, {"learning_rate": 0.03, "max_iter": 400, "max_leaf_nodes": 6, "l2_regularization": 10.0},
        stages=True),
    Way(BOOSTING, {"learning_rate": 0.05, "max_iter": 600, "max_features": 0.5}, stages=True, logarithm=True,
        problems=("regression",)),
    Way(BOOSTING, {"learning_rate": 0.05, "max_iter": 600, "max_features": 0.3, "max_leaf_nodes": 15,
                    "min_samples_leaf": 5}, stages=True, logarithm=True, problems=("regression",)),
    Way("random_forest", {"max_leaf_nodes": 1000}),
    Way("extra_trees", {"max_leaf_nodes": 1000}),
    Way("linear", {}),
    Way("linear", {"C": 0.01}, problems=("binary", "multiclass")),
    Way("linear", {}, logarithm=True, problems=("regression",)),
    Way("elastic_net", {}),
)  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """A way that was tried, its mean loss per row, the gain over the default estimator, and its weight in the model."""

    estimator: str
    parameters: dict[str, Any]
    logarithm: bool
    loss: float
    gain: Gain
    weight: int = 0

    def to_json(self) -> dict[str, Any]:
        """The trial as plain data; a loss that is not finite is None."""
        loss = float(f"{self.loss:.6g}") if np.isfinite(self.loss) else None
        told = {"estimator": self.estimator, "parameters": self.parameters, "logarithm": self.logarithm, "loss": loss}
        return told | self.gain.to_json() | {"weight": self.weight}


@dataclass(frozen=True)
class Found:
    """The plan with the estimator that is found, the evaluation's member `search`, and the encodings of the trials.

    Both are None where nothing was tried.
    """

    plan: Plan
    told: dict[str, Any] | None = None
    encodings: Encodings | None = None


def resolve(plan: Plan, split: Split) -> Found:
    """Searches for an estimator. Raises TrainingError where the default estimator cannot be fitted."""
    usual = replace(plan, estimator=TRIALS[0].estimator, parameters=TRIALS[0].parameters)
    classes = [] if plan.problem == "regression" else labels.find(plan, split.train[plan.target])
    numbers = fitting.targets(plan, split.train, classes)
    columns = ordinal_width(plan.features, None, max(1, len(classes)))
    rows = max(_FEWEST_ROWS, min(_MOST_ROWS, _MOST_CELLS // max(1, columns)))
    folds = Folds.of(split, numbers, len(classes), rows)
    if folds.fault:
        return Found(
            usual, {"of": "estimators", "trials": [], "gain": None, "rows": len(folds.rows), "reason": folds.fault}
        )
    chosen = encodings.choose(
        usual, split, numbers, len(classes), lambda rows, truth, *, ways: fitting.pipeline_on(
            usual, rows, truth, classes, ways)
    )  # fmt: skip
    search = _Search(
        usual, folds, len(split.train), chosen, [way for way in TRIALS if _suits(way, plan, folds.numbers)]
    )
    return search.found(search.answers())


def _suits(way: Way, plan: Plan, numbers: NDArray[Any]) -> bool:
    return plan.problem in way.problems and (not way.logarithm or bool((numbers > 0).all()))


@dataclass(frozen=True)
class _Search:
    plan: Plan
    folds: Folds
    rows: int  # of the fit that follows
    encodings: Encodings
    ways: Sequence[Way]

    def answers(self) -> list[Answers]:
        """The answers of each way for each row, by models of the other folds; NaN where it cannot be fitted."""
        stages = [self._stages(way) for way in self.ways]
        found = [np.full((len(each), len(self.folds.rows)), np.nan) for each in stages]
        numbers = np.unique(self.folds.folds)
        progress = Progress("trial", len(numbers) * len(self.ways))
        for turn, fold in enumerate(numbers):
            own = self.folds.folds == fold
            seen = _Seen.of(self.plan, self.folds, ~own, self.encodings, self.width)
            others = seen.transform(self.folds.rows[own])
            for place, way in enumerate(self.ways):
                estimator = self._fitted(way, stages[place], seen)
                if estimator is not None:
                    found[place][:, own] = self._told(estimator, others[_is_dense(way)], stages[place], own)
                progress.done(turn * len(self.ways) + place + 1)
        return [Answers(each, values) for each, values in zip(stages, found, strict=True)]

    @property
    def width(self) -> int:
        return ordinal_width(self.plan.features, self.encodings.ways, max(1, self.folds.classes))

    def _stages(self, way: Way) -> tuple[int, ...]:
        """The numbers of iterations that are compared; of several classes each is as many trees."""
        if not way.stages:
            return ALL
        most = way.parameters["max_iter"]
        if self.folds.classes > 2:
            most = max(STAGES[1], 2 * most // self.folds.classes)
        return tuple(stage for stage in STAGES if stage <= most)

    def _fitted(self, way: Way, stages: tuple[int, ...], seen: _Seen) -> Any:
        parameters = self._parameters(way, stages[-1])
        if _is_dense(way) and self.rows * seen.numbers[True].shape[1] > _MOST_DENSE:
            report("not fitted", estimator=way.estimator, parameters=parameters, reason="too many numbers")
            return None
        plan = replace(self.plan, estimator=way.estimator, parameters=parameters)
        estimator = estimators.unfitted(plan, max(1, self.folds.classes), self.encodings.ways)
        try:
            with pipelines.threads([estimator], len(seen.target)):
                whole = LogTarget(estimator) if way.logarithm else estimator
                return whole.fit(seen.numbers[_is_dense(way)], seen.target)
        except (ValueError, TypeError, UnboundLocalError) as error:  # as in pipelines.fit
            if way is self.ways[0]:
                raise TrainingError(
                    f"The estimator {way.estimator} could not be fitted: {type(error).__name__}. The job's log has the "
                    "place."
                ) from error
            report("not fitted", estimator=way.estimator, parameters=parameters, reason=type(error).__name__)
            return None

    @staticmethod
    def _parameters(way: Way, stage: int) -> dict[str, Any]:
        return way.parameters | ({"max_iter": stage} if stage else {})

    def _told(self, estimator: Any, numbers: Floats, stages: tuple[int, ...], own: NDArray[np.bool_]) -> Floats:
        """The answers (stages, n) for the rows of a fold: numbers, or probabilities of the truth."""
        if not self.folds.classes:
            return staged(estimator, "predict", numbers, stages)
        truth = self.folds.numbers[own].astype(int)
        place = np.full(self.folds.classes, -1)
        place[estimator.classes_.astype(int)] = np.arange(len(estimator.classes_))
        chances = staged(estimator, "predict_proba", numbers, stages)
        mine = chances[:, np.arange(len(truth)), np.maximum(place[truth], 0)]
        return np.asarray(np.where(place[truth] >= 0, mine, 0.0))

    def found(self, answers: list[Answers]) -> Found:
        """The default estimator, or what has surely less loss."""
        truth = Truth(None if self.folds.classes else self.folds.numbers)
        first = truth.losses(answers[0].values[0])
        crossed = {most: selection.crossed(answers, truth, self.folds.folds, most) for most in (1, MOST_MEMBERS)}
        most = min(crossed, key=lambda each: float(crossed[each].mean()))
        gain = Gain.of(first, crossed[most])
        selected = selection.select(answers, truth, most)
        if not gain.mean > _SURELY * gain.error:
            selected = Selected((1, *[0] * (len(answers) - 1)), selected.stages)
        trials = [self._trial(*each, truth, first) for each in zip(self.ways, answers, selected.weights,
                                                                  selected.stages, strict=True)]  # fmt: skip
        for trial in trials:
            report("tried", **trial.to_json())
        members = [trial for trial in trials if trial.weight]
        plan = _of_members(self.plan, members)
        report("estimator chosen", estimator=plan.estimator, parameters=plan.parameters)
        told = {"of": "estimators", "trials": [trial.to_json() for trial in trials], "gain": gain.to_json(),
                "rows": len(self.folds.rows), "reason": None}  # fmt: skip
        return Found(plan, told, self.encodings)

    def _trial(self, way: Way, answers: Answers, weight: int, stage: int, truth: Truth, first: Floats) -> Trial:
        losses = truth.losses(answers.values[stage])
        parameters = self._parameters(way, answers.stages[stage])
        return Trial(way.estimator, parameters, way.logarithm, float(losses.mean()), Gain.of(first, losses), weight)


def _of_members(plan: Plan, members: Sequence[Trial]) -> Plan:
    """The plan of one estimator by its name, or of the ensemble."""
    if len(members) == 1 and not members[0].logarithm:
        return replace(plan, estimator=members[0].estimator, parameters=members[0].parameters)
    told = [
        {"weight": each.weight, "estimator": each.estimator, "parameters": each.parameters, "logarithm": each.logarithm}
        for each in members
    ]
    return replace(plan, estimator=ENSEMBLE, parameters={"members": told})


def _is_dense(way: Way) -> bool:
    return estimators.encoding_of(way.estimator) == "dense"


@dataclass(frozen=True)
class _Seen:
    """The rows of a fit as numbers, by whether they are those of linear models, and their targets (n,)."""

    features: Features
    width: int
    numbers: dict[bool, Floats]
    target: NDArray[Any]

    @classmethod
    def of(cls, plan: Plan, folds: Folds, rows: NDArray[np.bool_], chosen: Encodings, width: int) -> _Seen:
        """Fits the encoders of both kinds to some rows."""
        features = Features(plan.features, "both", chosen.ways, max(1, folds.classes), plan.seed)
        target = folds.numbers[rows]
        chosen_rows = folds.rows[rows]
        groups = pipelines.groups(plan, chosen_rows, chosen.ways)
        numbers = features.fit_transform(chosen_rows[list(plan.features)], target, groups)
        return cls(features, width, _halves(numbers, width), target)

    def transform(self, rows: pd.DataFrame) -> dict[bool, Floats]:
        """Other rows as numbers."""
        return _halves(self.features.transform(rows[list(self.features.columns)]), self.width)


def _halves(numbers: Floats, width: int) -> dict[bool, Floats]:
    return {False: np.ascontiguousarray(numbers[:, :width]), True: np.ascontiguousarray(numbers[:, width:])}
