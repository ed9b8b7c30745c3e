"""moto's alarms never change state by themselves, do nothing when they do, and have no history."""

import json
from typing import Any

from moto.cloudwatch.exceptions import ResourceNotFound, ValidationError
from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from embedded.context import Context
from embedded.metrics import definitions
from embedded.metrics.alarms import Alarms
from embedded.metrics.definitions import DefinitionError
from embedded.metrics.journal import Journal
from embedded.metrics.series import MetricStore
from embedded.moto_patches.patches import Patches


def install(patches: Patches, context: Context, store: MetricStore, journal: Journal) -> Alarms:
    """Replaces PutMetricAlarm and SetAlarmState, adds DescribeAlarmHistory; returns what evaluates, not started yet."""
    ours = cloudwatch_backends[context.account_id][context.region]
    alarms = Alarms(context, store, journal, lambda: ours.alarms)

    def put(backend: CloudWatchBackend, name: str, *args: Any, **given: Any) -> Alarm:
        with alarms.lock:
            before = backend.alarms.get(name)
            alarm: Alarm = original_put(backend, name, *args, **given)
            try:
                _check(alarm)
            except DefinitionError as error:
                backend.alarms.pop(name)
                if before is not None:
                    backend.alarms[name] = before
                raise ValidationError(str(error)) from error
            _begin(alarm, before, journal)
            return alarm

    def set_state(backend: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str, state_value: str) -> None:
        alarm = backend.alarms.get(alarm_name)
        old = (alarm.state_reason, alarm.state_reason_data, alarm.state_value) if alarm is not None else None
        original_set(backend, alarm_name, reason, reason_data, state_value)  # it checks what is given
        if alarm is None or old is None:
            raise ResourceNotFound
        alarm.state_reason, alarm.state_reason_data, alarm.state_value = old
        journal.change(alarm, state_value, reason, json.loads(reason_data or "{}"))

    def history(response: CloudWatchResponse) -> ActionResult:
        name, kind = response._get_param("AlarmName"), response._get_param("HistoryItemType")
        items = journal.history(name, kind, response._get_param("ScanBy") != "TimestampAscending")
        return ActionResult({"AlarmHistoryItems": items[: int(response._get_param("MaxRecords") or 100)]})

    original_put = patches.replace(CloudWatchBackend, "put_metric_alarm", put)
    original_set = patches.replace(CloudWatchBackend, "set_alarm_state", set_state)
    patches.add(CloudWatchResponse, "describe_alarm_history", history)
    return alarms


def _check(alarm: Alarm) -> None:
    if alarm.rule is not None:
        raise DefinitionError("The embedded cloud does not imitate composite alarms.")
    definitions.read(alarm)


def _begin(alarm: Alarm, before: Alarm | None, journal: Journal) -> None:
    """A new alarm knows nothing yet; one that is put again keeps its state."""
    if before is None:
        alarm.state_value = "INSUFFICIENT_DATA"
    else:
        alarm.state_value, alarm.state_reason = before.state_value, before.state_reason
        alarm.state_reason_data = before.state_reason_data
        alarm.state_updated_timestamp = before.state_updated_timestamp
    done = "updated" if before else "created"
    journal.note(alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" {done}', {"version": "1.0", "type": done.title()})
