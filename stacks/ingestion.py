"""The way of an upload to a run: S3, a queue with dead letters, the dispatch function; and that of labels.

Notifications and events of S3 come at least once and in any order, so dispatch claims the dataset version in the ledger
before it starts a run. The reconciler finds uploads whose notification was lost.
"""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from perennial.layout import TRUTH
from stacks.grants import acknowledge
from stacks.intake import SECONDS, Intake
from stacks.queues import queue
from stacks.stores import Store


class DeadLetters(Construct):
    """The dead-letter queues: messages and events that failed again and again, with an alarm."""

    def __init__(self, scope: Construct, id: str, *, intake: Intake) -> None:
        super().__init__(scope, id)
        self.messages = queue(self, "Messages")  # that dispatch failed to handle
        self.events = queue(self, "Events")  # that were not delivered, or whose function failed
        self.uploads = intake.dead_letters  # whose notifications dispatch failed to handle
        acknowledge(self.events, "It is the dead-letter queue of rules and functions", "SQS3")


class Ingestion(Construct):
    """The queue of messages to dispatch. Uploads come by a queue of their own, beside the bucket.

    Uploads came by this one, too, in earlier releases: dispatch reads what they left there.
    """

    def __init__(
        self, scope: Construct, id: str, *, intake: Intake, dispatch: lambda_.Function, dead_letters: DeadLetters
    ) -> None:
        super().__init__(scope, id)
        self.queue = queue(
            self,
            "Uploads",
            dead_letters=dead_letters.messages,
            visibility=Duration.seconds(SECONDS),
        )
        for each in (self.queue, intake.queue):
            dispatch.add_event_source(sources.SqsEventSource(each, batch_size=10, report_batch_item_failures=True))

    def grant_send(self, function: lambda_.Function) -> None:
        """Allows a function to send messages to dispatch."""
        self.queue.grant_send_messages(function)
        function.add_environment("PERENNIAL_DISPATCH_QUEUE", self.queue.queue_url)


class TruthIngestion(Construct):
    """The queue of labels, with the rule for objects under truth/, as S3 announces them on EventBridge."""

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
