"""Trust in the estimates of a metric: as far as earlier ones agreed with the labels that came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from perennial.gate.check import read_metric
from perennial.monitoring.quality import Quality

Trust = Literal["unconfirmed", "confirmed", "withheld"]
_FEWEST_WINDOWS, _NEWEST = 3, 10
_MOST_WRONG, _FEW_WRONG = 0.5, 1 / 3


def trust(past: Sequence[Quality], metric: str, margin: float) -> Trust:
    """Of the estimates of one metric, from the newest ten windows that have estimates and enough labels.

    An estimate was wrong where it differed from the truth by more than its interval and by more than `margin`.
    Estimates that were wrong in over half of at least three windows are withheld; at most a third wrong confirms them.
    """
    wrong = []
    for window in past:
        truth, expected = read_metric(window.metrics, metric), read_metric(window.expected, metric)
        if truth.value is None or expected.value is None:
            continue
        low, high = (expected.value if end is None else end for end in (expected.low, expected.high))
        wrong.append(not min(low, expected.value - margin) <= truth.value <= max(high, expected.value + margin))
    wrong = wrong[-_NEWEST:]
    if len(wrong) < _FEWEST_WINDOWS:
        return "unconfirmed"
    share = sum(wrong) / len(wrong)
    if share > _MOST_WRONG:
        return "withheld"
    return "confirmed" if share <= _FEW_WRONG else "unconfirmed"
