"""SQS: StartMessageMoveTask, which moto lacks. Messages of a dead-letter queue go back to the queues they came from.

The move is done when the call answers; on AWS it takes a while. A message that was sent to the dead-letter queue itself
stays there, unless the call names a destination. See
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html.
"""

import base64
import json
from typing import Any

from moto.core.responses import ActionResult
from moto.sqs.exceptions import SQSException
from moto.sqs.models import Message, Queue
from moto.sqs.responses import SQSResponse

from embedded.moto_patches.patches import Patches


class UnsupportedOperationError(SQSException):
    """The source is no dead-letter queue."""

    def __init__(self) -> None:
        super().__init__("UnsupportedOperation", "Source queue must be configured as a Dead Letter Queue.")


class MissingResourceError(SQSException):
    """A queue does not exist."""

    def __init__(self) -> None:
        super().__init__(
            "ResourceNotFoundException", "The resource that you specified for the SourceArn parameter doesn't exist."
        )


def install(patches: Patches) -> None:
    """Adds the operation, and lets a message know the queue that it was sent to."""

    def add_message(queue: Queue, message: Any) -> None:
        if not hasattr(message, "first_queue"):
            message.first_queue = queue.queue_arn
        original(queue, message)

    original = patches.replace(Queue, "add_message", add_message)
    patches.add(SQSResponse, "start_message_move_task", start)


def start(response: SQSResponse) -> ActionResult:
    """Moves the visible messages of a dead-letter queue. Raises MissingResourceError, UnsupportedOperationError."""
    source, destination = response._get_param("SourceArn"), response._get_param("DestinationArn")
    queues = {queue.queue_arn: queue for queue in response.sqs_backend.queues.values()}
    if source not in queues or (destination and destination not in queues):
        raise MissingResourceError
    dead = queues[source]
    if not response.sqs_backend.list_dead_letter_source_queues(dead.name):
        raise UnsupportedOperationError
    for message in [each for each in dead._messages if each.visible]:
        target = queues.get(destination or message.first_queue)  # type: ignore[attr-defined]
        if target is not None and target is not dead:
            _move(message, dead, target)
    handle = {"taskId": response.sqs_backend.account_id, "sourceArn": source}
    return ActionResult({"TaskHandle": base64.b64encode(json.dumps(handle).encode()).decode()})


def _move(message: Message, dead: Queue, target: Queue) -> None:
    with dead._messages_lock:
        if message not in dead._messages:
            return
        dead._messages.remove(message)
    message.approximate_receive_count = 0
    target.add_message(message)
