"""SQS event source mappings: poll a queue, invoke the function with batches, delete processed messages."""

import hashlib
import json
import logging
import threading
import time
from typing import Any

from moto.sqs.models import Message, Queue, SQSBackend

from embedded.context import Context
from embedded.lambdas.configuration import FunctionConfiguration, ThrottledError
from embedded.lambdas.result import InvocationResult
from embedded.lambdas.service import FunctionService

LOG = logging.getLogger(__name__)
_POLL_SECONDS = 1
_DEFAULT_BATCH = 10


class QueuePoller:
    """The poller of one event source mapping, in a thread of its own."""

    def __init__(self, mapping: Any, queue: Queue, backend: SQSBackend, service: FunctionService) -> None:
        self._mapping = mapping
        self._queue = queue
        self._backend = backend
        self._service = service
        self._context: Context = service.context
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._poll, name=f"mapping-{queue.name}", daemon=True)

    def start(self) -> None:
        """Starts to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Stops polling; a batch under way is finished."""
        self._ended.set()

    def _poll(self) -> None:
        while not self._ended.is_set():
            if not self._mapping.enabled:
                self._ended.wait(_POLL_SECONDS)
                continue
            try:
                messages = self._receive()
                if messages and not self._ended.is_set():
                    self._handle(messages)
            except Exception:
                if not self._ended.is_set():
                    LOG.exception("polling %s failed", self._queue.name)
                    self._ended.wait(_POLL_SECONDS)

    def _receive(self) -> list[Message]:
        size = min(int(self._mapping.batch_size or _DEFAULT_BATCH), 10)
        self._authorize("ReceiveMessage")
        visibility = int(self._queue.visibility_timeout)  # type: ignore[attr-defined]
        names = ["All"]
        return self._backend.receive_message(self._queue.name, size, _POLL_SECONDS, visibility, names)

    def _authorize(self, call: str) -> None:
        """Raises NotAuthorizedError unless the function's role may make the call on the queue."""
        self._context.authorizer.call(self._function().role, "sqs", call, {"QueueName": self._queue.name})

    def _handle(self, messages: list[Message]) -> None:
        event = {"Records": [self._record(message) for message in messages]}
        result = self._invoke(json.dumps(event).encode())
        failed = self._failed(result, {message.id for message in messages})
        for message in messages:
            if message.id in failed:
                self._return(message)
            else:
                self._authorize("DeleteMessage")
                self._backend.delete_message(self._queue.name, str(message.receipt_handle))

    def _invoke(self, event: bytes) -> InvocationResult:
        while True:
            try:
                return self._service.invoke(self._function(), event)
            except ThrottledError:
                time.sleep(self._context.clock.scaled(1.0))

    def _function(self) -> FunctionConfiguration:
        from moto.awslambda.utils import get_backend

        function: Any = get_backend(self._context.account_id, self._context.region).get_function(
            self._mapping.function_arn
        )
        configuration: FunctionConfiguration = function.configuration()
        return configuration

    def _failed(self, result: InvocationResult, ids: set[str]) -> set[str]:
        """The ids of failed messages; an unreadable partial batch response means all, as on AWS."""
        if result.function_error:
            LOG.warning("%s: a batch of %d failed: %s", self._queue.name, len(ids), result.error[1][:500])
            return ids
        if "ReportBatchItemFailures" not in (self._mapping.function_response_types or []):
            return set()
        try:
            body = json.loads(result.payload or b"null")
            items = (body or {}).get("batchItemFailures") or []
            named = {item["itemIdentifier"] for item in items}
        except (ValueError, KeyError, TypeError, AttributeError):
            return ids
        return named if named <= ids else ids

    def _return(self, message: Message) -> None:
        """Shortens the rest of the visibility timeout to the cloud's speed."""
        now = time.time() * 1000
        for known in self._queue._messages:
            if known.id == message.id:
                known.visible_at = now + self._context.clock.scaled(max(0.0, known.visible_at - now))

    def _record(self, message: Message) -> dict[str, Any]:
        attributes = {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        }
        if message.group_id:
            attributes |= {"MessageGroupId": message.group_id, "MessageDeduplicationId": message.deduplication_id or ""}
        return {
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": attributes,
            "messageAttributes": {
                name: {
                    "dataType": value["DataType"],
                    "stringValue": value.get("StringValue"),
                    "binaryValue": value.get("BinaryValue"),
                    "stringListValues": [],
                    "binaryListValues": [],
                }
                for name, value in message.message_attributes.items()
            },
            "md5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": self._queue.queue_arn,
            "awsRegion": self._context.region,
        }
