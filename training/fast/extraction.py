"""Fitted encoders and estimators of scikit-learn as plain arrays and JSON, so that serving needs no scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import ElasticNetCV, LogisticRegression, Ridge

from training.encoders import Calendar, Codes, Encoder, Flags, Joined, Numbers, Scaled
from training.fast.trees import Trees
from training.features import MOST_CODES, Features
from training.ngrams import NGrams
from training.quantile import QuantileBoosting
from training.target_means import TargetMeans
from training.words import Words

_BOOSTING = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
_FORESTS = (RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor)
_LINES = (Ridge, ElasticNetCV)


class UnknownKindError(Exception):
    """This encoder or estimator has no plain form; the message names it."""


def encoding(encoder: Encoder) -> dict[str, Any]:
    """The state of a fitted encoder, for `training.fast.encoding`. Raises UnknownKindError."""
    match encoder:
        case Numbers():
            return {"kind": "numbers"}
        case Codes():
            return {"kind": "codes", "categories": encoder.categories, "capped": encoder.capped}
        case Flags():
            return {"kind": "flags", "categories": encoder.categories}
        case Calendar():
            return {"kind": "calendar", "parts": list(encoder.parts)}
        case NGrams():
            arrays = {"rarity": encoder.rarity.tolist(), "weights": encoder.weights.tolist()}
            return {"kind": "ngrams", "vocabulary": list(encoder.vocabulary), **arrays}
        case TargetMeans():
            arrays = {"means": encoder.means.tolist(), "overall": encoder.overall.tolist()}
            return {"kind": "means", "categories": encoder.categories, **arrays}
        case Words():
            return {"kind": "words", **encoder.line.to_json()}
        case Joined():
            return {"kind": "joined", "parts": [encoding(part) for part in encoder.parts]}
        case Scaled():
            arrays = {name: getattr(encoder, name).tolist() for name in ("middle", "mean", "deviation", "gaps")}
            return {"kind": "scaled", "inner": encoding(encoder.inner), **arrays}
    raise UnknownKindError(f"the encoder {type(encoder).__name__} has no plain form")


def encodings(features: Features) -> dict[str, Any]:
    """All columns' encodings, and the indices of numbers that are always 0. Raises UnknownKindError."""
    learnt = [{"column": name, **encoding(encoder)} for name, encoder in features.encoders_]
    return {"encodings": learnt, "empty": np.flatnonzero(features.empty_).tolist()}


def link(estimator: Any) -> str:
    """The link function of an estimator, from sums to predictions. Raises UnknownKindError."""
    kind = type(estimator)
    if kind is HistGradientBoostingRegressor:
        name = type(estimator._loss.link).__name__
        if name not in ("IdentityLink", "LogLink"):
            raise UnknownKindError(f"a boosting with {name} is not known")
        return "exponential" if name == "LogLink" else "identity"
    if kind in (HistGradientBoostingClassifier, LogisticRegression):
        return "logistic" if len(estimator.classes_) == 2 else "softmax"
    if kind in (*_FORESTS, *_LINES, QuantileBoosting):
        return "identity"
    raise UnknownKindError(f"{kind.__module__.split('.')[0]}'s {kind.__name__} has no plain form")


def linear(estimator: Any) -> tuple[Any, Any]:
    """Weights (outputs, numbers) and intercepts (outputs,), as lists; None for another kind."""
    if type(estimator) not in (LogisticRegression, *_LINES):
        return None, None
    return np.atleast_2d(estimator.coef_).tolist(), np.atleast_1d(estimator.intercept_).tolist()


def trees(estimator: Any) -> Trees:
    """The trees of an ensemble. Raises UnknownKindError for an estimator without trees."""
    if type(estimator) in (*_BOOSTING, QuantileBoosting):
        return _boosted(estimator)
    if type(estimator) in _FORESTS:
        return _grown(estimator)
    raise UnknownKindError(f"{type(estimator).__name__} has no trees that are known")


def _boosted(estimator: Any) -> Trees:
    grown = [predictor for iteration in estimator._predictors for predictor in iteration]
    sizes = [len(predictor.nodes) for predictor in grown]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    nodes = np.concatenate([predictor.nodes for predictor in grown])
    leaf, offset = nodes["is_leaf"].astype(bool), np.repeat(roots, sizes)
    columns, codes = _columns(estimator)
    bitsets = np.concatenate([_known(predictor.raw_left_cat_bitsets) for predictor in grown])
    starts = np.concatenate([[0], np.cumsum([len(predictor.raw_left_cat_bitsets) for predictor in grown])[:-1]])
    by_code = nodes["is_categorical"].astype(bool) & ~leaf
    outputs = len(estimator._predictors[0])
    sets, categories = _sets(nodes, by_code, np.repeat(starts, sizes), bitsets, codes)
    return Trees(
        roots=roots.astype(np.int32),
        group=np.tile(np.arange(outputs), len(estimator._predictors)).astype(np.int32),
        feature=np.where(leaf, -1, columns[nodes["feature_idx"]]).astype(np.int32),
        threshold=np.where(leaf, np.nan, nodes["num_threshold"]).astype(np.float64),
        left=np.where(leaf, -1, nodes["left"].astype(np.int64) + offset).astype(np.int32),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64) + offset).astype(np.int32),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        categories=categories,
        sets=sets,
        value=np.where(leaf, nodes["value"], 0.0)[:, None],
        cover=nodes["count"].astype(np.float64),
        bias=np.asarray(estimator._baseline_prediction, dtype=np.float64).ravel(),
        scale=np.float64(1.0),
        single=np.bool_(False),
    )


def _columns(estimator: Any) -> tuple[Any, dict[int, Any]]:
    """The number of each of the predictors' features and, for categories, the inner code of each code.

    The estimator puts its categories first and numbers them again among those in the training rows.
    """
    count = estimator.n_features_in_
    if estimator.is_categorical_ is None:
        return np.arange(count), {}
    by_code = np.flatnonzero(estimator.is_categorical_)
    order = np.concatenate([by_code, np.flatnonzero(~estimator.is_categorical_)])
    seen = estimator._preprocessor.named_transformers_["encoder"].categories_
    codes: dict[int, Any] = {}
    for place, values in enumerate(seen):
        inner = np.full(MOST_CODES + 1, -1)
        for code, value in enumerate(values):
            if not np.isnan(value):
                inner[int(value)] = code
        codes[place] = inner
    return order, codes


def _known(bitsets: Any) -> Any:
    return np.asarray(bitsets, dtype=np.uint32).reshape(-1, 8)


def _sets(nodes: Any, by_code: Any, starts: Any, bitsets: Any, codes: dict[int, Any]) -> tuple[Any, Any]:
    """For each split by category, whether each code goes left; an unseen code goes as a missing one."""
    categories = np.full(len(nodes), -1, dtype=np.int32)
    where = np.flatnonzero(by_code)
    categories[where] = np.arange(len(where))
    sets = np.zeros((len(where), MOST_CODES + 1), dtype=bool)
    for row, node in enumerate(where):
        bits = bitsets[starts[node] + nodes["bitset_idx"][node]]
        inner = codes[int(nodes["feature_idx"][node])]
        left = (bits[np.maximum(inner, 0) // 32] >> (np.maximum(inner, 0) % 32).astype(np.uint32)) & 1
        sets[row] = np.where(inner >= 0, left.astype(bool), bool(nodes["missing_go_to_left"][node]))
    return sets, categories


def _grown(estimator: Any) -> Trees:
    trees = [each.tree_ for each in estimator.estimators_]
    sizes = [tree.node_count for tree in trees]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    offset = np.repeat(roots, sizes)
    left, right = (
        np.concatenate([getattr(tree, side) for tree in trees]) for side in ("children_left", "children_right")
    )
    leaf = left < 0
    value = np.concatenate([tree.value[:, 0, :] for tree in trees])
    if isinstance(estimator, RandomForestClassifier | ExtraTreesClassifier) and len(estimator.classes_) == 2:
        value = value[:, 1:]
    missing = [np.asarray(tree.missing_go_to_left, dtype=bool) for tree in trees]
    return Trees(
        roots=roots.astype(np.int32),
        group=np.zeros(len(trees), dtype=np.int32),
        feature=np.where(leaf, -1, np.concatenate([tree.feature for tree in trees])).astype(np.int32),
        threshold=np.concatenate([tree.threshold for tree in trees]).astype(np.float64),
        left=np.where(leaf, -1, left + offset).astype(np.int32),
        right=np.where(leaf, -1, right + offset).astype(np.int32),
        missing_left=np.concatenate(missing),
        categories=np.full(len(leaf), -1, dtype=np.int32),
        sets=np.zeros((0, 0), dtype=bool),
        value=np.where(leaf[:, None], value, 0.0),
        cover=np.concatenate([tree.weighted_n_node_samples for tree in trees]),
        bias=np.zeros(value.shape[1]),
        scale=np.float64(1 / len(trees)),
        single=np.bool_(True),
    )
