"""Scheduled rules of EventBridge and the schedules of EventBridge Scheduler.

Time runs `speed` times as fast from the start of the cloud.
"""

import logging
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.events.models import Rule, events_backends
from moto.scheduler.models import Schedule, scheduler_backends

from embedded.context import Context
from embedded.events.bus import Bus
from embedded.events.schedule_expressions import Next, parse

LOG = logging.getLogger(__name__)
_SCAN_SECONDS = 0.5


@dataclass
class _Due:
    expression: str
    following: Next
    moment: datetime | None


class Schedules:
    """Invokes the targets of due rules and schedules; checks twice a second."""

    def __init__(self, context: Context, bus: Bus) -> None:
        self._context = context
        self._bus = bus
        self._start = (datetime.now(UTC), time.monotonic())
        self._due: dict[str, _Due] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="schedules", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread."""
        self._ended.set()
        self._thread.join()

    def now(self) -> datetime:
        """The cloud's sped-up time."""
        moment, began = self._start
        return moment + timedelta(seconds=(time.monotonic() - began) * self._context.speed)

    def _run(self) -> None:
        while not self._ended.wait(_SCAN_SECONDS):
            try:
                self._scan()
            except Exception:
                LOG.exception("looking for due schedules failed")

    def _scan(self) -> None:
        account, region = self._context.account_id, self._context.region
        rules = [rule for bus in events_backends[account][region].event_buses.values() for rule in bus.rules.values()]
        for rule in rules:
            if (
                rule.scheduled_expression
                and rule.state == "ENABLED"
                and self._is_due(rule.arn, rule.scheduled_expression)
            ):
                self._fire_rule(rule)
        groups = scheduler_backends[account][region].schedule_groups.values()
        for schedule in [schedule for group in groups for schedule in group.schedules.values()]:
            if schedule.state == "ENABLED" and self._is_due(schedule.arn, schedule.schedule_expression):
                self._fire_schedule(schedule)

    def _is_due(self, arn: str, expression: str) -> bool:
        """True if the schedule is due; sets its next moment then. Missed moments are skipped."""
        now = self.now()
        known = self._due.get(arn)
        if known is None or known.expression != expression:
            following = parse(expression)
            self._due[arn] = _Due(expression, following, following(now))
            return False
        if known.moment is None or now < known.moment:
            return False
        known.moment = known.following(now)
        return True

    def _fire_rule(self, rule: Rule) -> None:
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": self._context.account_id,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._context.region,
            "resources": [rule.arn],
            "detail": {},
        }
        self._bus.send_to_targets(rule, event)

    def _fire_schedule(self, schedule: Schedule) -> None:
        target: dict[str, Any] = schedule.target
        text = target.get("Input") or "{}"
        attributes = {
            "schedule-arn": schedule.arn,
            "scheduled-time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "execution-id": str(uuid.uuid4()),
            "attempt-number": "1",
        }
        for name, value in attributes.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        self._bus.deliver(schedule.arn, target, text)
