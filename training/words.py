"""Texts as the answers of a linear model over their words: of a training row by other rows, of a request by all.

The model is a ridge regression of the target, or of each class as 0 and 1, on TF-IDF of words, pairs of words and
n-grams of characters. It is fitted in folds as scikit-learn's TargetEncoder is, so that a training row's number has no
part of its own target. Rows, n-grams and the length of a text are bounded; nothing is random.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import Ridge
from sklearn.preprocessing import normalize

from training.fast import words as plain
from training.fast.words import LARGEST_WEIGHT, LONGEST, PARTS, PLACES, WEIGHT_PARTS

Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
FOLDS = 5
MOST_NGRAMS = 2**16
FEWEST_TEXTS = 2  # with an n-gram that counts
MOST_CHARACTERS = 5_000_000  # of the texts that are learnt from; of more than two classes half
_FEWEST_ROWS = 1_000
_TOLERANCE = 1e-3  # of the solver, relative
_MOST_TUNED = 5_000  # rows that the penalty is chosen by
_TUNED_ON = 2  # folds of FOLDS that are predicted for it
PENALTIES = (32.0, 8.0, 2.0, 0.5)


class Words:
    """One number of a text; of more than two classes one for each of them. A null is NaN.

    The arrays are those of `training.fast.words`.
    """

    def __init__(self, classes: int) -> None:
        """`classes`: the number of classes, 1 for a regression."""
        self.classes = classes
        self.penalty = PENALTIES[0]
        self.line = Line.constant(np.zeros(self.outputs))

    @property
    def outputs(self) -> int:
        """The number of numbers."""
        return self.classes if self.classes > 2 else 1

    def fit(self, values: pd.Series, target: Any = None) -> Words:
        """Chooses the penalty by folds, and learns from all rows. `target`: numbers, or places of classes, (n,)."""
        lesson = self._lesson(values, target)
        if len(lesson.rows):
            self.penalty = _tuned(lesson)
            self.line = Line.fitted(lesson.counts, lesson.answers, (self.penalty,))[0]
        return self

    def crossed(self, values: pd.Series, target: Any, groups: Any = None) -> Matrix:
        """The numbers (n, outputs) of the training rows, each by rows of other folds.

        A fold is of equal texts, or of equal `groups` (n,), whole numbers. Rows that nothing was learnt from keep the
        numbers of all rows.
        """
        lesson = self._lesson(values, target, groups)
        found = np.full((len(values), self.outputs), np.nan)
        rest = np.ones(len(values), dtype=bool)
        rest[lesson.rows] = False
        found[rest] = self.transform(values[rest])
        for fold in np.unique(lesson.folds):
            own = lesson.folds == fold
            if own.all():  # nothing is known of others
                found[lesson.rows] = lesson.answers.mean(axis=0)
                break
            line = Line.fitted(lesson.counts[~own], lesson.answers[~own], (self.penalty,))[0]
            found[lesson.rows[own]] = line.answers(lesson.counts[own])
        return found

    def transform(self, values: pd.Series) -> Matrix:
        """Numbers of shape (n, outputs)."""
        return plain.Words(vars(self.line)).many(values.astype(object).where(values.notna(), None).tolist())

    def names(self, column: str) -> list[str]:
        """One name per number."""
        if self.outputs == 1:
            return [f"{column}.words"]
        return [f"{column}.words{place}" for place in range(self.outputs)]

    def _lesson(self, values: pd.Series, target: Any, groups: Any = None) -> _Lesson:
        """The first rows with a text, within MOST_CHARACTERS."""
        known = np.flatnonzero(values.notna().to_numpy(dtype=bool))
        texts = values.to_numpy(dtype=object)[known].tolist()
        read = np.cumsum([min(len(text), LONGEST) for text in texts])
        most = MOST_CHARACTERS // min(self.outputs, 2)
        count = max(_FEWEST_ROWS, int(np.searchsorted(read, most, side="right")))
        rows, texts = known[:count], texts[:count]
        if groups is None:
            folds = np.array([crc32(text.encode("utf-8", "surrogatepass")) % FOLDS for text in texts], dtype=np.int64)
        else:
            folds = (np.asarray(groups)[rows] % FOLDS).astype(np.int64)
        truth = np.asarray(target)[rows] if len(rows) else np.zeros(0)
        answers = truth[:, None] if self.outputs == 1 else truth[:, None] == np.arange(self.outputs)
        return _Lesson(rows, folds, _counts(texts), answers.astype(np.float64))


@dataclass(frozen=True)
class _Lesson:
    """Rows with a text, their folds (n,), counts of n-grams (n, PLACES), and what is predicted (n, outputs)."""

    rows: NDArray[np.intp]
    folds: NDArray[np.int64]
    counts: csr_matrix
    answers: Matrix


@dataclass(frozen=True)
class Line:
    """A linear model over n-grams; the arrays are those of `training.fast.words`."""

    places: NDArray[np.int64]
    rarity: Matrix
    weights: Matrix
    base: Matrix
    scale: Matrix

    @classmethod
    def constant(cls, base: Matrix) -> Line:
        """The same answers (outputs,) for every text."""
        outputs = len(base)
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, outputs)), base, np.zeros(outputs))

    @classmethod
    def fitted(cls, counts: csr_matrix, answers: Matrix, penalties: Sequence[float]) -> list[Line]:
        """A line for each penalty. Where there is nothing to learn, or answers are too large, it is constant."""
        with np.errstate(all="ignore"):
            middle = answers.mean(axis=0) if len(answers) else np.zeros(answers.shape[1])
            spread = answers.std(axis=0) if len(answers) else np.zeros(answers.shape[1])
        places, rarity = _counted(counts)
        if not np.isfinite(middle).all() or not np.isfinite(spread).all() or not len(places) or not spread.any():
            return [cls.constant(np.where(np.isfinite(middle), middle, 0.0))] * len(penalties)
        spread = np.where(spread > 0, spread, 1.0)
        inputs, wanted = _weighted(counts, places, rarity), (answers - middle) / spread
        lines = []
        for penalty in penalties:
            ridge = Ridge(penalty, solver="sparse_cg", tol=_TOLERANCE).fit(inputs, wanted)
            weights = np.clip(np.atleast_2d(ridge.coef_).T, -LARGEST_WEIGHT, LARGEST_WEIGHT)
            base = middle + spread * np.atleast_1d(ridge.intercept_)
            lines.append(cls(places, rarity, np.rint(weights * WEIGHT_PARTS), base, spread))
        return lines

    def answers(self, counts: csr_matrix) -> Matrix:
        """The answers (n, outputs) for counts (n, PLACES)."""
        if not len(self.places):
            return np.tile(self.base, (counts.shape[0], 1))
        inputs = _weighted(counts, self.places, self.rarity)
        return np.asarray(inputs @ (self.weights / WEIGHT_PARTS) * self.scale + self.base)

    def to_json(self) -> dict[str, Any]:
        """The arrays as lists; of whole numbers without a point."""
        whole = {name: getattr(self, name).astype(np.int64).tolist() for name in ("places", "rarity", "weights")}
        return {**whole, "base": self.base.tolist(), "scale": self.scale.tolist()}


def _tuned(lesson: _Lesson) -> float:
    """The penalty with the least squared error on some folds of the first rows."""
    counts, answers = lesson.counts[:_MOST_TUNED], lesson.answers[:_MOST_TUNED]
    folds = lesson.folds[:_MOST_TUNED]
    with np.errstate(all="ignore"):
        spread = answers.std(axis=0)
    spread = np.where(np.isfinite(spread) & (spread > 0), spread, 1.0)
    errors = np.zeros(len(PENALTIES))
    for fold in np.unique(folds)[:_TUNED_ON]:
        own = folds == fold
        for place, line in enumerate(Line.fitted(counts[~own], answers[~own], PENALTIES)):
            with np.errstate(all="ignore"):
                errors[place] += np.sum(((line.answers(counts[own]) - answers[own]) / spread) ** 2)
    return PENALTIES[int(np.argmin(errors))]


def _counts(texts: list[str]) -> csr_matrix:
    """The times that each place stands in each text, (n, PLACES)."""
    found, ends = array("i"), [0]
    for each in plain.places(texts, {}):
        found.extend(each)
        ends.append(len(found))
    ones = np.ones(len(found), dtype=np.float32)
    counts = csr_matrix((ones, np.array(found, dtype=np.int32), ends), shape=(len(texts), PLACES))
    counts.sum_duplicates()
    return counts


def _counted(counts: csr_matrix) -> tuple[NDArray[np.int64], Matrix]:
    """The places that count, those in most texts, ascending; and their inverse document frequencies in PARTS."""
    texts = np.bincount(counts.indices, minlength=PLACES)
    order = np.argsort(-texts, kind="stable")[:MOST_NGRAMS]
    places = np.sort(order[texts[order] >= FEWEST_TEXTS]).astype(np.int64)
    # as scikit-learn's: one text more has every n-gram
    return places, np.rint(PARTS * (np.log((1 + counts.shape[0]) / (1 + texts[places])) + 1))


def _weighted(counts: csr_matrix, places: NDArray[np.int64], rarity: Matrix) -> csr_matrix:
    """Rows of length 1: the weighted counts of some places, (n, places)."""
    kept = counts[:, places].astype(np.float64)
    kept.data = plain.weighted(kept.data.astype(np.int64), rarity[kept.indices])
    return normalize(kept, copy=False)
