"""The traffic of an endpoint by model version: metrics from its log, and lines of the log itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cloud.platform import Platform, client
from perennial.environment import Environment
from perennial.shadowing import TrafficCounts

_SUMS = {
    "rows": "Rows",
    "invalid": "Invalid",
    "failures": "Failures",
    "score_sum": "ScoreSum",
    "score_count": "ScoreCount",
}


def counts(platform: Platform, version: str, since: datetime, until: datetime) -> TrafficCounts:
    """The counts of a model version between two moments (UTC)."""
    wanted = [*((name, metric, "Sum") for name, metric in _SUMS.items()), ("milliseconds", "Milliseconds", "p99")]
    queries = [_query(platform.environment, version, *one) for one in wanted]
    values: dict[str, list[float]] = {}
    pages = client("cloudwatch").get_paginator("get_metric_data")
    for page in pages.paginate(MetricDataQueries=queries, StartTime=since, EndTime=until):
        for result in page["MetricDataResults"]:
            values.setdefault(result["Id"], []).extend(float(value) for value in result["Values"])
    sums = {name: sum(values.get(name, ())) for name in _SUMS}
    return TrafficCounts(**sums, milliseconds=max(values.get("milliseconds", ()), default=0.0))


def load_fault(platform: Platform, model: str, version: str, since: datetime) -> str:
    """The error with which the version's server refused to start; '' where its log has none."""
    faults = [
        str(line.get("reason", ""))[:300]
        for line in _lines(platform, model, "load", (since, None))
        if line.get("model") == version and line.get("ok") is False
    ]
    return next((fault for fault in reversed(faults) if fault), "")


@dataclass(frozen=True)
class LoggedInputs:
    """Rows that a server logged, sensitive columns hashed or left out: the log event's id, its time, and the line."""

    event: str
    at: datetime
    line: dict[str, Any]


def inputs(platform: Platform, model: str, since: datetime, until: datetime) -> Iterator[LoggedInputs]:
    """The rows that servers logged in `since <= time < until` (UTC)."""
    for found in _events(platform, model, "inputs", (since, until)):
        at = datetime.fromtimestamp(found["timestamp"] / 1000, UTC)
        if since <= at < until:
            yield LoggedInputs(found["eventId"], at, _parsed(found["message"]))


def _lines(
    platform: Platform, model: str, event: str, between: tuple[datetime, datetime | None]
) -> Iterator[dict[str, Any]]:
    """The lines of the log with an event, oldest first; none where there is no log yet."""
    for found in _events(platform, model, event, between):
        yield _parsed(found["message"])


def _events(
    platform: Platform, model: str, event: str, between: tuple[datetime, datetime | None]
) -> Iterator[dict[str, Any]]:
    logs, group, (since, until) = client("logs"), platform.environment.endpoint_log(model), between
    request: dict[str, Any] = {"logGroupName": group, "filterPattern": f'"{event}"'}
    request["startTime"] = int(since.timestamp() * 1000)
    if until is not None:
        request["endTime"] = int(until.timestamp() * 1000)
    try:
        for page in logs.get_paginator("filter_log_events").paginate(**request):
            yield from (found for found in page["events"] if _parsed(found["message"]).get("event") == event)
    except logs.exceptions.ResourceNotFoundException:
        return


def _parsed(message: str) -> dict[str, Any]:
    try:
        line = json.loads(message)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def _query(environment: Environment, version: str, name: str, metric: str, statistic: str) -> dict[str, Any]:
    dimensions = [{"Name": "Model", "Value": version}]
    measured = {"Namespace": environment.serving_metrics, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": name, "MetricStat": {"Metric": measured, "Period": 60, "Stat": statistic}}
