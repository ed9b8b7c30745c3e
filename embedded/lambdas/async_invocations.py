"""Asynchronous invocations (InvocationType=Event): retries, destinations and dead-letter queues.

See https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html.
"""

import asyncio
import json
import logging
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from embedded.events.delivery import Delivery
from embedded.lambdas.configuration import FunctionConfiguration, ThrottledError
from embedded.lambdas.result import InvocationResult
from embedded.lambdas.service import FunctionService

LOG = logging.getLogger(__name__)
_DELAYS = (60.0, 120.0)  # seconds of the cloud's time before the first and the second retry
_THROTTLE_DELAY = 1.0


@dataclass(frozen=True)
class AsyncPolicy:
    """Retries, destinations and dead-letter queue of a function's asynchronous invocations; ARNs or None."""

    retries: int = 2
    on_success: str | None = None
    on_failure: str | None = None
    dead_letter: str | None = None


@dataclass(frozen=True)
class _Event:
    configuration: FunctionConfiguration
    body: bytes
    policy: AsyncPolicy
    request_id: str


class AsyncInvocations:
    """Runs asynchronous invocations in the background."""

    def __init__(self, service: FunctionService, delivery: Delivery) -> None:
        self._service = service
        self._delivery = delivery

    def submit(self, configuration: FunctionConfiguration, body: bytes, policy: AsyncPolicy) -> str:
        """Accepts an event and returns its request id."""
        event = _Event(configuration, body, policy, str(uuid.uuid4()))
        self._service.start(self._run(event))
        return event.request_id

    async def _run(self, event: _Event) -> None:
        attempt = 0
        while True:
            result = await self._attempt(event)
            if result.function_error is None or attempt >= event.policy.retries:
                break
            await asyncio.sleep(self._service.context.clock.scaled(_DELAYS[attempt]))
            attempt += 1
        await asyncio.to_thread(self._deliver_result, event, result, attempt + 1)

    async def _attempt(self, event: _Event) -> InvocationResult:
        while True:
            try:
                return await self._service.run(event.configuration, event.body, event.request_id)
            except ThrottledError:
                await asyncio.sleep(self._service.context.clock.scaled(_THROTTLE_DELAY))

    def _deliver_result(self, event: _Event, result: InvocationResult, attempts: int) -> None:
        failed, policy = result.function_error is not None, event.policy
        destination = policy.on_failure if failed else policy.on_success
        try:
            if destination:
                self._delivery.send(
                    destination, json.dumps(_record(event, result, attempts)), principal=event.configuration.role
                )
            if failed and policy.dead_letter:
                self._dead_letter(policy.dead_letter, event, result)
        except Exception:
            LOG.exception("the result of %s could not be delivered", event.configuration.name)
        if failed and not (policy.on_failure or policy.dead_letter):
            LOG.warning("%s failed for good after %d attempts: %s", event.configuration.name, attempts, result.error[1])

    def _dead_letter(self, arn: str, event: _Event, result: InvocationResult) -> None:
        body = event.body.decode(errors="replace")
        if arn.split(":")[2] != "sqs":
            self._delivery.send(arn, body, principal=event.configuration.role)
            return
        message = result.error[1][:1024] or "failed"
        attributes = {"RequestID": event.request_id, "ErrorCode": "200", "ErrorMessage": message}
        self._delivery.send_to_queue(arn, body, attributes, principal=event.configuration.role)


def _record(event: _Event, result: InvocationResult, attempts: int) -> dict[str, Any]:
    """The invocation record that a destination receives."""
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": event.configuration.version}
    if result.function_error:
        response["functionError"] = result.function_error
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{event.configuration.arn}:{event.configuration.version}",
            "condition": "RetriesExhausted" if result.function_error else "Success",
            "approximateInvokeCount": attempts,
        },
        "requestPayload": _json(event.body),
        "responseContext": response,
        "responsePayload": _json(result.payload),
    }


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode(errors="replace")
