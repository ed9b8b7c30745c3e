"""The encodings of texts and of columns of many categories: chosen by what helps on folds of the training rows.

A text is left out, or becomes n-grams, or the answers of a linear model over its words, or both. A column with more
categories than have a code of their own keeps its codes, or becomes the means of the target, or n-grams of its names,
or both. A way is taken if its loss on folds is surely less. The trials see a bounded number of columns and rows; the
folds follow from the rows' hashes, so the choice is repeatable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from perennial.contract.plan import Plan
from training.estimators import encoding_of
from training.features import MOST_CODES, MOST_FLAGS
from training.folds import Folds, Gain
from training.job import report
from training.split import Split

CODES = "codes"  # how the record names the codes or flags of a category, which are no way of their own
LEFT_OUT = ""  # the way of a column that is not used
_MOST_COLUMNS = 6
_ROWS_PER_CATEGORY = 3  # of fewer rows on average nothing is learnt
_SURELY = 2.0  # standard errors
#: what is tried of a text, and of a category
_WAYS = {True: ("ngrams", "words", "ngrams+words"), False: ("means", "ngrams", "means+ngrams")}

Ways = Mapping[str, str]
#: from rows, their targets as numbers and `ways`, the encodings of columns, to a fitted pipeline
Fit = Callable[..., Any]


@dataclass(frozen=True)
class Trial:
    """A way of encoding a column, the gain by it, and whether it was taken."""

    column: str
    way: str
    gain: Gain

    @property
    def taken(self) -> bool:
        """True for a loss that is surely less."""
        return self.gain.mean > _SURELY * self.gain.error

    def to_json(self) -> dict[str, Any]:
        """The trial as plain data."""
        return {"column": self.column, "way": self.way, **self.gain.to_json(), "taken": self.taken}


@dataclass(frozen=True)
class Encodings:
    """The chosen way of each column that has a choice, and the trials that it was chosen by."""

    ways: Ways = field(default_factory=dict)
    trials: tuple[Trial, ...] = ()
    reason: str = ""

    def to_json(self) -> dict[str, Any] | None:
        """The manifest's and the evaluation's member; None where there was nothing to choose."""
        ways = {trial.column: CODES for trial in self.trials}
        ways |= {name: way or "left out" for name, way in self.ways.items()}
        if not ways and not self.reason:
            return None
        return {"chosen": ways, "trials": [trial.to_json() for trial in self.trials], "reason": self.reason or None}


def choose(plan: Plan, split: Split, numbers: NDArray[Any], classes: int, fit: Fit) -> Encodings:
    """The encodings of a training. `numbers`: the targets (n,); `classes`: their number, 0 for a regression."""
    texts = [name for name, column in plan.features.items() if column.type == "text"]
    many = _of_many_categories(plan, split.train)
    usual = dict.fromkeys(texts, "ngrams")
    if encoding_of(plan.estimator) is None or not (texts or many):
        return Encodings(usual)
    folds = Folds.of(split, numbers, classes)
    if folds.fault:
        return Encodings(usual, reason=f"no encoding was tried: {folds.fault}")
    tried = [*texts, *many][:_MOST_COLUMNS]
    ways = dict(usual)
    if len(texts) < len(plan.features):  # else there is nothing to leave them out for
        ways |= {name: LEFT_OUT for name in texts if name in tried}
    trials: list[Trial] = []
    best = folds.losses(partial(fit, ways=ways), "trial of the usual encodings")
    for name in tried:
        for way in (each for each in _WAYS[name in texts] if each != ways.get(name)):
            told = f"trial of the encoding {way} of '{name}'"
            losses = folds.losses(partial(fit, ways=ways | {name: way}), told)
            trials.append(Trial(name, way, Gain.of(best, losses)))
            if trials[-1].taken:
                ways, best = ways | {name: way}, losses
    report("encodings chosen", chosen=ways)
    return Encodings(ways, tuple(trials))


def recorded(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The ways that a model was fitted with, from its manifest."""
    chosen = (manifest.get("encodings") or {}).get("chosen", {})
    return {name: LEFT_OUT if way == "left out" else way for name, way in chosen.items() if way != CODES}


def _of_many_categories(plan: Plan, rows: pd.DataFrame) -> list[str]:
    most = MOST_CODES if encoding_of(plan.estimator) == "ordinal" else MOST_FLAGS
    counts = {name: rows[name].nunique() for name, column in plan.features.items() if column.type == "category"}
    return [name for name, count in counts.items() if count > most and count * _ROWS_PER_CATEGORY <= len(rows)]
