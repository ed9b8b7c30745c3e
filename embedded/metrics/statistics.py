"""What CloudWatch makes of the values of one period: Sum, Average, p99 and the like."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

BASIC = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


class StatisticError(ValueError):
    """A statistic that CloudWatch does not know, or that is not imitated."""


@dataclass(frozen=True)
class Datum:
    """Values put at one moment.

    Args:
        moment: seconds since 1970.
        unit: as it was put.
        count: of the samples.
        total: their sum.
        least: the smallest.
        most: the greatest.
        values: each value with its number, or nothing for a statistic set, of which the values are not known.
    """

    moment: float
    unit: str
    count: float
    total: float
    least: float
    most: float
    values: tuple[tuple[float, float], ...] = ()


def check(statistic: str) -> None:
    """Raises StatisticError unless `measure` can compute it."""
    if statistic not in BASIC and not _PERCENTILE.fullmatch(statistic):
        raise StatisticError(
            f"The statistic {statistic} is not imitated by the embedded cloud: it knows {', '.join(BASIC)} and pNN."
        )


def measure(data: Iterable[Datum], statistic: str) -> float | None:
    """The statistic of the data, or None where there is none.

    A percentile of statistic sets exists, as on AWS, only if each holds one value (its least is its most).
    """
    data = list(data)
    count = sum(datum.count for datum in data)
    if not count:
        return None
    if statistic == "SampleCount":
        return count
    if statistic == "Minimum":
        return min(datum.least for datum in data)
    if statistic == "Maximum":
        return max(datum.most for datum in data)
    if statistic in ("Sum", "Average"):
        total = sum(datum.total for datum in data)
        return total if statistic == "Sum" else total / count
    return _percentile(data, float(statistic[1:]))


def _percentile(data: list[Datum], percent: float) -> float | None:
    values: list[tuple[float, float]] = []
    for datum in data:
        if datum.values:
            values += datum.values
        elif datum.least == datum.most:
            values.append((datum.least, datum.count))
        else:
            return None
    values.sort()
    rank = max(1.0, math.ceil(percent / 100 * sum(number for _, number in values)))  # nearest rank
    seen = 0.0
    for value, number in values:
        seen += number
        if seen >= rank:
            return value
    return values[-1][0]
