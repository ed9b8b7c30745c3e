"""One trial of each kind, by its seed: what the verdict says of traffic without change, and of traffic that changes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import polars as pl

from bench.monitoring.population import SHIFTS
from bench.monitoring.service import Service
from perennial.estimation.estimate import Estimation
from perennial.gate.measuring.outcomes import Binary, Multiclass, Outcomes, Regression

WEEKS = {"stationary": 50, "untimed": 10}
#: the kinds of reasons that name the cause of a shift
CAUSES = {
    "label shift": ("drift",), "covariate shift": ("drift",), "concept shift": ("relation", "quality", "value"),
    "unit change": ("drift",), "dead sensor": ("drift",), "a group treated worse": ("fairness",),
}  # fmt: skip
ROWS_HELD_OUT, ROWS_LIVE = 4_000, 1_000


def stationary(seed: int) -> dict[str, Any]:
    """Fifty weeks in a row of a model whose reference has times; weekdays and the year are seasons."""
    return _weeks(Service(seed), WEEKS["stationary"])


def untimed(seed: int) -> dict[str, Any]:
    """Ten weeks of a model whose reference has no times; weekdays are seasons."""
    return _weeks(Service(seed, event_time=False, yearly=False), WEEKS["untimed"])


def _weeks(service: Service, count: int) -> dict[str, Any]:
    states: Counter[str] = Counter()
    alarms: list[list[str]] = []
    for week, verdicts in enumerate(service.weeks(count)):
        states.update(each.state for each in verdicts)
        stale = sorted({f"{r.kind}: {r.subject}" for v in verdicts for r in v.reasons if r.state == "stale"})
        alarms += [[f"week {week}", *stale]] if stale else []
    return {"weeks": count, "alarms": alarms, "looks": dict(states)}


def shifts(seed: int) -> dict[str, Any]:
    """Each shift after two days without any, at a day of the year: the look that found it, and whether by its cause."""
    first = int(np.random.default_rng(seed).integers(0, 364))
    service, found = Service(seed, first), {}
    for day in range(2):
        service.look(day)
    before = list(service.windows)
    for shift in SHIFTS:
        service.windows = list(before)
        verdicts = [service.look(day, shift) for day in (2, 3)]
        looks = [place for place, verdict in enumerate(verdicts, 1) if verdict.state == "stale"]
        causes = {r.kind for verdict in verdicts for r in verdict.reasons if r.state == "stale"} & {*CAUSES[shift]}
        found[shift] = {"look": min(looks, default=None), "cause": bool(causes)}
    return found


def estimates(seed: int) -> dict[str, Any]:
    """Estimated and true metrics of 1,000 rows, of each problem, without shift and where the inputs shifted."""
    found: dict[str, Any] = {}
    for problem, draw in (("binary", _binary), ("multiclass", _multiclass), ("regression", _regression)):
        for shift in (0.0, 0.5):
            chance = np.random.default_rng((seed, round(10 * shift)))
            held_out, rows = draw(chance, ROWS_HELD_OUT, 0.0)
            estimation = Estimation.fit(held_out, rows, rows.columns)
            live, rows = draw(chance, ROWS_LIVE, shift)
            if isinstance(live, Regression):
                seen = estimation.of_rows(rows, live.value, 0.95)
            else:
                scores = live.probability if isinstance(live, Binary) else live.probabilities  # type: ignore[attr-defined]
                seen = estimation.of_scores(scores, 0.95, seed)
            truth = live.points()
            found[f"{problem}, {'inputs shifted' if shift else 'no shift'}"] = {
                name: [truth[name], *each.values()] for name, each in seen.items()
            }
    return found


def _binary(chance: np.random.Generator, rows: int, shift: float) -> tuple[Outcomes, pl.DataFrame]:
    x, z = chance.normal(shift, 1, rows), chance.normal(0, 1, rows)
    truth = 1 / (1 + np.exp(-(1.5 * x + 0.5 * z - 1.5)))
    score = 1 / (1 + np.exp(-(1.0 * x + 0.3 * z - 0.8)))  # not calibrated
    return Binary(chance.random(rows) < truth, score), pl.DataFrame({"x": x, "z": z})


def _multiclass(chance: np.random.Generator, rows: int, shift: float) -> tuple[Outcomes, pl.DataFrame]:
    x, z = chance.normal(shift, 1, rows), chance.normal(0, 1, rows)
    logits = np.column_stack([1.2 * x, -0.8 * x + 0.5 * z, 0.9 * z - 0.5])
    truth, score = _shares(logits), _shares(0.6 * logits)
    actual = (chance.random((rows, 1)) > truth.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return Multiclass(actual, score), pl.DataFrame({"x": x, "z": z})


def _regression(chance: np.random.Generator, rows: int, shift: float) -> tuple[Outcomes, pl.DataFrame]:
    x, kind = chance.normal(shift, 1, rows), chance.choice(["a", "b", "c"], rows)
    deviation = np.exp(0.4 * x) * (1 + (kind == "c"))
    return Regression(2 * x + deviation * chance.normal(0, 1, rows), 2 * x), pl.DataFrame({"x": x, "kind": kind})


def _shares(logits: Any) -> Any:
    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


TRIALS = {"stationary": stationary, "untimed": untimed, "shifts": shifts, "estimates": estimates}
