"""Queues and their policies."""

import json
from typing import Any, ClassVar

from embedded.providers.provider import Platform, Provider, PutProvider, Request, Resource, tag_map

_ATTRIBUTES = (
    "ContentBasedDeduplication",
    "DelaySeconds",
    "FifoQueue",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
    "DeduplicationScope",
    "FifoThroughputLimit",
)


class Queue(Provider):
    """AWS::SQS::Queue."""

    type = "AWS::SQS::Queue"
    honoured = frozenset({"QueueName", "Tags", *_ATTRIBUTES})
    ignored: ClassVar[dict[str, str]] = {"RedriveAllowPolicy": "access to dead-letter queues is not emulated"}
    updatable = honoured - {"QueueName", "FifoQueue", "Tags"}

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the queue; Ref is its URL."""
        suffix = ".fifo" if str(request.get("FifoQueue", "")).lower() == "true" else ""
        name = request.get("QueueName") or request.name(80 - len(suffix)) + suffix
        url = platform.clients("sqs").create_queue(
            QueueName=name, Attributes=_attributes(request), tags=tag_map(request.get("Tags"))
        )["QueueUrl"]
        arn = f"arn:aws:sqs:{platform.context.region}:{platform.context.account_id}:{name}"
        return Resource(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes the queue's attributes."""
        platform.clients("sqs").set_queue_attributes(QueueUrl=resource.physical_id, Attributes=_attributes(request))
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Deletes the queue with its messages."""
        platform.clients("sqs").delete_queue(QueueUrl=resource.physical_id)


class QueuePolicy(PutProvider):
    """AWS::SQS::QueuePolicy."""

    type = "AWS::SQS::QueuePolicy"
    honoured = frozenset({"Queues", "PolicyDocument"})
    updatable = honoured

    def put(self, platform: Platform, request: Request) -> Resource:
        """Sets the policy of each queue."""
        policy = json.dumps(request.properties["PolicyDocument"])
        for url in request.properties["Queues"]:
            platform.clients("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        return Resource(request.name())

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the policy from the queues."""
        for url in request.properties["Queues"]:
            platform.clients("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})


def _attributes(request: Request) -> dict[str, str]:
    attributes: dict[str, Any] = request.chosen(*_ATTRIBUTES)
    return {
        name: json.dumps(value)
        if isinstance(value, dict)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
        for name, value in attributes.items()
    }


PROVIDERS = (Queue, QueuePolicy)
