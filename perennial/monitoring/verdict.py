"""The verdict on a model in service: fresh, watch, stale or insufficient data, with its reasons.

A single window is never enough: chance and holidays make single windows bad. The model is stale if `confirm` of the
newest `windows` windows agree, and metrics that have an error are also surely short together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb, sqrt
from statistics import NormalDist
from typing import Literal

from perennial.contract.lifecycle import Monitoring
from perennial.contract.part import Part, required
from perennial.drift.report import DriftReport
from perennial.monitoring.promise import ESTIMATE, Shortfall
from perennial.monitoring.trust import Trust

State = Literal["fresh", "watch", "stale", "insufficient data"]
INSUFFICIENT: State = "insufficient data"
#: the part of the limit from which a window agrees, and the chance below which a single window is told
_AGREES, _TOLD = 0.6, 0.01
_COLUMNS = 3


@dataclass(frozen=True)
class Look:
    """The findings in one window. `season_known`: drift was compared with the same season."""

    rows: int
    drift: DriftReport | None = None
    shortfalls: tuple[Shortfall, ...] = ()
    season_known: bool = True


@dataclass(frozen=True)
class Reason(Part):
    """One reason of a verdict."""

    kind: str = required("drift, quality, relation, estimate, fairness, value or age.")
    state: Literal["watch", "stale"] = required("What it says of the model.")
    subject: str = required("The column, metric, slice or group.")
    sentence: str = required("The finding with its metrics.")


@dataclass(frozen=True)
class Verdict(Part):
    """The state of a model, and the reasons, the most serious first."""

    state: State = required("fresh, watch, stale or insufficient data.")
    reasons: tuple[Reason, ...] = required("The reasons.")


def judge(looks: Sequence[Look], policy: Monitoring, age_days: int, trust: Trust = "unconfirmed") -> Verdict:
    """The verdict of the windows of a version, oldest first, and of its age. `trust`: of its estimates."""
    usable = [look for look in looks if look.rows >= policy.min_rows]
    reasons = [*_of_age(policy, age_days), *_of_drift(usable[-policy.windows :], policy)]
    reasons += _of_shortfalls(usable, policy, trust)
    reasons.sort(key=lambda each: each.state != "stale")
    if any(each.state == "stale" for each in reasons):
        return Verdict("stale", tuple(reasons))
    if not usable:
        return Verdict(INSUFFICIENT, tuple(reasons))
    return Verdict("watch" if reasons else "fresh", tuple(reasons))


def _of_age(policy: Monitoring, days: int) -> Iterator[Reason]:
    if days >= policy.max_age_days:
        yield Reason("age", "stale", "age", f"The champion is {days} days old; at {policy.max_age_days} it is stale.")


def _of_drift(looks: Sequence[Look], policy: Monitoring) -> Iterator[Reason]:
    drifted = [look for look in looks if look.drift is not None and look.drift.drifted]
    newest = looks[-1].drift if looks else None
    confirmed = [look for look in drifted if look.season_known]
    if len(confirmed) >= policy.confirm and confirmed[-1].drift is not None:
        count = f"{len(confirmed)} of the newest {len(looks)} windows drifted"
        yield Reason(
            "drift", "stale", confirmed[-1].drift.moved or "all columns", f"{count}: {told(confirmed[-1].drift)}."
        )
    elif newest is not None and newest.verdict != "stable":
        season = "" if looks[-1].season_known else "; no window of this weekday is known yet, so it may be a season"
        yield Reason("drift", "watch", newest.moved or "all columns", f"The newest window: {told(newest)}{season}.")


def told(drift: DriftReport) -> str:
    """The three columns that explain most of the drift, weighted by what the model looks at, in one phrase."""
    moved = [(name, each) for name, each in drift.columns.items() if each.verdict != "stable" and each.role != "other"]
    if not moved:
        return drift.sentence
    most = sorted(moved, key=lambda each: -each[1].extent)[:_COLUMNS]
    return "; ".join(f"{name}: {each.sentence}" for name, each in most)


def _of_shortfalls(looks: Sequence[Look], policy: Monitoring, trust: Trust) -> Iterator[Reason]:
    """Each metric over the newest windows that have it: labels may come later than requests."""
    series: dict[tuple[str, str], list[Shortfall]] = defaultdict(list)
    for look in looks:
        for each in look.shortfalls:
            series[each.kind, each.subject].append(each)
    newest = {each.kind for each in looks[-1].shortfalls} if looks else set()
    for (kind, _), found in series.items():
        if kind == ESTIMATE and (trust == "withheld" or kind not in newest):
            continue
        reason = _of_series(found[-policy.windows :], policy)
        if reason is not None:
            weaker = kind == ESTIMATE and trust != "confirmed"
            yield Reason(kind, "watch" if weaker else reason.state, reason.subject, reason.sentence)


def _of_series(found: Sequence[Shortfall], policy: Monitoring) -> Reason | None:
    """Stale if enough windows are short and, taken together, surely; the limit allows for the choice among windows.

    One window that is very short does not make another agree: each must itself reach a part of the limit.
    """
    last = found[-1]
    choices = comb(max(policy.windows, policy.confirm), policy.confirm) * last.comparisons
    limit = NormalDist().inv_cdf(1 - policy.false_alarms / choices)
    short = [each for each in found if each.deviations >= _AGREES * limit]
    if len(short) >= policy.confirm and _together(short) >= limit:
        count = f"In {len(short)} of the newest {len(found)} windows with this metric"
        return Reason(last.kind, "stale", short[-1].subject, f"{count}: {short[-1].sentence}")
    if last.deviations >= NormalDist().inv_cdf(1 - _TOLD / last.comparisons):
        return Reason(last.kind, "watch", last.subject, f"The newest window: {last.sentence}")
    return None


def _together(short: Sequence[Shortfall]) -> float:
    """The mean shortfall of windows in standard errors. The error of the limit is common to all."""
    by = sum(each.by for each in short) / len(short)
    own = sum(each.error**2 for each in short) / len(short) ** 2
    return by / max(sqrt(own + max(each.common for each in short) ** 2), 1e-12)
