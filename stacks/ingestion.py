"""The way of an upload to a run: S3, EventBridge, a queue with dead letters, the dispatch function.

Events of S3 come at least once and in any order, so dispatch claims the dataset version in the ledger before it starts
a run. The reconciler finds uploads whose event was lost.
"""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from perennial.layout import INCOMING, TRUTH
from stacks.grants import acknowledge
from stacks.stores import Store


class DeadLetters(Construct):
    """The dead-letter queues: messages and events that failed again and again, with an alarm."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.messages = queue(self, "Messages")  # that dispatch failed to handle
        self.events = queue(self, "Events")  # that were not delivered, or whose function failed
        acknowledge(self.events, "It is the dead-letter queue of rules and functions", "SQS3")


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


class Ingestion(Construct):
    """The queue of dispatch, with the rule for objects under incoming/."""

    def __init__(
        self, scope: Construct, id: str, *, uploads: Store, dispatch: lambda_.Function, dead_letters: DeadLetters
    ) -> None:
        super().__init__(scope, id)
        self.queue = queue(
            self,
            "Uploads",
            dead_letters=dead_letters.messages,
            visibility=Duration.minutes(6),  # six times dispatch's own timeout, as Lambda advises
        )
        put_under(self, "Uploaded", INCOMING, uploads=uploads, queue=self.queue, dead_letters=dead_letters)
        dispatch.add_event_source(sources.SqsEventSource(self.queue, batch_size=10, report_batch_item_failures=True))

    def grant_send(self, function: lambda_.Function) -> None:
        """Allows a function to send messages to dispatch."""
        self.queue.grant_send_messages(function)
        function.add_environment("PERENNIAL_DISPATCH_QUEUE", self.queue.queue_url)


class TruthIngestion(Construct):
    """The queue of labels, with the rule for objects under truth/, as that of datasets."""

    def __init__(
        self, scope: Construct, id: str, *, uploads: Store, reader: lambda_.Function, dead_letters: DeadLetters
    ) -> None:
        super().__init__(scope, id)
        self.queue = queue(
            self,
            "Labels",
            dead_letters=dead_letters.messages,
            visibility=Duration.minutes(60),  # six times the reader's own timeout
        )
        put_under(self, "Uploaded", TRUTH, uploads=uploads, queue=self.queue, dead_letters=dead_letters)
        reader.add_event_source(sources.SqsEventSource(self.queue, batch_size=1, report_batch_item_failures=True))

    def grant_send(self, function: lambda_.Function) -> None:
        """Allows a function to send events again."""
        self.queue.grant_send_messages(function)
        function.add_environment("PERENNIAL_TRUTH_QUEUE", self.queue.queue_url)


def put_under(
    scope: Construct, id: str, prefix: str, *, uploads: Store, queue: sqs.Queue, dead_letters: DeadLetters
) -> events.Rule:
    """A rule that sends a queue the events of objects that are put under a prefix."""
    return events.Rule(
        scope,
        id,
        description=f"A file was put under {prefix}",
        event_pattern=events.EventPattern(
            source=["aws.s3"],
            detail_type=["Object Created"],
            detail={"bucket": {"name": [uploads.bucket.bucket_name]}, "object": {"key": [{"prefix": prefix}]}},
        ),
        targets=[targets.SqsQueue(queue, dead_letter_queue=dead_letters.events)],
    )


def call(function: lambda_.Function, *, dead_letters: DeadLetters) -> targets.LambdaFunction:
    """A function as the target of a rule, with a dead-letter queue."""
    return targets.LambdaFunction(function, dead_letter_queue=dead_letters.events, retry_attempts=10)


def every(scope: Construct, id: str, *, minutes: int, target: events.IRuleTarget) -> events.Rule:
    """A rule with a fixed rate."""
    return events.Rule(scope, id, schedule=events.Schedule.rate(Duration.minutes(minutes)), targets=[target])
