"""Columns that alone nearly give the target: models of one feature, cross-validated on a bounded sample.

Such a column is often known only after the answer (the grade that a loan got, the hour at which a flight landed). A
person must say so: the data does not. A number is judged by a small tree and, where the answer is a number, by a line;
a category by the target's mean in it. Most numbers explain little, which the means in bins of them tell without a tree,
so that a table of 2,000 columns takes a second. Trees need scikit-learn; it runs in the training job and the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contract.leak import THRESHOLD, Leak

MOST_ROWS = 5_000
FEWEST_ROWS = 50
FOLDS = 3
_DEPTH = 4
_LEAF_SHARE = 0.005
_MOST_CLASSES = 20
_BINS = (16, 64)
_ROWS_PER_BIN = 4
_LIKELY = 0.9  # score by bins from which a tree is worth its time

Floats = NDArray[np.float64]
Values = Sequence[Any] | Floats
#: from numbers with their answers, and the numbers asked for, to the answers to them
Model = Callable[[Floats, Floats, Floats], Floats]


def leaks(columns: Mapping[str, Values], target: Sequence[Any], classified: bool, seed: int = 0) -> tuple[Leak, ...]:
    """The columns that nearly give the target, the strongest first.

    Args:
        columns: the features, each with n values: floats in an array, or any in a list: numbers and booleans as they
            are, moments as numbers, everything else is a category; None and NaN are missing.
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
    for name, values in columns.items():
        some = values[rows] if isinstance(values, np.ndarray) else [values[place] for place in rows]
        score = _score(some, answers, folds, classified)
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


def _score(values: Values, answers: Floats, folds: NDArray[np.int64], classified: bool) -> float:
    """The mean score over the answers' columns, predicted for each fold from the others."""
    numbers = _numbers(values)
    if numbers is None:
        return _by_means(_codes(values), answers, folds, classified)
    if not _is_likely(numbers, answers, folds, classified):
        return 0.0
    return max(_by_folds(model, numbers, answers, folds, classified) for model in _MODELS[: 1 if classified else 2])


def _by_folds(model: Model, numbers: Floats, answers: Floats, folds: NDArray[np.int64], classified: bool) -> float:
    """The score of a model that answers each fold after it was fitted to the others."""
    predicted = np.empty_like(answers)
    for fold in range(FOLDS):
        seen, asked = folds != fold, folds == fold
        predicted[asked] = model(numbers[seen], answers[seen], numbers[asked])
    return _measured(predicted, answers, np.ones(len(answers)), np.sum(answers**2), classified)


def _is_likely(numbers: Floats, answers: Floats, folds: NDArray[np.int64], classified: bool) -> bool:
    """True if the target's means in bins of the numbers explain much of it, or of its ranks, which have no tails."""
    asked = [answers] if classified else [answers, _ranks(answers[:, 0])[:, np.newaxis]]
    return any(_by_means(codes, each, folds, classified) >= _LIKELY for codes in _binned(numbers) for each in asked)


def _ranks(values: Floats) -> Floats:
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.float64)


def _binned(numbers: Floats) -> Iterator[NDArray[np.int64]]:
    """Codes of bins with equally many values, from coarse to fine; missing values have a bin of their own."""
    known = np.sort(numbers[~np.isnan(numbers)])
    for bins in _BINS:
        if not len(known) or (bins > _BINS[0] and len(known) < bins * _ROWS_PER_BIN):
            return
        ends = known[np.linspace(0, len(known) - 1, bins + 1).astype(np.int64)[1:]]
        edges = ends[np.r_[True, ends[1:] > ends[:-1]]]
        codes = np.searchsorted(edges, numbers)
        codes[np.isnan(numbers)] = len(edges)
        yield codes


def _by_means(codes: NDArray[np.int64], answers: Floats, folds: NDArray[np.int64], classified: bool) -> float:
    """The score where each row is answered with its category's mean in the other folds, or with that of all rows."""
    size, width = int(codes.max()) + 1, answers.shape[1]
    places = folds * size + codes
    counts = np.bincount(places, minlength=FOLDS * size).astype(np.float64)
    each = [np.bincount(places, answers[:, at], minlength=FOLDS * size) for at in range(width)]
    sums: Floats = np.stack(each, axis=1).astype(np.float64)
    table, rows = sums.reshape(FOLDS, size, width), counts.reshape(FOLDS, size, 1)
    seen, total = rows.sum(axis=0) - rows, table.sum(axis=0) - table
    overall = total.sum(axis=1, keepdims=True) / seen.sum(axis=1, keepdims=True)
    means = np.where(seen > 0, total / np.maximum(seen, 1), overall).reshape(-1, width)
    return _measured(means, sums, counts, np.sum(answers**2), classified)


def _measured(predicted: Floats, sums: Floats, counts: Floats, squares: float, classified: bool) -> float:
    """R2, or the mean ROC AUC, of predictions for groups of rows.

    Args:
        predicted: the prediction for each group, a column for each answer.
        sums: the sums of the answers in each group.
        counts: the rows of each group.
        squares: the sum of the squared answers.
    """
    if not classified:
        rest = squares - 2 * np.sum(predicted * sums) + np.sum(predicted[:, 0] ** 2 * counts)
        return float(1 - rest / (squares - np.sum(sums) ** 2 / np.sum(counts)))
    pairs = zip(predicted.T, sums.T, strict=True)
    return float(np.mean([_roc_auc(scores, positives, counts - positives) for scores, positives in pairs]))


def _roc_auc(scores: Floats, positives: Floats, negatives: Floats) -> float:
    """The share of pairs of a positive and a negative row that the scores of their groups order; ties count half."""
    places = np.unique(scores, return_inverse=True)[1]
    high, low = np.bincount(places, positives), np.bincount(places, negatives)
    return float(np.sum(high * (np.cumsum(low) - low / 2)) / (high.sum() * low.sum()))


def _numbers(values: Values) -> Floats | None:
    """Numbers with NaN for what is missing; None if there is something else."""
    if isinstance(values, np.ndarray):
        return np.clip(values, -3e38, 3e38)
    if not all(value is None or isinstance(value, bool | int | float | np.number | np.bool_) for value in values):
        return None
    numbers = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.clip(numbers, -3e38, 3e38)


def _codes(values: Values) -> NDArray[np.int64]:
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


def _by_line(seen: Floats, answers: Floats, asked: Floats) -> Floats:
    """The answers on the line of least squares; their mean where a number is missing."""
    known = ~np.isnan(seen)
    mean = answers.mean() if known.all() else answers[~known].mean()
    if known.sum() < 2 or np.ptp(seen[known]) == 0:
        return np.full((len(asked), 1), mean)
    x, y = seen[known], answers[known, 0]
    slope = np.mean((x - x.mean()) * (y - y.mean())) / x.var()
    found: Floats = np.where(np.isnan(asked), mean, y.mean() + slope * (asked - x.mean()))
    return found[:, np.newaxis]


_MODELS: tuple[Model, ...] = (_by_tree, _by_line)
