"""An alarm's history and its actions: what CloudWatch writes down and sends when a state changes."""

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded.clients import Clients
from embedded.context import Context
from embedded.metrics.notices import event_detail, sns_message

logger = logging.getLogger(__name__)

_KEPT = 1_000  # items of history, of all alarms
_ACTIONS = {"ALARM": "alarm_actions", "OK": "ok_actions", "INSUFFICIENT_DATA": "insufficient_data_actions"}
_STATES = "CloudWatch Alarm State Change"


class Journal:
    """Changes states; thread-safe. Each change is written down, told on the default bus, and acted on."""

    def __init__(self, context: Context, clients: Clients) -> None:
        self._context = context
        self._clients = clients
        self._items: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def change(self, alarm: Any, state: str, reason: str, data: dict[str, Any]) -> None:
        """Brings moto's alarm into a state. An action that fails is written down and stops nothing, as on AWS."""
        old = _state(alarm)
        alarm.update_state(reason, json.dumps(data), state)
        if state == old["stateValue"]:
            return
        new = _state(alarm)
        summary = f"Alarm updated from {old['stateValue']} to {state}"
        self.note(alarm, "StateUpdate", summary, {"version": "1.0", "oldState": old, "newState": new})
        detail = event_detail(alarm, old, new)
        self._safely(lambda: self._context.emit("aws.cloudwatch", _STATES, detail, [alarm.alarm_arn]), "the event")
        if alarm.actions_enabled:
            for arn in getattr(alarm, _ACTIONS[state]) or []:
                self._act(alarm, arn, old["stateValue"])

    def note(self, alarm: Any, kind: str, summary: str, data: dict[str, Any]) -> None:
        """Writes an item of history down: ConfigurationUpdate, StateUpdate or Action."""
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
        """The items of one alarm or of all, of one kind or of all."""
        with self._lock:
            found = [
                item
                for item in self._items
                if name in (None, item["AlarmName"]) and kind in (None, item["HistoryItemType"])
            ]
        return found[::-1] if newest_first else found

    def _act(self, alarm: Any, arn: str, old: str) -> None:
        subject = f'{alarm.state_value}: "{alarm.name}" in {self._context.region}'[:100]
        message = json.dumps(sns_message(self._context, alarm, old))
        failure = None
        if ":sns:" in arn:
            failure = self._safely(
                lambda: self._clients("sns").publish(TopicArn=arn, Message=message, Subject=subject), arn
            )
        else:
            failure = "the embedded cloud performs actions of SNS topics only"
        state = "Failed" if failure else "Succeeded"
        word = "Failed to execute" if failure else "Successfully executed"
        data = {"actionState": state, "notificationResource": arn, "publishedMessage": message, "error": failure}
        self.note(alarm, "Action", f"{word} action {arn}", data)

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
