"""SQS patches: event source mappings poll, deletes are locked, delays run at the cloud's speed.

moto's SendMessage calls mapped functions itself.
"""

import time
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import LambdaBackend
from moto.sqs.models import Message, Queue, sqs_backends

from embedded.events.queue_poller import QueuePoller
from embedded.lambdas.service import FunctionService
from embedded.moto_patches.patches import Patches
from embedded.permissions.authorizer import NotAuthorizedError


class Pollers:
    """The running pollers, by the id of their mapping."""

    def __init__(self, service: FunctionService) -> None:
        self._service = service
        self._pollers: dict[str, QueuePoller] = {}

    def start(self, mapping: Any) -> None:
        """Polls for a new mapping, and removes it from moto's queue, which would call the function itself."""
        context = self._service.context
        backend = sqs_backends[context.account_id][context.region]
        queue = next(queue for queue in backend.queues.values() if queue.queue_arn == mapping.event_source_arn)
        queue.lambda_event_source_mappings.pop(mapping.function_arn, None)
        self._pollers[mapping.uuid] = poller = QueuePoller(mapping, queue, backend, self._service)
        poller.start()

    def stop(self, uuid: str) -> None:
        """Ends the poller of a mapping, if there is one."""
        poller = self._pollers.pop(uuid, None)
        if poller is not None:
            poller.stop()

    def stop_all(self) -> None:
        """Ends all pollers."""
        for uuid in list(self._pollers):
            self.stop(uuid)


def _check_role(backend: LambdaBackend, service: FunctionService, spec: dict[str, Any]) -> None:
    """Refuses a mapping whose function's role may not take messages from the queue, as Lambda does."""
    arn = spec.get("EventSourceArn", "")
    if ":sqs:" not in arn:
        return
    role: str = backend.get_function(spec["FunctionName"]).configuration().role  # type: ignore[attr-defined]
    for call in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        try:
            service.context.authorizer.call(role, "sqs", call, {"QueueName": arn.rsplit(":", 1)[-1]})
        except NotAuthorizedError as error:
            raise InvalidParameterValueException(
                f"The provided execution role does not have permissions to call {call} on SQS"
            ) from error


def install(patches: Patches, service: FunctionService) -> Pollers:
    """Makes the four replacements; returns the pollers, to be stopped with the cloud."""
    pollers = Pollers(service)
    clock = service.context.clock

    def create(backend: LambdaBackend, spec: dict[str, Any]) -> Any:
        _check_role(backend, service, spec)
        mapping = original_create(backend, spec)
        if ":sqs:" in mapping.event_source_arn:
            pollers.start(mapping)
        return mapping

    def delete(backend: LambdaBackend, uuid: str) -> Any:
        pollers.stop(uuid)
        return original_delete(backend, uuid)

    def delete_message(queue: Queue, receipt_handle: str) -> None:
        # moto rebuilds the list of messages: one that arrives meanwhile would be lost.
        with queue._messages_lock:
            original_delete_message(queue, receipt_handle)

    def delay(message: Message, delay_seconds: int) -> None:
        message.delayed_until = (time.time() + clock.scaled(float(delay_seconds))) * 1000

    original_create = patches.replace(LambdaBackend, "create_event_source_mapping", create)
    original_delete = patches.replace(LambdaBackend, "delete_event_source_mapping", delete)
    original_delete_message = patches.replace(Queue, "delete_message", delete_message)
    patches.replace(Message, "delay", delay)
    return pollers
