"""Metric filters: log events become metric data.

A value is a number or a field ($.milliseconds), a dimension is a field. As on AWS a default value is put for a minute
of the cloud's time in which events arrived and none matched.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from embedded.metrics.filter_patterns import MISSING, compile_path, compile_pattern
from embedded.metrics.metric_data import values_and_counts

MOST_DIMENSIONS = 3

Put = Callable[[str, list[dict[str, Any]]], None]
Named = tuple[tuple[str, str], ...]


class MetricFilter:
    """One filter of a log group. Raises PatternError for a pattern or selector that cannot be read."""

    def __init__(self, pattern: str, transformation: dict[str, Any]) -> None:
        self.wants_json, self._matches = compile_pattern(pattern)
        self.namespace: str = transformation["metricNamespace"]
        self._name: str = transformation["metricName"]
        self._unit: str = transformation.get("unit") or "None"
        self.default: float | None = transformation.get("defaultValue")
        self._dimensions = {name: compile_path(path) for name, path in (transformation.get("dimensions") or {}).items()}
        self._value = _value(str(transformation["metricValue"]))
        self.wants_json = (
            self.wants_json or bool(self._dimensions) or str(transformation["metricValue"]).startswith("$")
        )
        self.minute = 0.0  # the start of the minute of `matched`
        self.matched = True

    def found(self, message: str, entry: Any) -> tuple[Named, float] | None:
        """The dimensions and the value of an event that matches, or None."""
        if not self._matches(message, entry):
            return None
        value = self._value(entry)
        named = []
        for name, selector in self._dimensions.items():
            given = selector(entry)
            if given is MISSING or given is None or isinstance(given, dict | list):
                return None  # without its dimension an event is not counted, as on AWS
            named.append((name, given if isinstance(given, str) else json.dumps(given)))
        return None if value is None else (tuple(named), value)

    def data(self, values: dict[Named, Counter[float]], moment: datetime) -> list[dict[str, Any]]:
        """The values as PutMetricData takes them."""
        return [
            {
                "MetricName": self._name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in named],
                "Timestamp": moment.replace(tzinfo=None),  # UTC, as moto keeps times
                "Unit": self._unit,
                **part,
            }
            for named, counted in values.items()
            for part in values_and_counts(counted)
        ]


class MetricFilters:
    """The filters of all log groups; thread-safe.

    Args:
        put: puts data into a namespace.
        minute: seconds on the wall of a minute of the cloud's time.
    """

    def __init__(self, put: Put, minute: float) -> None:
        self._put = put
        self._minute = minute
        self._filters: dict[str, dict[str, MetricFilter]] = {}
        self._lock = threading.Lock()

    def set(self, group: str, name: str, filter_: MetricFilter) -> None:
        """Adds or replaces a filter."""
        with self._lock:
            self._filters.setdefault(group, {})[name] = filter_

    def remove(self, group: str, name: str | None = None) -> None:
        """Removes a filter, or all of a group."""
        with self._lock:
            if name is None:
                self._filters.pop(group, None)
            else:
                self._filters.get(group, {}).pop(name, None)

    def take(self, group: str, events: list[dict[str, Any]]) -> None:
        """Applies the group's filters to new events: {"timestamp": milliseconds, "message": text}."""
        with self._lock:
            filters = list(self._filters.get(group, {}).values())
        if not filters or not events:
            return
        wanted = any(filter_.wants_json for filter_ in filters)
        read = [(event["message"], _json(event["message"]) if wanted else MISSING) for event in events]
        moment = datetime.fromtimestamp(events[-1]["timestamp"] / 1000, UTC)
        for filter_ in filters:
            values: dict[Named, Counter[float]] = {}
            for message, entry in read:
                found = filter_.found(message, entry)
                if found is not None:
                    values.setdefault(found[0], Counter())[found[1]] += 1
            data = filter_.data(values, moment) + self._default(filter_, bool(values), moment)
            if data:
                self._put(filter_.namespace, data)

    def _default(self, filter_: MetricFilter, matched: bool, moment: datetime) -> list[dict[str, Any]]:
        """The default value for the previous minute, if nothing matched in it."""
        if filter_.default is None:
            return []
        minute = moment.timestamp() // self._minute
        with self._lock:
            ended, missed = filter_.minute, not filter_.matched
            if minute == ended:
                filter_.matched = filter_.matched or matched
                return []
            filter_.minute, filter_.matched = minute, matched
        if not missed:
            return []
        then = datetime.fromtimestamp((ended + 0.5) * self._minute, UTC)
        return filter_.data({(): Counter({float(filter_.default): 1})}, then)


def _value(text: str) -> Callable[[Any], float | None]:
    if not text.startswith("$"):
        number = float(text)
        return lambda _: number
    selector = compile_path(text)

    def read(entry: Any) -> float | None:
        value = selector(entry)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            return float(value)
        except ValueError:
            return None

    return read


def _json(message: str) -> Any:
    if not message.lstrip().startswith("{"):
        return MISSING
    try:
        return json.loads(message)
    except ValueError:
        return MISSING
