"""CloudWatch patches: alarms change state, act and keep a history; GetMetricData has percentiles and metric math.

moto's alarms never change state. moto keeps metric data in one list and has no percentiles.
"""

import json
import time
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.exceptions import ResourceNotFound, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from embedded.context import Context
from embedded.metrics import alarm_definition
from embedded.metrics.alarm_evaluator import AlarmEvaluator
from embedded.metrics.alarm_states import AlarmStates
from embedded.metrics.metric_data import BASIC, MetricQueryError, MetricStore, datum_of, metric_of
from embedded.metrics.metric_data_queries import answer
from embedded.metrics.metric_math import Series
from embedded.moto_patches.patches import Patches


def install_alarms(patches: Patches, context: Context, store: MetricStore, states: AlarmStates) -> AlarmEvaluator:
    """Replaces PutMetricAlarm and SetAlarmState, adds DescribeAlarmHistory; returns the evaluator, not started."""
    ours = cloudwatch_backends[context.account_id][context.region]
    alarms = AlarmEvaluator(context, store, states, lambda: ours.alarms)

    def put(backend: CloudWatchBackend, name: str, *args: Any, **given: Any) -> Alarm:
        with alarms.lock:
            before = backend.alarms.get(name)
            alarm: Alarm = original_put(backend, name, *args, **given)
            try:
                _check(alarm)
            except MetricQueryError as error:
                backend.alarms.pop(name)
                if before is not None:
                    backend.alarms[name] = before
                raise ValidationError(str(error)) from error
            _begin(alarm, before, states)
            return alarm

    def set_state(backend: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        alarm = backend.alarms.get(alarm_name)
        old = (alarm.state_reason, alarm.state_reason_data, alarm.state_value) if alarm is not None else None
        original_set(backend, alarm_name, reason, reason_data, state_value)  # it checks what is given
        if alarm is None or old is None:
            raise ResourceNotFound
        alarm.state_reason, alarm.state_reason_data, alarm.state_value = old
        states.set_state(alarm, state_value, reason, json.loads(reason_data or "{}"))

    def history(response: CloudWatchResponse) -> ActionResult:
        name, kind = response._get_param("AlarmName"), response._get_param("HistoryItemType")
        items = states.history(name, kind, response._get_param("ScanBy") != "TimestampAscending")
        start = _moment(response._get_param("StartDate"))
        items = [item for item in items if start is None or item["Timestamp"] >= start]
        return ActionResult({"AlarmHistoryItems": items[: int(response._get_param("MaxRecords") or 100)]})

    original_put = patches.replace(CloudWatchBackend, "put_metric_alarm", put)
    original_set = patches.replace(CloudWatchBackend, "set_alarm_state", set_state)
    patches.add(CloudWatchResponse, "describe_alarm_history", history)
    return alarms


def _moment(given: Any) -> datetime | None:
    moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment is not None else None


def _check(alarm: Alarm) -> None:
    if alarm.rule is not None:
        raise MetricQueryError("The embedded cloud does not emulate composite alarms.")
    alarm_definition.read(alarm)


def _begin(alarm: Alarm, before: Alarm | None, states: AlarmStates) -> None:
    """Sets INSUFFICIENT_DATA for a new alarm; an updated one keeps its state."""
    if before is None:
        alarm.state_value = "INSUFFICIENT_DATA"
    else:
        alarm.state_value, alarm.state_reason = before.state_value, before.state_reason
        alarm.state_reason_data = before.state_reason_data
        alarm.state_updated_timestamp = before.state_updated_timestamp
    done = "updated" if before else "created"
    states.add_history_item(
        alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" {done}', {"version": "1.0", "type": done.title()}
    )


def install_metrics(patches: Patches, store: MetricStore) -> None:
    """Replaces PutMetricData, which also fills `store`, and GetMetricData."""

    def put_metric_data(backend: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        original(backend, namespace, [_small(entry) for entry in metric_data])  # first: it checks them
        now = time.time()
        for entry in metric_data:
            store.put(metric_of(namespace, entry["MetricName"], entry.get("Dimensions") or ()), [datum_of(entry, now)])

    def get_metric_data(
        backend: CloudWatchBackend, queries: list[dict[str, Any]], start_time: Any, end_time: Any, scan_by: str = ""
    ) -> list[dict[str, Any]]:
        if all("MetricStat" in query and query["MetricStat"]["Stat"] in BASIC for query in queries):
            return list(original_get(backend, queries, start_time, end_time, scan_by))

        def ask(query: dict[str, Any]) -> dict[float, float]:
            only = [query | {"ReturnData": True}]
            (result,) = original_get(backend, only, start_time, end_time, "TimestampAscending")
            moments = [moment.replace(tzinfo=UTC).timestamp() for moment in result["timestamps"]]
            return dict(zip(moments, map(float, result["values"]), strict=True))

        try:
            found = answer(store, queries, (start_time, end_time), ask)
        except MetricQueryError as error:
            raise ValidationError(str(error)) from error
        wanted = [query for query in queries if query.get("ReturnData", True)]
        return [_result(query, found[query["Id"]], scan_by == "TimestampDescending") for query in wanted]

    original = patches.replace(CloudWatchBackend, "put_metric_data", put_metric_data)
    original_get = patches.replace(CloudWatchBackend, "get_metric_data", get_metric_data)


def _result(query: dict[str, Any], values: Series, descending: bool) -> dict[str, Any]:
    moments = sorted(values, reverse=descending)
    stat = query.get("MetricStat")
    named = f"{stat['Metric']['MetricName']} {stat['Stat']}" if stat else query["Id"]
    return {
        "id": query["Id"],
        "label": query.get("Label") or named,
        "values": [values[moment] for moment in moments],
        "timestamps": [datetime.fromtimestamp(moment, UTC).replace(tzinfo=None) for moment in moments],
        "status_code": "Complete",
    }


def _small(entry: dict[str, Any]) -> dict[str, Any]:
    """Many values as one statistic set: moto would keep an object for each value and search them all."""
    if len(entry.get("Values") or ()) < 2 and sum(map(float, entry.get("Counts") or ())) < 2:
        return entry
    if any(value != value for value in entry["Values"]):  # not a number: moto refuses it
        return entry
    datum = datum_of(entry, 0.0)
    kept = {name: value for name, value in entry.items() if name not in ("Values", "Counts")}
    statistics = {"SampleCount": datum.count, "Sum": datum.total, "Minimum": datum.least, "Maximum": datum.most}
    return kept | {"StatisticValues": statistics}
