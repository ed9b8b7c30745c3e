"""Metric data with their values, and the statistics of a period. moto keeps a list of its own for its queries."""

import math
import re
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

BASIC = ("SampleCount", "Sum", "Average", "Minimum", "Maximum")
_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")


class MetricQueryError(ValueError):
    """An alarm or a metric query that CloudWatch refuses, or that is not emulated."""


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
    """Raises MetricQueryError unless `measure` can compute it."""
    if statistic not in BASIC and not _PERCENTILE.fullmatch(statistic):
        raise MetricQueryError(
            f"The statistic {statistic} is not emulated by the embedded cloud: it knows {', '.join(BASIC)} and pNN."
        )


def compute_statistic(data: Iterable[Datum], statistic: str) -> float | None:
    """The statistic of the data, or None without data.

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


_MOST_VALUES = 150  # of one datum, by PutMetricData's rule
_TRIM = 256  # data put to one metric between two removals of old data


class MetricName(NamedTuple):
    """A metric: a namespace, a name, and exactly these dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


class _Series:
    def __init__(self) -> None:
        self.data: list[Datum] = []
        self.sorted = True
        self.put = 0


class MetricStore:
    """Metric data of the last `kept` seconds on the wall; thread-safe."""

    def __init__(self, kept: float) -> None:
        self.kept = kept
        self._series: dict[MetricName, _Series] = {}
        self._lock = threading.Lock()

    def put(self, metric: MetricName, data: Iterable[Datum]) -> None:
        """Adds data to a metric."""
        with self._lock:
            series = self._series.setdefault(metric, _Series())
            for datum in data:
                series.sorted = series.sorted and (not series.data or series.data[-1].moment <= datum.moment)
                series.data.append(datum)
                series.put += 1
            if series.put >= _TRIM:
                _order(series)
                series.put = 0
                del series.data[: _index(series.data, series.data[-1].moment - self.kept)]

    def data_between(self, metric: MetricName, start: float, end: float, unit: str | None = None) -> list[Datum]:
        """The data of a metric with start <= moment < end (seconds since 1970), of that unit if one is given."""
        with self._lock:
            series = self._series.get(metric)
            if series is None:
                return []
            _order(series)
            found = series.data[_index(series.data, start) : _index(series.data, end)]
        return [datum for datum in found if unit is None or datum.unit == unit]


def datum_of(entry: dict[str, Any], now: float) -> Datum:
    """Reads one member of PutMetricData's MetricData; `now` stands in for a missing Timestamp."""
    given = entry.get("Timestamp")
    if isinstance(given, datetime):  # moto reads times as UTC without saying so
        given = (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
    moment = float(given) if given else now
    unit = entry.get("Unit") or "None"
    if entry.get("StatisticValues"):
        values = {name: float(value) for name, value in entry["StatisticValues"].items()}
        return Datum(moment, unit, values["SampleCount"], values["Sum"], values["Minimum"], values["Maximum"])
    numbers = [float(value) for value in entry.get("Values") or [entry.get("Value") or 0.0]]
    counts = [float(count) for count in entry.get("Counts") or [1.0] * len(numbers)]
    pairs = tuple(zip(numbers, counts, strict=True))
    total = sum(value * count for value, count in pairs)
    return Datum(moment, unit, sum(counts), total, min(numbers), max(numbers), pairs)


def values_and_counts(counted: Counter[float]) -> Iterator[dict[str, list[float]]]:
    """The Values and Counts of data, as many as PutMetricData takes in one datum."""
    items = list(counted.items())
    for start in range(0, len(items), _MOST_VALUES):
        pairs = items[start : start + _MOST_VALUES]
        yield {"Values": [value for value, _ in pairs], "Counts": [float(count) for _, count in pairs]}


def metric_of(namespace: str, name: str, dimensions: Iterable[dict[str, str]]) -> MetricName:
    """The metric that a request names."""
    return MetricName(namespace, name, frozenset((entry["Name"], entry["Value"]) for entry in dimensions))


def _order(series: _Series) -> None:
    if not series.sorted:
        series.data.sort(key=lambda datum: datum.moment)
        series.sorted = True


def _index(data: list[Datum], moment: float) -> int:
    return bisect_left(data, moment, key=lambda datum: datum.moment)
