"""An alarm's change as others are told of it: the message to an SNS topic and the event on the bus."""

from datetime import UTC, datetime
from typing import Any

from embedded.context import Context


def sns_message(context: Context, alarm: Any, old: str) -> dict[str, Any]:
    """The message that CloudWatch publishes.

    Args:
        context: the cloud.
        alarm: moto's, in its new state.
        old: the state before.
    """
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": context.account_id,
        "AlarmConfigurationUpdatedTimestamp": _text(alarm.configuration_updated_timestamp),
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": _text(alarm.state_updated_timestamp),
        "Region": context.region,
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old,
        "OKActions": alarm.ok_actions or [],
        "AlarmActions": alarm.alarm_actions or [],
        "InsufficientDataActions": alarm.insufficient_data_actions or [],
        "Trigger": _trigger(alarm),
    }


def event_detail(alarm: Any, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The detail of the event "CloudWatch Alarm State Change"."""

    def state(given: dict[str, Any]) -> dict[str, Any]:
        return {"value": given["stateValue"], "reason": given["stateReason"]}

    return {
        "alarmName": alarm.name,
        "state": state(new) | {"timestamp": _text(alarm.state_updated_timestamp)},
        "previousState": state(old),
        "configuration": {"description": alarm.description},
    }


def _trigger(alarm: Any) -> dict[str, Any]:
    common = {
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
    }
    if alarm.metric_data_queries:
        return common | {"Metrics": [_query(query) for query in alarm.metric_data_queries]}
    kind = "Statistic" if alarm.statistic else "ExtendedStatistic"
    return common | {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": kind,
        kind: (alarm.statistic or alarm.extended_statistic or "").upper(),
        "Unit": alarm.unit,
        "Dimensions": [{"value": dimension.value, "name": dimension.name} for dimension in alarm.dimensions],
        "Period": alarm.period,
    }


def _query(query: Any) -> dict[str, Any]:
    shown: dict[str, Any] = {"Id": query.id, "Label": query.label, "ReturnData": query.return_data is not False}
    if query.expression:
        return shown | {"Expression": query.expression}
    stat = query.metric_stat
    dimensions = [{"value": dimension.value, "name": dimension.name} for dimension in stat.metric.dimensions]
    metric = {"Namespace": stat.metric.namespace, "MetricName": stat.metric.metric_name, "Dimensions": dimensions}
    return shown | {"MetricStat": {"Metric": metric, "Period": stat.period, "Stat": stat.stat}}


def _text(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
