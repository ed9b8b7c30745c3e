"""The traffic of an endpoint by model version: metrics from its log, and lines of the log itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cloud.alarms import NAMESPACE
from cloud.platform import client
from perennial import layout
from perennial.shadowing import TrafficCounts

_SUMS = {
    "rows": "Rows",
    "invalid": "Invalid",
    "failures": "Failures",
    "score_sum": "ScoreSum",
    "score_count": "ScoreCount",
}


def counts(version: str, since: datetime, until: datetime) -> TrafficCounts:
    """The counts of a model version between two moments (UTC)."""
    queries = [_query(name, metric, version, "Sum") for name, metric in _SUMS.items()]
    queries.append(_query("milliseconds", "Milliseconds", version, "p99"))
    values: dict[str, list[float]] = {}
    pages = client("cloudwatch").get_paginator("get_metric_data")
    for page in pages.paginate(MetricDataQueries=queries, StartTime=since, EndTime=until):
        for result in page["MetricDataResults"]:
            values.setdefault(result["Id"], []).extend(float(value) for value in result["Values"])
    sums = {name: sum(values.get(name, ())) for name in _SUMS}
    return TrafficCounts(**sums, milliseconds=max(values.get("milliseconds", ()), default=0.0))


def load_fault(model: str, version: str, since: datetime) -> str:
    """The error with which the version's server refused to start; '' where its log has none."""
    faults = [
        str(line.get("reason", ""))[:300]
        for line in _lines(model, "load", since, None)
        if line.get("model") == version and line.get("ok") is False
    ]
    return next((fault for fault in reversed(faults) if fault), "")


def inputs(model: str, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """The rows that servers logged between two moments (UTC), sensitive columns hashed or left out."""
    for line in _lines(model, "inputs", since, until):
        rows = line.get("rows")
        yield from (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()


def _lines(model: str, event: str, since: datetime, until: datetime | None) -> Iterator[dict[str, Any]]:
    """The lines of the log with an event, oldest first; none where there is no log yet."""
    logs = client("logs")
    request: dict[str, Any] = {"logGroupName": layout.endpoint_log(model), "filterPattern": f'"{event}"'}
    request["startTime"] = int(since.timestamp() * 1000)
    if until is not None:
        request["endTime"] = int(until.timestamp() * 1000)
    try:
        for page in logs.get_paginator("filter_log_events").paginate(**request):
            yield from (line for found in page["events"] if (line := _parsed(found["message"])).get("event") == event)
    except logs.exceptions.ResourceNotFoundException:
        return


def _parsed(message: str) -> dict[str, Any]:
    try:
        line = json.loads(message)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def _query(name: str, metric: str, version: str, statistic: str) -> dict[str, Any]:
    measured = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": [{"Name": "Model", "Value": version}]}
    return {"Id": name, "MetricStat": {"Metric": measured, "Period": 60, "Stat": statistic}}
