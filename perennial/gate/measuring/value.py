"""The value of a model per row and per month, with intervals, and the paired difference to the champion."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contract.gate import Money
from perennial.gate.measuring.amounts import of_each_row
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.columns import Table
from perennial.gate.measuring.intervals import Floats, MetricInterval, bootstrapped
from perennial.gate.measuring.outcomes import Outcomes


def measure(
    money: Money | None,
    rows: Table,
    candidate: Outcomes,
    champion: Outcomes | None,
    resamples: Resamples,
    confidence: float = 0.95,
) -> dict[str, Any] | None:
    """The 'value' of evaluation.json; None where the spec declares no amounts.

    The mean is over rows that have an amount. A month is `rows_per_month` such rows. Where more than the share
    `max_missing_rate` of the rows lack an amount, no value is given, and `reason` says so.
    """
    if money is None:
        return None
    brought = {"candidate": of_each_row(money, rows, candidate)}
    if champion is not None:
        brought["champion"] = of_each_row(money, rows, champion)
    known = np.isfinite(brought["candidate"])
    lacking = int((~known).sum())
    entry: dict[str, Any] = {"currency": money.currency, "rows": int(known.sum()), "lacking": lacking, "reason": None}
    entry |= dict.fromkeys(("candidate", "champion", "difference"))
    if lacking > money.max_missing_rate * len(rows) or not known.any():
        entry["reason"] = (
            f"the amount cannot be computed for {lacking} of {len(rows)} rows; "
            f"gate.value.max_missing_rate allows a share of {money.max_missing_rate:g}"
        )
        known = np.zeros(len(rows), dtype=np.bool_)
    return entry | _metrics(brought, known, money.rows_per_month, resamples, confidence)


def _metrics(
    brought: dict[str, Floats], known: NDArray[np.bool_], month: int | None, resamples: Resamples, confidence: float
) -> dict[str, dict[str, MetricInterval | None]]:
    """`brought`: the value of each row by model, (n,), used where `known`."""
    # A row without an amount has weight 0; NaN times 0 would be NaN.
    used = [np.where(known, values, 0.0) for values in brought.values()]

    def work(weights: Floats) -> Floats:
        means = [_mean(values, weights * known) for values in used]
        return np.column_stack([*means, means[0] - means[-1]])

    points, draws, left_out = work(np.ones((1, len(known))))[0], resamples.replicate(work), resamples.left_out(work)
    names = [*brought, "difference"] if "champion" in brought else list(brought)
    return {
        name: _entry(bootstrapped(points[place], draws[:, place], confidence, left_out[:, place]), month)
        for place, name in enumerate(names)
    }


def _entry(per_row: MetricInterval, month: int | None) -> dict[str, MetricInterval | None]:
    if month is None:
        return {"per_row": per_row, "per_month": None}
    return {"per_row": per_row, "per_month": {end: v if v is None else v * month for end, v in per_row.items()}}


def _mean(values: Floats, weights: Floats) -> Floats:
    """(b,): the mean of values (n,) by each of b weightings (b, n); NaN where the weights sum to 0."""
    total = weights.sum(axis=1)
    found: Floats = np.divide((weights * values).sum(axis=1), total, out=np.full(len(total), np.nan), where=total != 0)
    return found
