"""Estimators by name, and the user's own from models/*.py. A new name is a new entry in `_NAMED`."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from sklearn.base import BaseEstimator
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import ElasticNetCV, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline

from perennial.contract.lifecycle import AUTO, ENSEMBLE
from perennial.contract.plan import Plan
from training.ensemble import EnsembleClassifier, EnsembleRegressor, LogTarget, Member, parts
from training.features import Features, code_places, ordinal_width, words_places
from training.job import TrainingError
from training.quantile import QuantileBoosting

# From this number of rows on, the time of one thread costs more than a model that differs in the last digit between
# machine types.
_MANY_ROWS = 500_000
_MODULE_FUNCTION = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$", re.ASCII)
_TREES = 100
_MOST_TREES = 1000


def threads(rows: int) -> int:
    """The number of threads that fit a model: one, because scikit-learn sums in as many parts as there are threads.

    So the same rows give the same model on every machine. Only a very large number of rows gets every core.
    """
    return 1 if rows < _MANY_ROWS else os.cpu_count() or 1


def build(plan: Plan, classes: int, code: Path, ways: Mapping[str, str] | None = None) -> Pipeline:
    """An unfitted pipeline that takes the plan's features as a typed DataFrame.

    `classes` is the number of classes (1 for a regression); `code` is the folder that holds models/; `ways` are the
    encodings that were chosen for columns (`training.encodings`). Raises TrainingError for an estimator that is
    unknown or cannot be made with the plan's parameters.
    """
    if ":" in plan.estimator:
        return _piped(_from_module(plan, code), Features(plan.features, "dense"))
    if plan.estimator == AUTO:  # before the search
        plan = replace(plan, estimator=next(iter(_NAMED)))
    if plan.estimator == ENSEMBLE:
        return _ensemble(plan, classes, ways)
    if plan.estimator not in _NAMED:
        names = ", ".join((*_NAMED, AUTO))
        raise TrainingError(
            f"'{plan.estimator}' is no estimator; expected {names}, or module:function from models/*.py."
        )
    encoding, estimator = _NAMED[plan.estimator][0], unfitted(plan, classes, ways)
    return _piped(estimator, Features(plan.features, encoding, ways, classes, plan.seed))


def unfitted(plan: Plan, classes: int, ways: Mapping[str, str] | None = None) -> Any:
    """The unfitted estimator of a plan that names one, without the encoders. Raises TrainingError as `build`."""
    make = _NAMED[plan.estimator][1]
    estimator = make(plan.problem, classes, code_places(plan.features, ways, classes), plan.seed)
    if isinstance(estimator, HistGradientBoostingRegressor | HistGradientBoostingClassifier) and classes <= 2:
        _rise(estimator, words_places(plan.features, ways, classes), ordinal_width(plan.features, ways, classes))
    _set(estimator, plan)
    if isinstance(estimator, QuantileBoosting):
        estimator.set_params(share=plan.interval)
    return estimator


def _rise(estimator: BaseEstimator, places: list[int], width: int) -> None:
    """The model's answer never falls where the answer by a text's words grows: its trees fit no chance there."""
    if places:
        estimator.set_params(monotonic_cst=[int(place in places) for place in range(width)])


def encoding_of(estimator: str) -> Literal["ordinal", "dense"] | None:
    """The encoding that an estimator by name takes; None for one of the user's, and for an ensemble."""
    return _NAMED[estimator][0] if estimator in _NAMED else None


def _ensemble(plan: Plan, classes: int, ways: Mapping[str, str] | None) -> Pipeline:
    """The members of `training.parameters`, each {"weight", "estimator", "parameters", "logarithm"}."""
    found = plan.parameters["members"]
    encodings = {encoding_of(each["estimator"]) for each in found}
    width = ordinal_width(plan.features, ways, classes)
    members = []
    for each in found:
        estimator = unfitted(replace(plan, estimator=each["estimator"], parameters=each["parameters"]), classes, ways)
        is_dense = encoding_of(each["estimator"]) == "dense"
        places = (0, None) if len(encodings) == 1 else (width, None) if is_dense else (0, width)
        members.append(Member(each["weight"], LogTarget(estimator) if each.get("logarithm") else estimator, *places))
    kind = EnsembleRegressor if plan.problem == "regression" else EnsembleClassifier
    seen: Any = "both" if len(encodings) > 1 else encodings.pop()
    return _piped(kind(members), Features(plan.features, seen, ways, classes, plan.seed))


def use_threads(pipeline: Pipeline, jobs: int) -> None:
    """Sets the number of threads of estimators that have workers. A forest does not depend on it.

    One is best for serving: starting a pool takes longer than the prediction.
    """
    for estimator in parts(pipeline[-1]):
        if estimator.get_params().get("n_jobs") is not None:
            estimator.set_params(n_jobs=jobs)


def function_of(plan: Plan, code: Path, name: str) -> Callable[..., Any] | None:
    """A function of the user's module beside the one that the plan names; None where there is none."""
    found = getattr(_module(plan, code), name, None)
    return found if callable(found) else None


def _module(plan: Plan, code: Path) -> Any:
    """The user's module: models/NAME.py, or another one that can be imported."""
    name = plan.estimator.partition(":")[0]
    module = name if name.startswith("models.") or not (code / "models" / f"{name}.py").is_file() else f"models.{name}"
    return importlib.import_module(module)


def _piped(estimator: Any, features: Features) -> Pipeline:
    """A user's Pipeline takes the DataFrame itself; any other estimator gets the encoded numbers."""
    if isinstance(estimator, Pipeline):
        return estimator
    return Pipeline([("features", features), ("estimator", estimator)])


def _boosting(problem: str, classes: int, codes: list[int], seed: int) -> BaseEstimator:
    # No early stopping: it holds out rows at random, and the number of trees would depend on the sample.
    kind = HistGradientBoostingRegressor if problem == "regression" else HistGradientBoostingClassifier
    trees = _TREES if classes <= 2 else max(20, min(_TREES, _MOST_TREES // classes))
    return kind(max_iter=trees, early_stopping=False, categorical_features=codes or None, random_state=seed)


def _forest(problem: str, classes: int, codes: list[int], seed: int) -> BaseEstimator:
    kind = RandomForestRegressor if problem == "regression" else RandomForestClassifier
    return kind(n_estimators=_TREES, min_samples_leaf=5, max_features="sqrt", n_jobs=1, random_state=seed)


def _extra(problem: str, classes: int, codes: list[int], seed: int) -> BaseEstimator:
    kind = ExtraTreesRegressor if problem == "regression" else ExtraTreesClassifier
    return kind(n_estimators=_TREES, min_samples_leaf=5, max_features=1.0, n_jobs=1, random_state=seed)


def _linear(problem: str, classes: int, codes: list[int], seed: int) -> BaseEstimator:
    if problem == "regression":
        return Ridge(random_state=seed)
    return LogisticRegression(max_iter=1000, random_state=seed)


def _elastic(problem: str, classes: int, codes: list[int], seed: int) -> BaseEstimator:
    # Of a regression the penalty is chosen on folds, because it depends on the target's unit.
    if problem == "regression":
        return ElasticNetCV(l1_ratio=[0.1, 0.5, 0.9, 1.0], cv=5, max_iter=5000, tol=1e-3, random_state=seed)
    return LogisticRegression(solver="saga", l1_ratio=0.5, max_iter=1000, tol=1e-3, random_state=seed)


def _quantile(problem: str, classes: int, codes: list[int], seed: int) -> BaseEstimator:
    if problem != "regression":
        raise TrainingError(f"training.estimator: quantile is for a regression; this is a {problem} problem.")
    return QuantileBoosting(categorical_features=codes or None, random_state=seed)


_Maker = Callable[[str, int, list[int], int], BaseEstimator]
_NAMED: Mapping[str, tuple[Literal["ordinal", "dense"], _Maker]] = {
    "hist_gradient_boosting": ("ordinal", _boosting),
    "random_forest": ("ordinal", _forest),
    "extra_trees": ("ordinal", _extra),
    "linear": ("dense", _linear),
    "elastic_net": ("dense", _elastic),
    "quantile": ("ordinal", _quantile),
}


def _set(estimator: BaseEstimator, plan: Plan) -> None:
    known = estimator.get_params()
    for name in plan.parameters:
        if name not in known or (name == "share" and isinstance(estimator, QuantileBoosting)):
            has = ", ".join(sorted(each for each in known if each != "share"))
            raise TrainingError(f"training.parameters: {plan.estimator} has no parameter '{name}'; it has {has}.")
    estimator.set_params(**plan.parameters)


def _from_module(plan: Plan, code: Path) -> Any:
    """Calls the user's function with columns, parameters and seed; it returns an unfitted estimator or Pipeline."""
    if not _MODULE_FUNCTION.match(plan.estimator):
        raise TrainingError(f"'{plan.estimator}' names no estimator; expected module:function, for example own:build.")
    name, function = plan.estimator.split(":")
    try:
        make = getattr(_module(plan, code), function)
        estimator = make(columns=plan.features, parameters=dict(plan.parameters), seed=plan.seed)
    except Exception as error:  # the user's code: any exception is reported to the user
        raise TrainingError(
            f"The estimator {plan.estimator} could not be made: {type(error).__name__}: {error}. "
            f"It must be in models/{name.removeprefix('models.')}.py and take columns, parameters and seed."
        ) from error
    needed = "predict" if plan.problem == "regression" else "predict_proba"
    if not hasattr(estimator, "fit") or not hasattr(estimator, needed):
        raise TrainingError(
            f"The estimator {plan.estimator} gave {type(estimator).__name__}, which lacks fit or {needed}; "
            f"a {plan.problem} needs both."
        )
    return estimator
