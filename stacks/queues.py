"""Queues of messages, encrypted and for TLS alone."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct


def queue(
    scope: Construct,
    id: str,
    *,
    dead_letters: sqs.Queue | None = None,
    visibility: Duration | None = None,
) -> sqs.Queue:
    """An encrypted queue with a retention of 14 days; with dead letters, a message is received 20 times at most.

    A throttled function receives a message in vain, and that counts: an account may be throttled for an hour.
    """
    return sqs.Queue(
        scope,
        id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
        visibility_timeout=visibility,
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=20) if dead_letters else None,
    )
