"""Columns that alone nearly give the target: models of one feature, cross-validated on a bounded sample.

Such a column is often known only after the answer (the grade that a loan got, the hour at which a flight landed). A
person must say so: the data does not. A number is judged by a small tree, a category by the target's mean in it.
Needs scikit-learn; it runs in the training job and in the command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contract.leak import THRESHOLD, Leak

MOST_ROWS = 5_000
MOST_COLUMNS = 200  # the first ones
FEWEST_ROWS = 50
FOLDS = 3
_DEPTH = 4
_LEAF_SHARE = 0.005
_MOST_CLASSES = 20

Floats = NDArray[np.float64]


def leaks(
    columns: Mapping[str, Sequence[Any]], target: Sequence[Any], classified: bool, seed: int = 0
) -> tuple[Leak, ...]:
    """The columns that nearly give the target, the strongest first.

    Args:
        columns: the features, each with n values: numbers and booleans as they are, moments as numbers, everything else
            is a category; None and NaN are missing.
        target: the n answers; rows without one are left out.
        classified: the answers are classes, else numbers.
        seed: chooses the rows, if there are more than MOST_ROWS, and the folds.
    """
    chance = np.random.default_rng(seed)
    known = np.array([place for place, value in enumerate(target) if not _is_missing(value)], dtype=np.int64)
    rows = chance.permutation(known)[:MOST_ROWS]
    if len(rows) < FEWEST_ROWS:
        return ()
    answers = _answers([target[place] for place in rows], classified)
    if answers is None:
        return ()
    folds = np.arange(len(rows)) % FOLDS
    metric = "roc_auc" if classified else "r2"
    found = []
    for name, values in list(columns.items())[:MOST_COLUMNS]:
        score = _score([values[place] for place in rows], answers, folds, classified)
        if score >= THRESHOLD:
            found.append(Leak(name, metric, round(score, 4)))
    return tuple(sorted(found, key=lambda leak: (-leak.score, leak.column)))


def _is_missing(value: Any) -> bool:
    return value is None or value != value  # NaN differs from itself; pandas' NA is taken out before


def _answers(target: Sequence[Any], classified: bool) -> Floats | None:
    """The answers as numbers, (n, 1), or a column for each class, (n, K); None where there is nothing to explain."""
    if not classified:
        numbers: Floats = np.array(target, dtype=np.float64)[:, np.newaxis]
        return numbers if np.ptp(numbers) > 0 else None
    classes, codes = np.unique(np.array([str(value) for value in target]), return_inverse=True)
    counts = np.bincount(codes)
    often = np.flatnonzero(counts >= 2 * FOLDS)[:_MOST_CLASSES]
    if len(classes) < 2 or not len(often):
        return None
    if len(classes) == 2:
        often = often[-1:]
    found: Floats = (codes[:, np.newaxis] == often).astype(np.float64)
    return found


def _score(values: Sequence[Any], answers: Floats, folds: NDArray[np.int64], classified: bool) -> float:
    """The mean score over the answers' columns, predicted for each fold from the others."""
    numbers = _numbers(values)
    predicted = np.empty_like(answers)
    codes = None if numbers is not None else _codes(values)
    for fold in range(FOLDS):
        seen, asked = folds != fold, folds == fold
        if numbers is not None:
            predicted[asked] = _by_tree(numbers[seen], answers[seen], numbers[asked])
        elif codes is not None:
            predicted[asked] = _by_mean(codes[seen], answers[seen], codes[asked])
    if not classified:
        return float(1 - np.sum((answers - predicted) ** 2) / np.sum((answers - answers.mean()) ** 2))
    return float(np.mean([_roc_auc(answers[:, at] > 0, predicted[:, at]) for at in range(answers.shape[1])]))


def _roc_auc(positive: NDArray[np.bool_], scores: Floats) -> float:
    """The share of pairs of a positive and a negative row that the scores order; ties count half."""
    from scipy.stats import rankdata

    count = int(positive.sum())
    ranks = rankdata(scores)[positive].sum()
    return float((ranks - count * (count + 1) / 2) / (count * (len(positive) - count)))


def _numbers(values: Sequence[Any]) -> Floats | None:
    """Numbers with NaN for what is missing; None if there is something else."""
    if not all(value is None or isinstance(value, bool | int | float | np.number | np.bool_) for value in values):
        return None
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.clip(numbers, -3e38, 3e38)


def _codes(values: Sequence[Any]) -> NDArray[np.int64]:
    texts = np.array(["" if _is_missing(value) else f"={value}" for value in values])
    return np.asarray(np.unique(texts, return_inverse=True)[1], dtype=np.int64)


def _by_tree(seen: Floats, answers: Floats, asked: Floats) -> Floats:
    from sklearn.tree import DecisionTreeRegressor

    leaf = max(2, int(len(seen) * _LEAF_SHARE))
    tree = DecisionTreeRegressor(
        max_depth=_DEPTH if answers.shape[1] < 3 else 2 * _DEPTH, min_samples_leaf=leaf, random_state=0
    )
    tree.fit(seen[:, np.newaxis], answers)
    return np.asarray(tree.predict(asked[:, np.newaxis]), dtype=np.float64).reshape(len(asked), -1)


def _by_mean(seen: NDArray[np.int64], answers: Floats, asked: NDArray[np.int64]) -> Floats:
    """The mean answer of each category; that of all rows for a category that was not seen."""
    size = int(max(seen.max(), asked.max())) + 1
    counts = np.bincount(seen, minlength=size)[:, np.newaxis]
    sums = np.stack([np.bincount(seen, answers[:, at], minlength=size) for at in range(answers.shape[1])], axis=1)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), answers.mean(axis=0))
    return np.asarray(means[asked], dtype=np.float64)
