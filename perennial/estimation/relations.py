"""The relation of each column to the target: by how much labels differ from the scores in each group of its values.

A model may be right on the whole and wrong for long distances: then labels differ from scores where the distance is
long. On held-out rows this difference is known for each group of each column. Where it changes in traffic, the same
inputs have other labels: concept drift, for which the areas under curves need many more rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contract.part import Part, required
from perennial.contract.values import rounded
from perennial.gate.measuring.columns import Table, numbers_of, values_of
from perennial.gate.measuring.outcomes import Binary, Multiclass, Outcomes, Regression

Floats = NDArray[np.float64]
_MOST_TEXTS, _FEWEST_ROWS = 8, 20


@dataclass(frozen=True)
class Groups(Part):
    """Groups of the values of a column: quarters of numbers, frequent texts. Group 0 has all others, and nulls."""

    edges: tuple[float, ...] = required("The upper edges of the quarters but the last.")
    texts: tuple[str, ...] = required("The texts with a group of their own.")
    rows: tuple[int, ...] = required("The held-out rows of each group.")
    means: tuple[float, ...] = required("The mean of label minus score of each group.")

    @classmethod
    def fit(cls, column: Any, residual: Floats) -> Groups:
        """The groups of the held-out rows. `residual`: label minus score, (n,)."""
        found = values_of(column)
        if found.is_measured():
            numbers = numbers_of(found.values)
            cuts = np.unique(np.quantile(numbers, [0.25, 0.5, 0.75])) if len(numbers) else np.empty(0)
            made = cls(tuple(cuts.tolist()), (), (), ())
        else:
            texts, counts = np.unique([found.text(value) for value in found.values.tolist()], return_counts=True)
            made = cls((), tuple(texts[np.argsort(-counts, kind="stable")[:_MOST_TEXTS]].tolist()), (), ())
        codes = made.codes(column)
        rows = np.bincount(codes, minlength=made.count)
        means = np.bincount(codes, weights=residual, minlength=made.count) / np.maximum(rows, 1)
        return cls(made.edges, made.texts, tuple(rows.tolist()), tuple(means.tolist()))

    @property
    def count(self) -> int:
        """The number of groups."""
        return 1 + (len(self.texts) or len(self.edges) + 1)

    def codes(self, column: Any) -> NDArray[np.int64]:
        """The group of each row, (n,)."""
        found = values_of(column)
        codes = np.zeros(len(found.known), dtype=np.int64)
        if self.texts or not found.is_measured():
            places = {text: place for place, text in enumerate(self.texts, 1)}
            codes[found.known] = [places.get(found.text(value), 0) for value in found.values.tolist()]
        else:
            codes[found.known] = np.searchsorted(self.edges, numbers_of(found.values), side="left") + 1
        return codes

    def name(self, group: int) -> str:
        """A group in words, after the name of its column."""
        if group == 0:
            return "is another value or missing"
        if self.texts:
            return f"is '{self.texts[group - 1]}'"
        low, high = ([None, *self.edges][group - 1], [*self.edges, None][group - 1])
        if high is None:
            return f"is above {rounded(low)}" if low is not None else "is known"
        return f"is at most {rounded(high)}" if low is None else f"is between {rounded(low)} and {rounded(high)}"


@dataclass(frozen=True)
class Relations(Part):
    """The groups of each column, and the variance of label minus score."""

    columns: Mapping[str, Groups] = required("The groups of each column.")
    variance: float = required("The variance of label minus score over the held-out rows.")

    @classmethod
    def fit(cls, outcomes: Outcomes, rows: Table, columns: Sequence[str]) -> Relations:
        """Of the held-out rows; `columns`: the features."""
        residual = residuals(outcomes)
        return cls({name: Groups.fit(rows[name], residual) for name in columns}, float(residual.var()))

    def changes(self, outcomes: Outcomes, rows: Table) -> dict[str, dict[str, Any]]:
        """For each column that `rows` has: how sure it is that it changed, and the group most concerned.

        `deviations`: chi-square over the groups as a normal deviate (Wilson and Hilferty 1931). `common`: the part of
        its error that is that of the held-out rows, and so the same in all windows. `size`: the root mean square of the
        changes beyond chance, in standard deviations of label minus score.
        """
        residual = residuals(outcomes)
        variance = max(float(residual.var()), self.variance, 1e-300)
        known = set(rows.columns)
        found = {name: groups for name, groups in self.columns.items() if name in known}
        made = {name: _change(groups, groups.codes(rows[name]), residual, variance) for name, groups in found.items()}
        return {name: change for name, change in made.items() if change is not None}


def residuals(outcomes: Outcomes) -> Floats:
    """Label minus score of each row: of the positive class, of the predicted class, or in the target's unit."""
    if isinstance(outcomes, Binary):
        return np.asarray(outcomes.actual - outcomes.probability, dtype=np.float64)
    if isinstance(outcomes, Multiclass):
        hits = outcomes.predicted == outcomes.actual
        return np.asarray(hits - outcomes.probabilities.max(axis=1), dtype=np.float64)
    assert isinstance(outcomes, Regression)
    return outcomes.actual - outcomes.value


def _change(groups: Groups, codes: NDArray[np.int64], residual: Floats, variance: float) -> dict[str, Any] | None:
    live, before = np.bincount(codes, minlength=groups.count), np.asarray(groups.rows)
    usable = np.flatnonzero((live >= _FEWEST_ROWS) & (before >= _FEWEST_ROWS))
    if not len(usable):
        return None
    means = np.bincount(codes, weights=residual, minlength=groups.count)[usable] / live[usable]
    changed = means - np.asarray(groups.means)[usable]
    own, common = variance / live[usable], variance / before[usable]
    squares, count = changed**2 / (own + common), len(usable)
    part = 2 / (9 * count)
    deviations = ((float(squares.sum()) / count) ** (1 / 3) - (1 - part)) / part**0.5
    beyond = float((live[usable] * (changed**2 - own - common)).sum() / live[usable].sum())
    worst = int(squares.argmax())
    return {
        "deviations": deviations,
        "common": float((common / (own + common)).mean()) ** 0.5,
        "size": (max(0.0, beyond) / variance) ** 0.5,
        "group": groups.name(int(usable[worst])),
        "rows": int(live[usable[worst]]),
        "live": float(means[worst]),
        "before": float(groups.means[int(usable[worst])]),
    }
