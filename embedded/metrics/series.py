"""All metric data that were put, by metric: what alarms look at. moto keeps its own list for its queries."""

import threading
from bisect import bisect_left
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from embedded.metrics.statistics import Datum

_TRIM = 256  # data put to one metric between two looks for what is too old


class MetricName(NamedTuple):
    """Which metric: a namespace, a name, and exactly these dimensions."""

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

    def between(self, metric: MetricName, start: float, end: float, unit: str | None = None) -> list[Datum]:
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


def metric_of(namespace: str, name: str, dimensions: Iterable[dict[str, str]]) -> MetricName:
    """The metric that a request names."""
    return MetricName(namespace, name, frozenset((entry["Name"], entry["Value"]) for entry in dimensions))


def _order(series: _Series) -> None:
    if not series.sorted:
        series.data.sort(key=lambda datum: datum.moment)
        series.sorted = True


def _index(data: list[Datum], moment: float) -> int:
    return bisect_left(data, moment, key=lambda datum: datum.moment)
