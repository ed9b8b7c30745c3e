"""What each row brings when the model is right about it or wrong: money per row, from a spec's amounts.

An amount that cannot be computed for a row, because a column is null there or it divides by nought, is not 0: the row
is left out of every mean and counted as lacking, for all outcomes and both models alike, so that they stay paired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from perennial.contract.gate import Money
from perennial.gate.arithmetic import Expression
from perennial.gate.measuring.outcomes import Binary, Multiclass, Outcomes, Regression

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """Binary: what each of n rows brings if the model says 'positive' and if it does not; (n,), NaN where lacking."""

    positive: Floats
    negative: Floats

    def of(self, said: NDArray[np.bool_]) -> Floats:
        """What each row brings, given what was said of it. Shapes (n,)."""
        return np.where(said, self.positive, self.negative)


def outcomes_of(money: Money, rows: pd.DataFrame, actual: NDArray[np.bool_]) -> Choice:
    """What each row brings either way. `actual`: which rows are positive, (n,); `rows`: the same rows, all columns."""
    tp, fp, fn, tn = amounts(money, ("tp", "fp", "fn", "tn"), rows)
    return Choice(np.where(actual, tp, fp), np.where(actual, fn, tn))


def of_each_row(money: Money, rows: pd.DataFrame, outcomes: Outcomes) -> Floats:
    """What each row brought with this model, (n,); NaN where its amount is lacking."""
    if isinstance(outcomes, Binary):
        return outcomes_of(money, rows, outcomes.actual).of(outcomes.said)
    if isinstance(outcomes, Multiclass):
        right, wrong = amounts(money, ("right", "wrong"), rows)
        return np.where(outcomes.said == outcomes.actual, right, wrong)
    if isinstance(outcomes, Regression):
        over, under = amounts(money, ("over", "under"), rows)
        error = outcomes.value - outcomes.actual
        return over * np.maximum(error, 0.0) + under * np.maximum(-error, 0.0)
    raise TypeError(f"outcomes of {type(outcomes).__name__} have no amounts")


def amounts(money: Money, quantities: tuple[str, ...], rows: pd.DataFrame) -> list[Floats]:
    """An array (n,) for each quantity; NaN in every one of them for a row that lacks any of them."""
    expressions = [Expression(getattr(money, name)) for name in quantities]
    needed = {name for expression in expressions for name in expression.names}
    columns = {name: rows[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in needed}
    with np.errstate(all="ignore"):
        found = [np.broadcast_to(np.float64(each.over(columns)), (len(rows),)) for each in expressions]
    known = np.all(np.isfinite(found), axis=0)
    return [np.where(known, values, np.nan) for values in found]
