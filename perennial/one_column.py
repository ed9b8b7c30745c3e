"""The score of a model that sees one column: by the answers' means in bins, by a small tree, by a line, by order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

FOLDS = 3
LIKELY = 0.9  # score by bins from which a tree is worth its time
SURE = 0.999  # score from which a column that is in the order of the answers counts, which chance does not give
_FEW = 300  # rows up to which bins and trees are too coarse to tell which columns are in the order of the answers
_FEWEST_OF_A_CLASS = 2 * FOLDS
_DEPTH = 4
_LEAF_SHARE = 0.005
_BINS = (16, 64)
_ROWS_PER_BIN = 4
_WORDS = 2**14
_LONGEST = 1000  # characters of a text

Floats = NDArray[np.float64]
Values = Sequence[Any] | Floats
#: from numbers (or words, a sparse matrix) with their answers, and those asked for, to the answers to them
Model = Callable[[Any, Floats, Any], Floats]


@dataclass(frozen=True)
class Asked:
    """The target: the answers, (n, 1) numbers or (n, K) classes, and the fold of each row, (n,)."""

    answers: Floats
    folds: NDArray[np.int64]
    classified: bool

    def score(self, values: Values) -> float:
        """The mean score over the answers' columns, predicted for each fold from the others.

        Of numbers that explain little it is that of their bins, of numbers that order the answers that of the order.
        """
        found = numbers(values)
        if found is None:
            return _by_means(_codes(values), self.answers, self.folds, self.classified)
        rough = self.roughly(found)
        if (rough >= LIKELY or len(found) <= _FEW) and (ordered := self._by_order(found)) >= SURE:
            return ordered
        if rough < LIKELY:
            return rough
        by_tree = _by_folds(_by_tree, found, self.answers, self.folds, self.classified)
        return by_tree if self.classified else max(by_tree, _by_folds(_by_line, found, self.answers, self.folds, False))

    def score_of_texts(self, texts: Sequence[str | None]) -> float:
        """The mean score of a linear model of the texts' words, predicted for each fold from the others."""
        from sklearn.feature_extraction.text import HashingVectorizer

        read = HashingVectorizer(n_features=_WORDS, ngram_range=(1, 2), alternate_sign=False, lowercase=True)
        words = read.transform([(text or "")[:_LONGEST] for text in texts])
        return _by_folds(_by_words, words, self.answers, self.folds, self.classified)

    def roughly(self, found: Floats) -> float:
        """The score by the answers' means in bins of the numbers; of numeric answers also by ranks and by a line."""
        asked = [self.answers] if self.classified else [self.answers, self._ranks]
        pairs = ((codes, each) for codes in _binned(found) for each in asked)
        rough = max((_by_means(codes, each, self.folds, self.classified) for codes, each in pairs), default=0.0)
        if self.classified or rough < LIKELY:
            return rough
        return max(rough, _by_folds(_by_line, found, self.answers, self.folds, classified=False))

    def _by_order(self, found: Floats) -> float:
        """The share of the answers' ranks that a function explains that only rises, or only falls, with the number.

        0.0 where chance gives a high share: too few rows of a class, or one answer in most rows.
        """
        known = ~np.isnan(found)
        places = np.unique(found[known], return_inverse=True)[1]
        answers = self._classes_in_order(found) if self.classified else self._ranks[:, 0]
        counts = np.unique(answers, return_counts=True)[1]
        most = len(answers) - _FEWEST_OF_A_CLASS if self.classified else len(answers) / 2
        if not known.any() or len(counts) < 2 or counts.max() > most:
            return 0.0
        return max(_in_order(places, answers[known], answers, rising) for rising in (True, False))

    def _classes_in_order(self, found: Floats) -> Floats:
        """The place of each row's class among the classes, ordered by the median of the numbers in them."""
        width = self.answers.shape[1]
        rare = self.answers.sum(axis=1) == 0  # of two classes, the one without a column
        codes = np.where(rare, width, self.answers.argmax(axis=1))
        middles = [np.nanmedian(found[codes == code]) if np.isfinite(found[codes == code]).any() else np.inf
                   for code in range(width + 1)]  # fmt: skip
        places: Floats = np.argsort(np.argsort(middles))[codes].astype(np.float64)
        return places

    @cached_property
    def _ranks(self) -> Floats:
        return np.unique(self.answers[:, 0], return_inverse=True)[1].astype(np.float64)[:, np.newaxis]


def _by_folds(model: Model, found: Any, answers: Floats, folds: NDArray[np.int64], classified: bool) -> float:
    """The score of a model that answers each fold after it was fitted to the others."""
    predicted = np.empty_like(answers)
    for fold in range(FOLDS):
        seen, asked = folds != fold, folds == fold
        predicted[asked] = model(found[seen], answers[seen], found[asked])
    return _measured(predicted, answers, np.ones(len(answers)), np.sum(answers**2), classified)


def _in_order(places: NDArray[np.int64], known: Floats, answers: Floats, rising: bool) -> float:
    """R2 of the best function of the places that only rises, or only falls; its answer elsewhere is the mean."""
    from sklearn.isotonic import isotonic_regression

    counts = np.bincount(places).astype(np.float64)
    means = np.bincount(places, known) / counts
    fitted = isotonic_regression(means, sample_weight=counts, increasing=rising)[places]
    missing = np.sum((answers - answers.mean()) ** 2) - np.sum((known - answers.mean()) ** 2)
    rest = np.sum((known - fitted) ** 2) + missing
    return float(1 - rest / np.sum((answers - answers.mean()) ** 2))


def _binned(found: Floats) -> Iterator[NDArray[np.int64]]:
    """Codes of bins with equally many values, from coarse to fine; missing values have a bin of their own."""
    known = np.sort(found[~np.isnan(found)])
    for bins in _BINS:
        if not len(known) or (bins > _BINS[0] and len(known) < bins * _ROWS_PER_BIN):
            return
        ends = known[np.linspace(0, len(known) - 1, bins + 1).astype(np.int64)[1:]]
        edges = ends[np.r_[True, ends[1:] > ends[:-1]]]
        codes = np.searchsorted(edges, found)
        codes[np.isnan(found)] = len(edges)
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


def numbers(values: Values) -> Floats | None:
    """Numbers with NaN for what is missing; None if there is something else."""
    if isinstance(values, np.ndarray):
        return np.clip(values, -3e38, 3e38)
    if not all(value is None or isinstance(value, bool | int | float | np.number | np.bool_) for value in values):
        return None
    found = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.clip(found, -3e38, 3e38)


def is_missing(value: Any) -> bool:
    """True for None and NaN, which differs from itself; pandas' NA is taken out before."""
    return value is None or value != value


def _codes(values: Values) -> NDArray[np.int64]:
    texts = np.array(["" if is_missing(value) else f"={value}" for value in values])
    return np.asarray(np.unique(texts, return_inverse=True)[1], dtype=np.int64)


def _by_tree(seen: Floats, answers: Floats, asked: Floats) -> Floats:
    from sklearn.tree import DecisionTreeRegressor

    leaf = max(2, int(len(seen) * _LEAF_SHARE))
    tree = DecisionTreeRegressor(
        max_depth=_DEPTH if answers.shape[1] < 3 else 2 * _DEPTH, min_samples_leaf=leaf, random_state=0
    )
    tree.fit(seen[:, np.newaxis], answers)
    return np.asarray(tree.predict(asked[:, np.newaxis]), dtype=np.float64).reshape(len(asked), -1)


def _by_words(seen: Any, answers: Floats, asked: Any) -> Floats:
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=0.1, solver="sparse_cg", tol=1e-3, random_state=0).fit(seen, answers)
    return np.asarray(model.predict(asked), dtype=np.float64).reshape(asked.shape[0], -1)


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
