"""A look at a model in service: its windows, the verdict, and the metrics promised and live side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from perennial.contract.gate import Gate
from perennial.contract.part import Part, required, setting
from perennial.estimation.estimate import Estimation
from perennial.gate.check import member, number
from perennial.monitoring.answers import Served
from perennial.monitoring.promise import Promise
from perennial.monitoring.quality import Quality
from perennial.monitoring.seasons import PastWindow
from perennial.monitoring.staleness import Staleness
from perennial.monitoring.trust import Trust, trust
from perennial.monitoring.verdict import Verdict, judge
from perennial.monitoring.windows import Watched, Window, cut, examine, spans

DRIFT_UNKNOWN = "insufficient data"


@dataclass(frozen=True)
class MetricPair(Part):
    """A metric promised at release, and as it is live: each {"value", "low", "high"}; null where unknown.

    `estimated`: of the newest window, without labels; null where it is not to be believed.
    """

    name: str = required("The metric, or `value`.")
    promised: Mapping[str, Any] | None = setting(None, "Of the held-out rows.")
    live: Mapping[str, Any] | None = setting(None, "Of the newest window with enough labels.")
    estimated: Mapping[str, Any] | None = setting(None, "Of the newest window, without labels.")


@dataclass(frozen=True)
class LookRecord(Part):
    """The record of a look, for people and for later looks.

    `drift`: of the newest window, a verdict of perennial.drift or 'insufficient data'. `stale` and `sentences`: of the
    verdict. `trust`: of the estimates.
    """

    model: str = required("The model.")
    version: str = required("The version that serves.")
    at: str = required("The time of the look.")
    verdict: str = required("fresh, watch, stale or insufficient data.")
    stale: bool = required("True if the verdict is stale.")
    drift: str = required("The drift of the newest window.")
    rows: int = required("The rows of the newest window.")
    labelled: int = required("Its rows with a label.")
    age_days: int = required("The days since the release.")
    sentences: tuple[str, ...] = required("The reasons, and what else is to be known.")
    reasons: tuple[Mapping[str, Any], ...] = setting((), "The reasons with their kinds.")
    metrics: tuple[MetricPair, ...] = setting((), "Promised and live metrics.")
    trust: str = setting("unconfirmed", "unconfirmed, confirmed or withheld.")
    unreadable: int = setting(0, "Requests of the newest window that could not be read.")
    staleness: Staleness | None = setting(None, "The money lost since the last training; null where it is unknown.")


@dataclass(frozen=True)
class Judged:
    """The windows of a look, oldest first, and the verdict."""

    windows: tuple[Window, ...]
    verdict: Verdict
    trust: Trust


def watched_by(evaluation: Mapping[str, Any], problem: str, gate: Gate, **more: Any) -> Watched:
    """The version with what its traffic is compared with. `evaluation`: that of its run; `more`: fields of Watched.

    A version that an older release trained has no estimates.
    """
    found = member(evaluation, "estimation")
    estimation = Estimation() if found is None else Estimation.from_json(found)
    threshold = number(member(member(evaluation, "candidate"), "threshold"))
    served = Served(problem, gate, estimation.classes, 0.5 if threshold is None else threshold)
    return Watched(served=served, estimation=estimation, promise=Promise.of_evaluation(evaluation), **more)


def look(frame: pl.DataFrame, watched: Watched, now: datetime, past: Sequence[PastWindow] = ()) -> Judged:
    """Looks at the newest windows, and at those whose labels may have come since.

    `frame`: observations of the version. `past`: windows of earlier looks, for seasons.
    """
    policy = watched.policy
    waited = -(-policy.label_days * 24 // policy.every_hours)
    windows: list[Window] = []
    every = spans(now, policy.every_hours, policy.windows + waited, watched.released)
    past = [each for each in past if not every or each.end <= every[0][0]]
    for span in every:
        rows = cut(frame, span)
        if len(rows) >= policy.min_rows or span[1] == now:
            windows.append(examine(rows, span, watched, [*past, *(each.past for each in windows)]))
    qualities = [each.quality for each in windows]
    found = trust(qualities, watched.served.gate.metric, watched.served.gate.margin)
    age = (now - watched.released) // timedelta(days=1)
    return Judged(tuple(windows), judge([each.look for each in windows], policy, age, found), found)


def recorded(judged: Judged, watched: Watched, who: tuple[str, str], now: datetime, unreadable: int = 0) -> LookRecord:
    """The record of a look. `who`: the model and its version."""
    newest = judged.windows[-1] if judged.windows else None
    rows = newest.look.rows if newest else 0
    enough = newest is not None and rows >= watched.policy.min_rows
    age = (now - watched.released) // timedelta(days=1)
    return LookRecord(
        *who,
        now.isoformat(),
        judged.verdict.state,
        judged.verdict.state == "stale",
        newest.drift.verdict if newest is not None and enough else DRIFT_UNKNOWN,
        rows,
        newest.quality.labelled if newest else 0,
        age,
        tuple(_sentences(judged, watched, rows, age, unreadable)),
        tuple(each.to_json() for each in judged.verdict.reasons),
        tuple(_metrics(judged, watched)),
        judged.trust,
        unreadable,
    )


def _sentences(judged: Judged, watched: Watched, rows: int, age: int, unreadable: int) -> list[str]:
    policy, newest = watched.policy, judged.windows[-1] if judged.windows else None
    found = [each.sentence for each in judged.verdict.reasons]
    if not any(each.kind == "age" for each in judged.verdict.reasons):
        found.append(f"The champion is {age} days old; at {policy.max_age_days} days it is stale.")
    if newest is None or rows < policy.min_rows:
        found.append(f"Insufficient data: {rows:,} rows of traffic, {policy.min_rows:,} are asked for.")
    else:
        found.append(f"The newest window has {rows:,} rows, {newest.quality.labelled:,} of them with a label.")
        found += [] if newest.drift.verdict != "stable" else [f"Its drift: {newest.drift.sentence}."]
    if judged.trust == "withheld":
        found.append("Estimates of the performance are not shown: most of the earlier ones were far from the truth.")
    if unreadable:
        found.append(f"{unreadable:,} captured requests could not be read, or were refused by the server; none counts.")
    return found


def _metrics(judged: Judged, watched: Watched) -> list[MetricPair]:
    """The gate's metric, those with a floor, and the value."""
    gate, promise = watched.served.gate, watched.promise
    labelled = next((each.quality for each in reversed(judged.windows) if each.quality.metrics), Quality(0, 0))
    estimated = judged.windows[-1].quality.estimated if judged.windows and judged.trust != "withheld" else {}
    found = [
        MetricPair(name, promise.metrics.get(name), labelled.metrics.get(name), estimated.get(name))
        for name in dict.fromkeys([gate.metric, *gate.floors])
    ]
    if gate.value is not None:
        live = member(member(labelled.value, "candidate"), "per_row")
        found.append(MetricPair("value", member(member(promise.value, "candidate"), "per_row"), live))
    return found
