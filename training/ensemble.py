"""The weighted mean of a few estimators' answers, of numbers or of probabilities; and a number by its logarithm.

Each member reads its own part of the columns of numbers: the encoding for trees, or the one for linear models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

Floats = NDArray[np.float64]


@dataclass
class Member:
    """An estimator, its weight from 1 on, and the columns of numbers that it reads: from `start` up to `stop`."""

    weight: int
    estimator: Any
    start: int = 0
    stop: int | None = None

    def seen(self, numbers: Floats) -> Floats:
        """The columns (n, width) that the member reads, of all columns."""
        return np.ascontiguousarray(numbers[:, self.start : self.stop])


class _Mean(BaseEstimator):  # type: ignore[misc]
    """Base of both kinds. Args: members: unfitted estimators with their weights."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members

    def fit(self, numbers: Floats, target: NDArray[Any]) -> Self:
        """Fits each member, in their order. The errors are those of scikit-learn."""
        for member in self.members:
            member.estimator.fit(member.seen(numbers), target)
        self.members_ = list(self.members)
        return self

    def _mean(self, numbers: Floats, method: str) -> Floats:
        total = sum(
            member.weight * np.asarray(getattr(member.estimator, method)(member.seen(numbers)), dtype=np.float64)
            for member in self.members
        )
        return np.asarray(total / sum(member.weight for member in self.members))


class EnsembleRegressor(RegressorMixin, _Mean):  # type: ignore[misc]
    """The weighted mean of numbers."""

    def predict(self, numbers: Floats) -> Floats:
        """The answers (n,)."""
        return self._mean(numbers, "predict")


class EnsembleClassifier(ClassifierMixin, _Mean):  # type: ignore[misc]
    """The weighted mean of probabilities."""

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes of the training rows, which all members have."""
        return np.asarray(self.members[0].estimator.classes_)

    def predict_proba(self, numbers: Floats) -> Floats:
        """Probabilities (n, K)."""
        return self._mean(numbers, "predict_proba")

    def predict(self, numbers: Floats) -> NDArray[Any]:
        """The most probable class of each row (n,)."""
        return np.asarray(self.classes_[self.predict_proba(numbers).argmax(axis=1)])


class LogTarget(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A regressor of the logarithm of positive numbers. Args: inner: the unfitted regressor.

    An answer is the exponential of the predicted logarithm, which is kept between those of the training rows, times a
    factor: the one by which the answers of the training rows have the sum of their targets.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def fit(self, numbers: Floats, target: Floats) -> Self:
        """Fits the inner regressor. Raises ValueError for a target that is not positive."""
        if not (target > 0).all():
            raise ValueError("a logarithm needs positive targets")
        logarithms = np.log(target)
        self.low_, self.high_, self.factor_ = float(logarithms.min()), float(logarithms.max()), 1.0
        self.inner.fit(numbers, logarithms)
        self.factor_ = float(target.sum() / self.predict(numbers).sum())
        return self

    def predict(self, numbers: Floats) -> Floats:
        """The answers (n,)."""
        return self.answer(self.inner.predict(numbers))

    def answer(self, logarithms: Floats) -> Floats:
        """The answers (n,) for predicted logarithms."""
        return np.asarray(self.factor_ * np.exp(np.clip(logarithms, self.low_, self.high_)))


def parts(estimator: Any) -> list[Any]:
    """The estimators that are fitted: of an ensemble its members', the estimator itself otherwise."""
    members = estimator.members if isinstance(estimator, _Mean) else [Member(1, estimator)]
    found = [member.estimator for member in members]
    return [each.inner if isinstance(each, LogTarget) else each for each in found]
