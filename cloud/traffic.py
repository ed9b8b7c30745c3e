"""What the log of an endpoint says of each model that answered, as metric filters count it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from cloud.alarms import NAMESPACE
from cloud.platform import client
from perennial import layout
from perennial.shadowing import Seen

_SUMS = {
    "rows": "Rows",
    "invalid": "Invalid",
    "failures": "Failures",
    "score_sum": "ScoreSum",
    "score_count": "ScoreCount",
}


def seen(version: str, since: datetime, until: datetime) -> Seen:
    """What a model version answered between two moments (UTC)."""
    queries = [_query(name, metric, version, "Sum") for name, metric in _SUMS.items()]
    queries.append(_query("milliseconds", "Milliseconds", version, "p99"))
    values: dict[str, list[float]] = {}
    pages = client("cloudwatch").get_paginator("get_metric_data")
    for page in pages.paginate(MetricDataQueries=queries, StartTime=since, EndTime=until):
        for result in page["MetricDataResults"]:
            values.setdefault(result["Id"], []).extend(float(value) for value in result["Values"])
    sums = {name: sum(values.get(name, ())) for name in _SUMS}
    return Seen(**sums, milliseconds=max(values.get("milliseconds", ()), default=0.0))


def load_fault(model: str, version: str, since: datetime) -> str:
    """Why the version's server would not serve, in its own words; '' where its log does not say."""
    logs = client("logs")
    start = int(since.timestamp() * 1000)
    try:
        found = logs.filter_log_events(logGroupName=layout.endpoint_log(model), startTime=start, filterPattern='"load"')
    except logs.exceptions.ResourceNotFoundException:
        return ""
    faults = [_fault(event["message"], version) for event in found["events"]]
    return next((fault for fault in reversed(faults) if fault), "")


def _fault(message: str, version: str) -> str:
    try:
        line = json.loads(message)
    except ValueError:
        return ""
    if not isinstance(line, dict) or (line.get("event"), line.get("model"), line.get("ok")) != ("load", version, False):
        return ""
    return str(line.get("reason", ""))[:300]


def _query(name: str, metric: str, version: str, statistic: str) -> dict[str, Any]:
    measured = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": [{"Name": "Model", "Value": version}]}
    return {"Id": name, "MetricStat": {"Metric": measured, "Period": 60, "Stat": statistic}}
