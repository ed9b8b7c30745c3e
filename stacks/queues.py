"""Queues: the one that leads to dispatch, and those where ends what could not be handled."""

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.acknowledgement import acknowledge


class DeadLetters(Construct):
    """Nothing is lost: what fails again and again waits here for a person, and an alarm tells."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.messages = queue(self, "Messages")  # that dispatch could not handle
        self.events = queue(self, "Events")  # that reached no target, or whose function failed
        acknowledge(self.events, "It is a dead-letter queue itself, of rules and functions", "SQS3")


def queue(
    scope: Construct,
    id: str,
    *,
    dead_letters: sqs.Queue | None = None,
    visibility: Duration | None = None,
) -> sqs.Queue:
    """An encrypted queue that keeps messages for 14 days, and tries each five times where there are dead letters."""
    return sqs.Queue(
        scope,
        id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
        visibility_timeout=visibility,
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=5) if dead_letters else None,
    )
