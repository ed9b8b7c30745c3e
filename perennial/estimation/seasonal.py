"""Seasons: the names of those that a window lies in, and the metrics of the held-out rows of each. Needs no Polars."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perennial.contract.gate import Gate
from perennial.gate.measuring.amounts import of_each_row
from perennial.gate.measuring.bootstrap import Resamples
from perennial.gate.measuring.columns import Table
from perennial.gate.measuring.estimates import Estimator
from perennial.gate.measuring.outcomes import Outcomes

#: a window of more than two days has no weekday
LONGEST_OF_A_WEEKDAY = timedelta(days=2)
#: with fewer held-out rows a season promises nothing
_FEWEST_ROWS = 100
_RESAMPLES = 100  # of metrics without an influence function


def seasons_of(start: datetime, end: datetime) -> tuple[str, ...]:
    """The names of the seasons that a window lies in, narrowest first: `12-6`, `6` (the weekday), `12-` (the month).

    Its middle decides.
    """
    middle = start + (end - start) / 2
    month, weekday = f"{middle.month}-", f"{middle.isoweekday()}"
    return (month,) if end - start > LONGEST_OF_A_WEEKDAY else (month + weekday, weekday, month)


def promised(gate: Gate, times: NDArray[np.datetime64], rows: Table, outcomes: Outcomes) -> dict[str, Any]:
    """The 'seasons' of evaluation.json: how the gate's metric and the value per row change with weekday and month.

    `times`: of each held-out row, (n,), not a time where unknown; `rows`: their columns; `gate`: with its metric.
    Each season has {"metric": {"effect", "error"}, "value": ...}; see `_shrunk`.
    """
    known = ~np.isnat(times)
    months = times.astype("datetime64[M]").astype(np.int64) % 12 + 1
    weekdays = (times.astype("datetime64[D]").astype(np.int64) + 3) % 7 + 1  # the first of January 1970 was a Thursday
    estimator = Estimator(gate.metric, outcomes, None, Resamples(outcomes.rows, _RESAMPLES, 7))
    families = {"-": [known & (months == month) for month in range(1, 13)]}
    families[""] = [known & (weekdays == weekday) for weekday in range(1, 8)]
    found: dict[str, Any] = {}
    for suffix, masks in families.items():
        usable = {f"{at}{suffix}": mask for at, mask in enumerate(masks, 1) if mask.sum() >= _FEWEST_ROWS}
        effects = _shrunk([_of_metric(estimator, mask) for mask in usable.values()], steps=suffix == "-")
        for name, effect in zip(usable, effects, strict=True):
            found[name] = {"rows": int(usable[name].sum()), "metric": effect}
        if gate.value is not None:
            values = of_each_row(gate.value, rows, outcomes)
            effects = _shrunk([_of_value(values, mask) for mask in usable.values()], steps=suffix == "-")
            for name, effect in zip(usable, effects, strict=True):
                found[name]["value"] = effect
    return found


def _of_metric(estimator: Estimator, mask: NDArray[np.bool_]) -> tuple[float, float]:
    seen = estimator.of(mask)
    return seen.value - seen.rest, seen.gap_error


def _of_value(values: NDArray[np.float64], mask: NDArray[np.bool_]) -> tuple[float, float]:
    inside, outside = values[mask & np.isfinite(values)], values[~mask & np.isfinite(values)]
    if min(len(inside), len(outside)) < 2:
        return float("nan"), float("nan")
    error = (float(inside.var(ddof=1)) / len(inside) + float(outside.var(ddof=1)) / len(outside)) ** 0.5
    return float(inside.mean() - outside.mean()), error


def _shrunk(effects: list[tuple[float, float]], steps: bool) -> list[dict[str, float]]:
    """The effect of each season of a kind, shrunk to 0 by empirical Bayes (Efron and Morris 1973), and its error.

    Seven weekdays differ by chance. The variance between seasons is estimated beyond that of chance; where there is
    none every effect is 0, so that a season excuses nothing that it does not explain. `steps`: the effects change
    within a season towards the next one's, by half a step at its ends, which is an error as well.
    """
    known = [(effect, error) for effect, error in effects if np.isfinite(effect) and np.isfinite(error)]
    between = sum(effect**2 - error**2 for effect, error in known) / max(1, len(known) - 1)
    made = []
    for effect, error in effects:
        share = between / (between + error**2) if between > 0 and np.isfinite(effect) and np.isfinite(error) else 0.0
        made.append({"effect": share * effect if share else 0.0, "error": (share * error**2) ** 0.5 if share else 0.0})
    for at, each in enumerate(made if steps else ()):
        step = (made[(at + 1) % len(made)]["effect"] - made[at - 1]["effect"]) / 4
        each["error"] = (each["error"] ** 2 + step**2) ** 0.5
    return made
