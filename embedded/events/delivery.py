"""Delivery of a message to an ARN: queue, topic, function, state machine, event bus or log group."""

import json
import time
import uuid
from typing import Any

from embedded.context import Clients, Context


class UnsupportedTargetError(ValueError):
    """The embedded cloud cannot deliver to this kind of resource."""


SUPPORTED = ("sqs", "sns", "lambda", "states", "events", "logs")


def check_target(arn: str) -> None:
    """Raises UnsupportedTargetError unless `send` can deliver to the ARN."""
    if _service(arn) not in SUPPORTED:
        raise UnsupportedTargetError(f"the embedded cloud delivers to {', '.join(SUPPORTED)}, not to {arn}")


class Delivery:
    """Sends messages by the services' APIs; a missing target fails as on AWS (botocore ClientError)."""

    def __init__(self, clients: Clients, context: Context) -> None:
        self._clients = clients
        self._context = context

    def send(self, arn: str, body: str, target: dict[str, Any] | None = None, *, principal: str) -> None:
        """Delivers `body` once. `target` is the EventBridge target, for its SqsParameters; `principal` is the sender.

        Raises UnsupportedTargetError, or ClientError when the target refuses.
        """
        check_target(arn)
        send = getattr(self, f"_to_{_service(arn)}")
        send(self._clients.acting_as(principal), arn, body, target or {})

    def send_to_queue(self, arn: str, body: str, attributes: dict[str, str], *, principal: str) -> None:
        """Delivers to a queue with message attributes, as dead-letter queues receive them."""
        self._queue(self._clients.acting_as(principal), arn, body, attributes)

    def _queue(self, clients: Clients, arn: str, body: str, attributes: dict[str, str], group: str = "") -> None:
        extra = {"MessageGroupId": group} if group else {}
        clients("sqs").send_message(
            QueueUrl=self.queue_url(arn),
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
            **extra,
        )

    def queue_url(self, arn: str) -> str:
        """The URL of a queue."""
        return f"{self._context.endpoint_url}/{arn.split(':')[4]}/{arn.split(':')[5]}"

    def _to_sqs(self, clients: Clients, arn: str, body: str, target: dict[str, Any]) -> None:
        self._queue(clients, arn, body, {}, target.get("SqsParameters", {}).get("MessageGroupId") or "")

    def _to_sns(self, clients: Clients, arn: str, body: str, _target: dict[str, Any]) -> None:
        clients("sns").publish(TopicArn=arn, Message=body)

    def _to_lambda(self, clients: Clients, arn: str, body: str, _target: dict[str, Any]) -> None:
        clients("lambda").invoke(FunctionName=arn, InvocationType="Event", Payload=body.encode())

    def _to_states(self, clients: Clients, arn: str, body: str, _target: dict[str, Any]) -> None:
        clients("stepfunctions").start_execution(stateMachineArn=arn, name=str(uuid.uuid4()), input=body)

    def _to_events(self, clients: Clients, arn: str, body: str, _target: dict[str, Any]) -> None:
        event = json.loads(body)
        entry = {
            "Source": event.get("source", "embedded"),
            "DetailType": event.get("detail-type", "event"),
            "Detail": json.dumps(event.get("detail", event)),
            "EventBusName": arn,
        }
        clients("events").put_events(Entries=[entry])

    def _to_logs(self, clients: Clients, arn: str, body: str, _target: dict[str, Any]) -> None:
        group, stream = arn.split(":log-group:")[1].removesuffix(":*"), str(uuid.uuid4())
        logs = clients("logs")
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        event = {"timestamp": int(time.time() * 1000), "message": body}
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=[event])


def _service(arn: str) -> str:
    parts = arn.split(":")
    return parts[2] if len(parts) > 5 else ""
