"""The value of each row's outcome, from the spec's amounts.

An amount that cannot be computed for a row, because a column is null or a divisor is 0, is not 0: the row is excluded
from every mean and counted as lacking, for all outcomes and both models alike, so that the comparison stays paired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perennial.contract.gate import Money
from perennial.gate.arithmetic import Expression
from perennial.gate.measuring.columns import Table, floats_of
from perennial.gate.measuring.outcomes import Binary, Multiclass, Outcomes, Regression

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """Binary: the value of each of n rows for a positive and a negative prediction; (n,), NaN where lacking."""

    positive: Floats
    negative: Floats

    def of(self, predicted: NDArray[np.bool_]) -> Floats:
        """The value of each row, given its prediction. Shapes (n,)."""
        return np.where(predicted, self.positive, self.negative)


def outcomes_of(money: Money, rows: Table, actual: NDArray[np.bool_]) -> Choice:
    """The value of each row for both predictions. `actual`: the positive rows, (n,); `rows`: their columns."""
    tp, fp, fn, tn = amounts(money, ("tp", "fp", "fn", "tn"), rows)
    return Choice(np.where(actual, tp, fp), np.where(actual, fn, tn))


def of_each_row(money: Money, rows: Table, outcomes: Outcomes) -> Floats:
    """The value of each row with this model's predictions, (n,); NaN where its amount is lacking."""
    if isinstance(outcomes, Binary):
        return outcomes_of(money, rows, outcomes.actual).of(outcomes.predicted)
    if isinstance(outcomes, Multiclass):
        right, wrong = amounts(money, ("right", "wrong"), rows)
        return np.where(outcomes.predicted == outcomes.actual, right, wrong)
    if isinstance(outcomes, Regression):
        over, under = amounts(money, ("over", "under"), rows)
        error = outcomes.value - outcomes.actual
        return over * np.maximum(error, 0.0) + under * np.maximum(-error, 0.0)
    raise TypeError(f"outcomes of {type(outcomes).__name__} have no amounts")


def amounts(money: Money, quantities: tuple[str, ...], rows: Table) -> list[Floats]:
    """An array (n,) for each quantity; NaN in every one of them for a row that lacks any of them."""
    expressions = [Expression(getattr(money, name)) for name in quantities]
    needed = {name for expression in expressions for name in expression.names}
    columns = {name: floats_of(rows[name]) for name in needed}
    with np.errstate(all="ignore"):
        found = [np.broadcast_to(np.float64(each.over(columns)), (len(rows),)) for each in expressions]
    known = np.all(np.isfinite(found), axis=0)
    return [np.where(known, values, np.nan) for values in found]
