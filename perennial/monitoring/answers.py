"""The answers of a model version as scores and outcomes, from a frame of observations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perennial.contract.gate import Gate
from perennial.contract.observed import CLASSES, LABEL, SCORE, SCORES
from perennial.contract.values import written
from perennial.gate.measuring.columns import floats_of
from perennial.gate.measuring.outcomes import Binary, Multiclass, Outcomes, Regression

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Served:
    """The meaning of the answers of a version: its problem, the texts of its classes, its threshold, and its gate.

    Of a binary model `classes` are the negative and the positive class. `gate`: with its open settings filled in.
    """

    problem: str
    gate: Gate
    classes: tuple[str, ...] = ()
    threshold: float = 0.5

    @property
    def measurable(self) -> bool:
        """True if labels can be told from each other: a version of an older release does not say its classes."""
        return self.problem == "regression" or len(self.classes) > 1

    def readable(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows whose answer could be read."""
        return frame.filter(pl.col(SCORES if self.problem == "multiclass" else SCORE).is_not_null())

    def labelled(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The readable rows whose label is known."""
        return self.readable(frame).filter(pl.col(LABEL).is_not_null())

    def scores(self, frame: pl.DataFrame) -> Floats:
        """The scores of readable rows: (n,), or (n, K) in the order of `classes`."""
        if self.problem != "multiclass":
            return floats_of(frame[SCORE])
        made = np.zeros((len(frame), len(self.classes)))
        places = {text: place for place, text in enumerate(self.classes)}
        for row, (classes, scores) in enumerate(zip(frame[CLASSES].to_list(), frame[SCORES].to_list(), strict=True)):
            for name, score in zip(classes, scores, strict=True):
                if name in places:
                    made[row, places[name]] = score
        return made

    def outcomes(self, frame: pl.DataFrame) -> Outcomes:
        """The outcomes of labelled rows. A class that the model does not know gets the probability 0."""
        scores = self.scores(frame)
        if self.problem == "regression":
            return Regression(floats_of(frame[LABEL]), scores, self.gate.quantile)
        texts = texts_of(frame[LABEL])
        if self.problem == "binary":
            return Binary(texts == self.classes[1], scores, self.threshold)
        known = [*self.classes, *sorted(set(texts.tolist()) - set(self.classes))]
        numbers = {text: place for place, text in enumerate(known)}
        actual = np.array([numbers[text] for text in texts.tolist()], dtype=np.int64)
        return Multiclass(actual, np.pad(scores, ((0, 0), (0, len(known) - len(self.classes)))))


def texts_of(labels: pl.Series) -> NDArray[Any]:
    """The text of each label, as evaluation.json and `classes` have it. No label is null."""
    different = labels.unique().to_list()
    texts = {value: written(value) for value in different}
    return np.array([texts[value] for value in labels.to_list()], dtype=object)
