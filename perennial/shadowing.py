"""Compares a shadow with the champion on the same requests: errors, latency, refused rows and scores."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from perennial.contract.release import Alarms

BEYOND_CHANCE = 4.0  # standard errors between two means before a difference counts; it is tested every minute


@dataclass(frozen=True)
class TrafficCounts:
    """Sums over the requests that one model answered, and the p99 of its latency in milliseconds."""

    rows: float = 0.0
    invalid: float = 0.0
    failures: float = 0.0
    score_sum: float = 0.0
    score_count: float = 0.0
    milliseconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for the record."""
        return asdict(self)


@dataclass(frozen=True)
class Comparison:
    """The result: whether the candidate passed, and the reasons in sentences."""

    passed: bool
    sentences: tuple[str, ...]


def compare(candidate: TrafficCounts, champion: TrafficCounts, limits: Alarms, spread: float) -> Comparison:
    """Compares by the limits that roll a release back. `spread`: the standard deviation of the scores.

    Without traffic nothing can be compared, and the candidate passes.
    """
    if not champion.rows and not champion.invalid:
        return Comparison(True, ("No traffic came while the candidate was a shadow, so nothing was compared.",))
    faults = [sentence for sentence in _faults(candidate, champion, limits, spread) if sentence]
    if faults:
        return Comparison(False, tuple(f"As a shadow, {sentence}." for sentence in faults))
    moved = _means_apart(candidate, champion)
    scores = "" if moved is None else f"; the mean scores lay {moved:.4g} apart"
    return Comparison(
        True,
        (
            f"As a shadow, the candidate answered {candidate.rows:,.0f} rows without a failure, the slowest hundredth "
            f"in {candidate.milliseconds:,.0f} ms (champion: {champion.milliseconds:,.0f} ms){scores}.",
        ),
    )


def shift(candidate: TrafficCounts, champion: TrafficCounts, spread: float) -> float | None:
    """The difference of the mean scores beyond BEYOND_CHANCE standard errors; None without scores."""
    moved = _means_apart(candidate, champion)
    if moved is None:
        return None
    return moved - BEYOND_CHANCE * spread * math.sqrt(1 / candidate.score_count + 1 / champion.score_count)


def _means_apart(candidate: TrafficCounts, champion: TrafficCounts) -> float | None:
    if not candidate.score_count or not champion.score_count:
        return None
    return abs(candidate.score_sum / candidate.score_count - champion.score_sum / champion.score_count)


def _faults(candidate: TrafficCounts, champion: TrafficCounts, limits: Alarms, spread: float) -> list[str | None]:
    asked = max(candidate.rows, candidate.invalid)
    if not asked and not candidate.failures:
        return [f"the candidate answered nothing, while the champion answered {champion.rows:,.0f} rows"]
    moved = shift(candidate, champion, spread)
    limit = limits.score_shift * spread
    return [
        f"the candidate failed {candidate.failures:,.0f} times; {limits.errors} are too many"
        if candidate.failures >= limits.errors
        else None,
        f"the slowest hundredth of its answers took {candidate.milliseconds:,.0f} ms; {limits.latency_ms} ms are too "
        "many"
        if candidate.milliseconds >= limits.latency_ms
        else None,
        f"{candidate.invalid / asked:.0%} of the rows were refused or out of contract; {limits.invalid_share:.0%} are "
        "too many"
        if asked and candidate.invalid / asked >= limits.invalid_share
        else None,
        f"its mean score lay {moved:.4g} further from the champion's than chance explains; {limit:.4g} is too far"
        if moved is not None and spread > 0 and moved >= limit
        else None,
    ]
