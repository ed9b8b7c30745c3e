"""What an alarm looks at: a metric, or metric math over several. Read from moto's alarm and checked as AWS does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from embedded.metrics import expressions, statistics, tokens
from embedded.metrics.expressions import Series
from embedded.metrics.series import MetricName, MetricStore
from embedded.metrics.statistics import Datum
from embedded.metrics.tokens import ExpressionError, Node

_BANDS = ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")
_TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")


class DefinitionError(ValueError):
    """An alarm that AWS refuses, or that is not imitated."""


@dataclass(frozen=True)
class Metric:
    """A metric and the statistic of it."""

    name: MetricName
    statistic: str
    unit: str | None


@dataclass(frozen=True)
class Definition:
    """What is measured: the queries by id, of which `returned` is compared with the threshold.

    Args:
        period: seconds of the cloud's time.
        queries: metrics and expressions.
        returned: the id of the one that counts.
        order: the ids in an order in which each comes after those that it names.
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
                found[name] = _measured(query, store, timeline, width)
            else:
                value = expressions.evaluate(query, found, timeline, float(self.period))
                found[name] = expressions.series(value, timeline)
        return found[self.returned]


def samples(metric: Metric, store: MetricStore, start: float, width: float) -> list[Datum]:
    """The data of one period."""
    return store.between(metric.name, start, start + width, metric.unit)


def read(alarm: Any) -> Definition:
    """Reads moto's alarm. Raises DefinitionError with AWS's words where it has them."""
    _check(alarm)
    try:
        definition = _read_queries(alarm.metric_data_queries) if alarm.metric_data_queries else _read_metric(alarm)
    except (ExpressionError, statistics.StatisticError) as error:
        raise DefinitionError(str(error)) from error
    if definition.period not in (10, 20, 30) and (definition.period < 1 or definition.period % 60):
        raise DefinitionError(f"Metrics Period must be 10, 20, 30 or a multiple of 60, got {definition.period}.")
    return definition


def _check(alarm: Any) -> None:
    periods = int(alarm.evaluation_periods or 0)
    if periods < 1:
        raise DefinitionError("EvaluationPeriods must be at least 1.")
    if alarm.datapoints_to_alarm is not None and not 1 <= int(alarm.datapoints_to_alarm) <= periods:
        raise DefinitionError("DatapointsToAlarm must be from 1 to EvaluationPeriods.")
    if alarm.treat_missing_data and alarm.treat_missing_data not in _TREATMENTS:
        raise DefinitionError(
            f"The value {alarm.treat_missing_data} is not supported for TreatMissingData parameter. "
            f"Supported values are [{', '.join(_TREATMENTS)}]."
        )
    if alarm.threshold_metric_id or alarm.comparison_operator in _BANDS:
        raise DefinitionError("The embedded cloud does not imitate anomaly detection alarms.")
    if alarm.threshold is None:
        raise DefinitionError("Threshold must be given for an alarm on a metric.")


def _read_metric(alarm: Any) -> Definition:
    statistic = alarm.statistic or alarm.extended_statistic
    if not (alarm.metric_name and alarm.namespace and alarm.period and statistic):
        raise DefinitionError("Namespace, MetricName, Period and Statistic or ExtendedStatistic must be given.")
    statistics.check(statistic)
    dimensions = frozenset((dimension.name, dimension.value) for dimension in alarm.dimensions)
    metric = Metric(MetricName(alarm.namespace, alarm.metric_name, dimensions), statistic, alarm.unit)
    return Definition(int(alarm.period), {"m1": metric}, "m1", ["m1"])


def _read_queries(given: list[Any]) -> Definition:
    queries: dict[str, Metric | Node] = {}
    periods = set()
    for query in given:
        if query.metric_stat is not None:
            statistics.check(query.metric_stat.stat)
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
        raise DefinitionError("Exactly one element of the metrics list should return data.")
    if len(periods) != 1:
        raise DefinitionError(f"The embedded cloud evaluates alarms of one period, got {sorted(periods)}.")
    return Definition(periods.pop(), queries, returned[0], ordered(queries))


def expression(text: str) -> Node:
    """Reads an expression. Raises ExpressionError or DefinitionError."""
    node = tokens.parse(text)
    unknown = node.calls() - set(expressions.FUNCTIONS)
    if unknown:
        raise DefinitionError(
            f"The embedded cloud does not imitate {', '.join(sorted(unknown))} in the expression '{text}': it knows "
            f"{', '.join(expressions.FUNCTIONS)}."
        )
    return node


def ordered(queries: Mapping[str, Metric | Node | None]) -> list[str]:
    """The ids so that each comes after those it names. Raises DefinitionError if one is unknown, or in a circle."""
    order = [name for name, query in queries.items() if not isinstance(query, Node)]
    left = {name: query.names() - {"REPEAT"} for name, query in queries.items() if isinstance(query, Node)}
    for name, wanted in left.items():
        unknown = wanted - set(queries)
        if unknown:
            raise DefinitionError(f"Error in expression '{name}': {', '.join(sorted(unknown))} is undefined.")
    while left:
        ready = [name for name, wanted in left.items() if wanted <= set(order)]
        if not ready:
            raise DefinitionError(f"The expressions {', '.join(sorted(left))} refer to each other in a circle.")
        order += ready
        left = {name: wanted for name, wanted in left.items() if name not in ready}
    return order


def _measured(metric: Metric, store: MetricStore, timeline: Sequence[float], width: float) -> Series:
    values = {start: statistics.measure(samples(metric, store, start, width), metric.statistic) for start in timeline}
    return {start: value for start, value in values.items() if value is not None}
