"""GetMetricData with percentiles and metric math, which moto lacks."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from embedded.metrics import alarm_definition, metric_data, metric_math
from embedded.metrics.metric_data import MetricStore, metric_of
from embedded.metrics.metric_math import Series

Query = dict[str, Any]


def answer(
    store: MetricStore, queries: list[Query], span: tuple[datetime, datetime], ask: Callable[[Query], Series]
) -> dict[str, Series]:
    """The series of each query by its id, {seconds since 1970: value}.

    Args:
        store: holds the values of which percentiles are made.
        queries: GetMetricData's MetricDataQueries.
        span: StartTime and EndTime.
        ask: returns the series of a query for a basic statistic.

    Raises:
        MetricQueryError: an expression or statistic that CloudWatch, or this cloud, does not know.
    """
    start, end = (_seconds(moment) for moment in span)
    nodes = {
        query["Id"]: alarm_definition.expression(query["Expression"]) for query in queries if "Expression" in query
    }
    found: dict[str, Series] = {}
    for query in queries:
        if "MetricStat" in query:
            basic = query["MetricStat"]["Stat"] in metric_data.BASIC
            found[query["Id"]] = ask(query) if basic else _percentile(store, query["MetricStat"], start, end)
    stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
    period = float(max([int(stat["Period"]) for stat in stats], default=60))
    timeline = _timeline(start, end, period)
    for name in alarm_definition.ordered(dict.fromkeys(found) | nodes):
        if name in nodes:
            found[name] = metric_math.series(metric_math.evaluate(nodes[name], found, timeline), timeline)
    return found


def _percentile(store: MetricStore, stat: dict[str, Any], start: float, end: float) -> Series:
    metric_data.check(stat["Stat"])
    metric = stat["Metric"]
    name = metric_of(metric["Namespace"], metric["MetricName"], metric.get("Dimensions") or ())
    width = float(stat["Period"])
    values = {}
    for moment in _timeline(start, end, width):
        data = store.data_between(name, moment, min(moment + width, end), stat.get("Unit"))
        values[moment] = metric_data.compute_statistic(data, stat["Stat"])
    return {moment: value for moment, value in values.items() if value is not None}


def _timeline(start: float, end: float, period: float) -> list[float]:
    return [start + period * index for index in range(max(1, -int((start - end) // period)))]


def _seconds(moment: datetime) -> float:
    whole = moment.replace(microsecond=0)
    return (whole if whole.tzinfo else whole.replace(tzinfo=UTC)).timestamp()
