"""Alarm state changes: history, alarm actions, SNS messages and EventBridge events."""

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded.context import Clients, Context
from embedded.permissions.principals import service
from embedded.permissions.sessions import CLOUDWATCH

logger = logging.getLogger(__name__)

_KEPT = 1_000  # items of history, of all alarms
_ACTIONS = {"ALARM": "alarm_actions", "OK": "ok_actions", "INSUFFICIENT_DATA": "insufficient_data_actions"}
_STATES = "CloudWatch Alarm State Change"


class AlarmStates:
    """Sets alarm states; thread-safe. A change is added to the history, emitted as an event, and runs alarm actions."""

    def __init__(self, context: Context, clients: Clients) -> None:
        self._context = context
        self._clients = clients
        self._items: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def set_state(self, alarm: Any, state: str, reason: str, data: dict[str, Any]) -> None:
        """Sets the state of moto's alarm. A failed action is added to the history and stops nothing, as on AWS."""
        old = _state(alarm)
        alarm.update_state(reason, json.dumps(data), state)
        if state == old["stateValue"]:
            return
        new = _state(alarm)
        summary = f"Alarm updated from {old['stateValue']} to {state}"
        self.add_history_item(alarm, "StateUpdate", summary, {"version": "1.0", "oldState": old, "newState": new})
        detail = state_change_detail(alarm, old, new)
        self._safely(lambda: self._context.emit("aws.cloudwatch", _STATES, detail, [alarm.alarm_arn]), "the event")
        if alarm.actions_enabled:
            for arn in getattr(alarm, _ACTIONS[state]) or []:
                self._act(alarm, arn, old["stateValue"])

    def add_history_item(self, alarm: Any, kind: str, summary: str, data: dict[str, Any]) -> None:
        """Adds an item to the history: ConfigurationUpdate, StateUpdate or Action."""
        item = {
            "AlarmName": alarm.name,
            "AlarmType": "MetricAlarm",
            "Timestamp": datetime.now(UTC),
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": json.dumps(data),
        }
        with self._lock:
            self._items.append(item)
            del self._items[:-_KEPT]

    def history(self, name: str | None, kind: str | None, newest_first: bool = True) -> list[dict[str, Any]]:
        """The history items of one alarm or all, of one type or all."""
        with self._lock:
            found = [
                item
                for item in self._items
                if name in (None, item["AlarmName"]) and kind in (None, item["HistoryItemType"])
            ]
        return found[::-1] if newest_first else found

    def _act(self, alarm: Any, arn: str, old: str) -> None:
        subject = f'{alarm.state_value}: "{alarm.name}" in {self._context.region}'[:100]
        message = json.dumps(alarm_message(self._context, alarm, old))
        failure, acting = None, self._clients.acting_as(service(CLOUDWATCH, alarm.alarm_arn))
        if ":sns:" in arn:
            failure = self._safely(lambda: acting("sns").publish(TopicArn=arn, Message=message, Subject=subject), arn)
        else:
            failure = "the embedded cloud performs actions of SNS topics only"
        state = "Failed" if failure else "Succeeded"
        word = "Failed to execute" if failure else "Successfully executed"
        data = {"actionState": state, "notificationResource": arn, "publishedMessage": message, "error": failure}
        self.add_history_item(alarm, "Action", f"{word} action {arn}", data)

    @staticmethod
    def _safely(work: Callable[[], object], what: str) -> str | None:
        try:
            work()
        except (ClientError, BotoCoreError) as error:
            logger.warning("an alarm could not reach %s: %s", what, error)
            return str(error)
        except Exception as error:
            logger.exception("an alarm could not reach %s", what)
            return str(error)
        return None


def _state(alarm: Any) -> dict[str, Any]:
    return {
        "stateValue": alarm.state_value,
        "stateReason": alarm.state_reason,
        "stateReasonData": json.loads(alarm.state_reason_data or "{}"),
    }


def alarm_message(context: Context, alarm: Any, old: str) -> dict[str, Any]:
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


def state_change_detail(alarm: Any, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
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
