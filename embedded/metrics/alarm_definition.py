"""The metric or metric math of an alarm, read from moto's alarm and checked as AWS does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from embedded.metrics import metric_data, metric_math, metric_math_parser
from embedded.metrics.metric_data import Datum, MetricName, MetricQueryError, MetricStore
from embedded.metrics.metric_math import Series
from embedded.metrics.metric_math_parser import Node

_BANDS = ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")
_TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")


@dataclass(frozen=True)
class Metric:
    """A metric and its statistic."""

    name: MetricName
    statistic: str
    unit: str | None


@dataclass(frozen=True)
class AlarmDefinition:
    """The queries of an alarm by id; the value of `returned` is compared with the threshold.

    Args:
        period: seconds of the cloud's time.
        queries: metrics and expressions.
        returned: the id of the query with ReturnData.
        order: the ids, each after those it names.
    """

    period: int
    queries: dict[str, Metric | Node]
    returned: str
    order: Sequence[str]

    @property
    def simple(self) -> Metric | None:
        """The metric, when there is no expression."""
        found = self.queries[self.returned]
        return found if isinstance(found, Metric) and len(self.queries) == 1 else None

    def values(self, store: MetricStore, timeline: Sequence[float], width: float) -> Series:
        """The value of each period that has one.

        Args:
            store: the metrics.
            timeline: the starts of the periods, in seconds since 1970.
            width: of a period, in seconds on the wall.
        """
        found: dict[str, Series] = {}
        for name in self.order:
            query = self.queries[name]
            if isinstance(query, Metric):
                found[name] = _metric_values(query, store, timeline, width)
            else:
                value = metric_math.evaluate(query, found, timeline)
                found[name] = metric_math.series(value, timeline)
        return found[self.returned]


def samples(metric: Metric, store: MetricStore, start: float, width: float) -> list[Datum]:
    """The data of one period."""
    return store.data_between(metric.name, start, start + width, metric.unit)


def read(alarm: Any) -> AlarmDefinition:
    """Reads moto's alarm. Raises MetricQueryError, worded as by AWS where known."""
    _check(alarm)
    definition = _read_queries(alarm.metric_data_queries) if alarm.metric_data_queries else _read_metric(alarm)
    if definition.period not in (10, 20, 30) and (definition.period < 1 or definition.period % 60):
        raise MetricQueryError(f"Metrics Period must be 10, 20, 30 or a multiple of 60, got {definition.period}.")
    return definition


def _check(alarm: Any) -> None:
    periods = int(alarm.evaluation_periods or 0)
    if periods < 1:
        raise MetricQueryError("EvaluationPeriods must be at least 1.")
    if alarm.datapoints_to_alarm is not None and not 1 <= int(alarm.datapoints_to_alarm) <= periods:
        raise MetricQueryError("DatapointsToAlarm must be from 1 to EvaluationPeriods.")
    if alarm.treat_missing_data and alarm.treat_missing_data not in _TREATMENTS:
        raise MetricQueryError(
            f"The value {alarm.treat_missing_data} is not supported for TreatMissingData parameter. "
            f"Supported values are [{', '.join(_TREATMENTS)}]."
        )
    if alarm.threshold_metric_id or alarm.comparison_operator in _BANDS:
        raise MetricQueryError("The embedded cloud does not emulate anomaly detection alarms.")
    if alarm.threshold is None:
        raise MetricQueryError("Threshold must be given for an alarm on a metric.")


def _read_metric(alarm: Any) -> AlarmDefinition:
    statistic = alarm.statistic or alarm.extended_statistic
    if not (alarm.metric_name and alarm.namespace and alarm.period and statistic):
        raise MetricQueryError("Namespace, MetricName, Period and Statistic or ExtendedStatistic must be given.")
    metric_data.check(statistic)
    dimensions = frozenset((dimension.name, dimension.value) for dimension in alarm.dimensions)
    metric = Metric(MetricName(alarm.namespace, alarm.metric_name, dimensions), statistic, alarm.unit)
    return AlarmDefinition(int(alarm.period), {"m1": metric}, "m1", ["m1"])


def _read_queries(given: list[Any]) -> AlarmDefinition:
    queries: dict[str, Metric | Node] = {}
    periods = set()
    for query in given:
        if query.metric_stat is not None:
            metric_data.check(query.metric_stat.stat)
            metric = query.metric_stat.metric
            dimensions = frozenset((dimension.name, dimension.value) for dimension in metric.dimensions)
            name = MetricName(metric.namespace, metric.metric_name, dimensions)
            queries[query.id] = Metric(name, query.metric_stat.stat, query.metric_stat.unit)
            periods.add(int(query.metric_stat.period))
        else:
            queries[query.id] = expression(query.expression or "")
            if query.period:
                periods.add(int(query.period))
    returned = [query.id for query in given if query.return_data is not False]
    if len(returned) != 1:
        raise MetricQueryError("Exactly one element of the metrics list should return data.")
    if len(periods) != 1:
        raise MetricQueryError(f"The embedded cloud evaluates alarms of one period, got {sorted(periods)}.")
    return AlarmDefinition(periods.pop(), queries, returned[0], ordered(queries))


def expression(text: str) -> Node:
    """Parses and checks an expression. Raises MetricQueryError."""
    node = metric_math_parser.parse(text)
    metric_math.check(node)
    return node


def ordered(queries: Mapping[str, Metric | Node | None]) -> list[str]:
    """The ids, each after those it names. Raises MetricQueryError for an unknown id or a circle."""
    needs = {name: _names(query) for name, query in queries.items()}
    for name, needed in needs.items():
        if unknown := needed - queries.keys():
            raise MetricQueryError(f"Error in expression '{name}': {', '.join(sorted(unknown))} is undefined.")
    try:
        return list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        circle = ", ".join(sorted(set(error.args[1])))
        raise MetricQueryError(f"The expressions {circle} refer to each other in a circle.") from error


def _names(query: Metric | Node | None) -> set[str]:
    return query.names() - {"REPEAT"} if isinstance(query, Node) else set()


def _metric_values(metric: Metric, store: MetricStore, timeline: Sequence[float], width: float) -> Series:
    values = {
        start: metric_data.compute_statistic(samples(metric, store, start, width), metric.statistic)
        for start in timeline
    }
    return {start: value for start, value in values.items() if value is not None}
