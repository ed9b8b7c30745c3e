"""The update of a fitted estimator by more rows: trees are added, weights move, a user's own function decides.

hist_gradient_boosting: added trees correct what is left of the error on the new and replayed rows.
random_forest, extra_trees: added trees are grown on the new and replayed rows; each tree has one vote.
linear: the champion's weights are the prior, as sure as the rows that it was trained on (a Laplace approximation);
the new rows move them. For a regression with all old rows replayed this is the fit over all rows.
module:function: `amend(model, rows, target)` of the same module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import ElasticNetCV
from sklearn.pipeline import Pipeline

from perennial.contract.plan import Plan
from training import estimators
from training.features import Features

Floats = NDArray[np.float64]


class NotAmendableError(Exception):
    """There is no amended candidate; the message is the reason."""


@dataclass(frozen=True)
class Lesson:
    """The rows to learn, (n, features) and their targets (n,); which of them are new (the others are replayed).

    `known` is the number of rows that the champion has learned.
    """

    rows: pd.DataFrame
    target: NDArray[Any]
    new: NDArray[np.bool_]
    known: int


def update(plan: Plan, pipeline: Any, lesson: Lesson, code: Path) -> Any:
    """The pipeline after the lesson; it may be changed in place. Raises NotAmendableError."""
    if ":" in plan.estimator:
        return _by_user(plan, pipeline, lesson, code)
    if plan.estimator not in _WAYS:
        raise NotAmendableError(f"{plan.estimator} is trained in full")
    numbers = pipeline[0].transform(lesson.rows)
    _WAYS[plan.estimator](plan, pipeline[-1], numbers, lesson)
    return pipeline


def _boost(plan: Plan, estimator: Any, numbers: Floats, lesson: Lesson) -> None:
    trees = _added(plan, "max_iter")
    with _same_cells(estimator):
        estimator.set_params(max_iter=estimator.n_iter_ + trees, warm_start=True)
        estimator.fit(numbers, lesson.target)
    estimator.set_params(warm_start=False)


@contextmanager
def _same_cells(estimator: Any) -> Iterator[None]:
    """Keeps the categories and bins of the first fit during a warm start.

    scikit-learn's warm start assumes the rows of the first fit: it makes bins and category codes anew from the rows
    that it is given, and would read the trees that are there by them.
    """
    preprocess, mapper = estimator._preprocess_X, estimator._bin_mapper

    def same_preprocessing(rows: Any, *, reset: bool) -> Any:
        found = preprocess(rows, reset=False)
        return (found, mapper.known_categories) if reset else found

    def same_bins(rows: Any, sample_weight: Any, is_training_data: bool) -> Any:
        estimator._bin_mapper = mapper
        binned = mapper.transform(rows)
        return binned if is_training_data else np.ascontiguousarray(binned)

    estimator._preprocess_X, estimator._bin_data = same_preprocessing, same_bins
    try:
        yield
    finally:
        del estimator._preprocess_X, estimator._bin_data


def _plant(plan: Plan, estimator: Any, numbers: Floats, lesson: Lesson) -> None:
    estimator.set_params(n_estimators=len(estimator.estimators_) + _added(plan, "n_estimators"), warm_start=True)
    estimator.fit(numbers, lesson.target)
    estimator.set_params(warm_start=False)
    for tree in estimator.estimators_:
        _clear_padding(tree.tree_)


def _clear_padding(tree: Any) -> None:
    """Sets the unused bytes of a tree's nodes to zero: reading a pickle leaves them undefined, and with them the
    digest of the same forest.
    """
    state = tree.__getstate__()
    nodes = np.zeros(state["nodes"].shape, state["nodes"].dtype)  # zeros_like would leave the padding as it is
    for name in nodes.dtype.names or ():
        nodes[name] = state["nodes"][name]
    tree.__setstate__(state | {"nodes": nodes})


def _added(plan: Plan, parameter: str) -> int:
    """The number of trees that an amendment adds."""
    whole = estimators.build(plan, 2, Path())[-1].get_params()[parameter]
    return max(1, round(plan.amend.growth * int(whole)))


def _shift(plan: Plan, estimator: Any, numbers: Floats, lesson: Lesson) -> None:
    """Moves the weights of a linear model; they are (outputs, numbers + 1), the last one the intercept."""
    settings = estimator.get_params()
    if isinstance(estimator, ElasticNetCV):
        raise NotAmendableError("its penalty, chosen on folds of all rows, cannot be kept")
    odd = [name for name in ("class_weight", "l1_ratio", "positive") if settings.get(name)]
    if odd or settings.get("penalty") in ("l1", "elasticnet") or not settings["fit_intercept"]:
        raise NotAmendableError(f"its parameters ({', '.join(odd) or 'penalty or fit_intercept'}) cannot be kept")
    if lesson.new.all():
        raise NotAmendableError("no old row is left to tell how sure the champion's weights are")
    inputs = np.column_stack([numbers, np.ones(len(numbers))])
    new, old = inputs[lesson.new], inputs[~lesson.new]
    before = np.column_stack([np.atleast_2d(estimator.coef_), np.atleast_1d(estimator.intercept_)])
    weight = lesson.known / len(old)
    if plan.problem == "regression":
        after = _least_squares(before, (new, lesson.target[lesson.new]), weight * old.T @ old + _ridge(settings, new))
    else:
        after = _likeliest(before, new, lesson.target[lesson.new], _curvature(before, old, weight, settings))
    estimator.coef_ = after[:, :-1].reshape(np.shape(estimator.coef_))
    estimator.intercept_ = after[:, -1] if np.ndim(estimator.intercept_) else float(after[0, -1])


def _ridge(settings: dict[str, Any], inputs: Floats) -> Floats:
    """The penalty of the estimator as a matrix; none on the intercept."""
    strength = float(settings["alpha"]) if "alpha" in settings else 1.0 / float(settings["C"])
    return np.diag([*[strength] * (inputs.shape[1] - 1), 0.0])


def _least_squares(before: Floats, new: tuple[Floats, Floats], prior: Floats) -> Floats:
    inputs, target = new
    left = target - inputs @ before[0]
    moved: Floats = np.linalg.lstsq(prior + inputs.T @ inputs, inputs.T @ left, rcond=None)[0]
    return before + moved


def _curvature(before: Floats, old: Floats, weight: float, settings: dict[str, Any]) -> list[Floats]:
    """The precision of each output's weights after the rows that the champion has learned."""
    chance = _chances(before, old)
    found = []
    for output in range(len(before)):
        spread = chance[:, output] * (1 - chance[:, output])
        found.append(weight * (old * spread[:, None]).T @ old + _ridge(settings, old))
    return found


def _chances(weights: Floats, inputs: Floats) -> Floats:
    """Probabilities: (n, 1) of the positive class, or (n, K)."""
    scores = inputs @ weights.T
    if scores.shape[1] == 1:
        return np.asarray(softmax(np.column_stack([np.zeros(len(scores)), scores]), axis=1)[:, 1:])
    return np.asarray(softmax(scores, axis=1))


def _likeliest(before: Floats, inputs: Floats, target: NDArray[Any], prior: list[Floats]) -> Floats:
    """The weights of the greatest posterior probability, by L-BFGS from the champion's."""
    outputs = len(before)
    truth = target[:, None] == (np.arange(outputs) + (1 if outputs == 1 else 0))

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(before.shape)
        scores = inputs @ weights.T
        both = scores if outputs > 1 else np.column_stack([np.zeros(len(scores)), scores])
        logs = log_softmax(both, axis=1)
        moved = weights - before
        pull = np.stack([prior[output] @ moved[output] for output in range(outputs)])
        value = -logs[np.arange(len(target)), target.astype(np.int64)].sum() + 0.5 * (moved * pull).sum()
        slope = (np.exp(logs[:, -outputs:]) - truth).T @ inputs + pull
        return float(value), slope.ravel()

    found = minimize(loss, before.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 500, "gtol": 1e-6})
    return np.asarray(found.x).reshape(before.shape)


def _by_user(plan: Plan, pipeline: Any, lesson: Lesson, code: Path) -> Any:
    """Calls the module's `amend` with what its `build` made: a Pipeline gets typed rows, an estimator numbers."""
    amend = estimators.function_of(plan, code, "amend")
    if amend is None:
        module = plan.estimator.partition(":")[0].removeprefix("models.")
        raise NotAmendableError(f"models/{module}.py has no function amend(model, rows, target)")
    wrapped = isinstance(pipeline, Pipeline) and isinstance(pipeline[0], Features)
    model, rows = (pipeline[-1], pipeline[0].transform(lesson.rows)) if wrapped else (pipeline, lesson.rows)
    try:
        after = amend(model=model, rows=rows, target=lesson.target)
    except Exception as error:  # the user's code: any exception is reported to the user
        reason = f"amend of {plan.estimator} failed ({type(error).__name__}); the job's log has the place"
        raise NotAmendableError(reason) from error
    needed = "predict" if plan.problem == "regression" else "predict_proba"
    if not hasattr(after, needed):
        raise NotAmendableError(f"amend of {plan.estimator} gave {type(after).__name__}, which lacks {needed}")
    return Pipeline([("features", pipeline[0]), ("estimator", after)]) if wrapped else after


_WAYS: dict[str, Callable[[Plan, Any, Floats, Lesson], None]] = {
    "hist_gradient_boosting": _boost,
    "random_forest": _plant,
    "extra_trees": _plant,
    "linear": _shift,
    "elastic_net": _shift,
}
