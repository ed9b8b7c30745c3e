"""The default event bus: matches events to rules and delivers to targets, with retries and dead-letter queues.

Notifications of buckets, which pass no bus, are delivered by the same attempts.
"""

import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from moto.events.models import Rule, events_backends

from embedded.context import Context
from embedded.events.delivery import Delivery, UnsupportedTargetError
from embedded.events.input_transformer import target_input
from embedded.permissions.authorizer import NotAuthorizedError
from embedded.permissions.principals import service
from embedded.permissions.sessions import EVENTS, S3, SCHEDULER

LOG = logging.getLogger(__name__)
_ATTEMPTS = 4  # AWS tries 185 times over a day; a target that is missing here stays missing
_FIRST_DELAY = 5.0
_HOSTS = {":scheduler:": SCHEDULER, ":s3:": S3}  # who delivers, by its ARN; others are rules


def iso_time(time: object) -> str:
    """An event's time as AWS writes it; moto has seconds since 1970."""
    if isinstance(time, str) and not time.replace(".", "", 1).isdigit():
        return time
    return datetime.fromtimestamp(float(str(time)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Bus:
    """Delivers events to the targets of rules in the background, in order."""

    def __init__(self, context: Context, delivery: Delivery) -> None:
        self._context = context
        self._delivery = delivery
        self._sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="events")
        self._timers: set[threading.Timer] = set()

    def emit(self, source: str, detail_type: str, detail: dict[str, Any], resources: list[str]) -> None:
        """Puts an event on the default bus; sources of AWS services are allowed."""
        backend = events_backends[self._context.account_id][self._context.region]
        entry = {"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": resources}
        backend.put_events([entry])

    def route(self, rule: Rule, event: dict[str, Any]) -> None:
        """Sends an event to the rule's targets if the rule is enabled and its pattern matches."""
        if rule.state != "ENABLED" or not rule.event_pattern.get_pattern():
            return
        clean = {key: value for key, value in event.items() if key != "ingestion-time"}
        clean["time"] = iso_time(clean["time"])
        if rule.event_pattern.matches_event(cast(Any, clean)):
            self.send_to_targets(rule, clean)

    def send_to_targets(self, rule: Rule, event: dict[str, Any]) -> None:
        """Sends an event to the rule's targets, whatever its pattern."""
        for target in list(rule.targets):
            self.deliver(rule.arn, target, target_input(target, event))

    def deliver(self, rule_arn: str, target: dict[str, Any], body: str) -> None:
        """Sends a text to one target in the background."""
        self._submit(rule_arn, target, body, 1)

    def send(self, source_arn: str, target_arn: str, body: str) -> None:
        """Sends a text of a bucket to one target in the background."""
        self.deliver(source_arn, {"Arn": target_arn}, body)

    def stop(self) -> None:
        """Stops deliveries; undelivered events are dropped."""
        for timer in list(self._timers):
            timer.cancel()
        self._sender.shutdown(wait=True, cancel_futures=True)

    def _submit(self, rule_arn: str, target: dict[str, Any], body: str, attempt: int) -> None:
        try:
            self._sender.submit(self._attempt, rule_arn, target, body, attempt)
        except RuntimeError:  # the cloud is ending
            return

    def _attempt(self, rule_arn: str, target: dict[str, Any], body: str, attempt: int) -> None:
        try:
            self._delivery.send(target["Arn"], body, target, principal=self._sender_of(rule_arn, target))
        except (ClientError, BotoCoreError, UnsupportedTargetError, NotAuthorizedError) as error:
            allowed = int(target.get("RetryPolicy", {}).get("MaximumRetryAttempts", 185)) + 1
            if attempt < min(_ATTEMPTS, allowed):
                self._retry_later(rule_arn, target, body, attempt)
            else:
                self._dead_letter(rule_arn, target, body, error)
        except Exception:
            LOG.exception("event of rule %s could not be delivered to %s", rule_arn, target["Arn"])

    def _sender_of(self, rule_arn: str, target: dict[str, Any]) -> str:
        """The session of the target's role, if it has one; otherwise the service, which the target's own policy admits.

        A schedule always has a role, and a state machine has no policy of its own.
        """
        host = next((name for part, name in _HOSTS.items() if part in rule_arn), EVENTS)
        role = target.get("RoleArn")
        if role:
            return self._context.authorizer.assume(role, host, rule_arn, rule_arn.rsplit("/", 1)[-1][:64])
        return service(host, rule_arn)

    def _retry_later(self, rule_arn: str, target: dict[str, Any], body: str, attempt: int) -> None:
        delay = self._context.clock.scaled(_FIRST_DELAY * 2 ** (attempt - 1))
        timer = threading.Timer(delay, self._submit, (rule_arn, target, body, attempt + 1))
        timer.daemon = True
        self._timers = {known for known in self._timers if known.is_alive()} | {timer}
        timer.start()

    def _dead_letter(self, rule_arn: str, target: dict[str, Any], body: str, error: Exception) -> None:
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if not queue:
            LOG.error("event of rule %s is lost, %s refuses it: %s", rule_arn, target["Arn"], error)
            return
        attributes = {
            "RULE_ARN": rule_arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": type(error).__name__,
            "ERROR_MESSAGE": str(error)[:1024],
        }
        try:
            self._delivery.send_to_queue(queue, body, attributes, principal=service(EVENTS, rule_arn))
        except (ClientError, BotoCoreError):
            LOG.exception("event of rule %s is lost: its dead-letter queue refuses it", rule_arn)
