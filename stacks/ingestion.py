"""How an upload becomes a run: S3 says so, EventBridge passes it on, a queue keeps it, dispatch decides.

S3 says things twice and out of order, so nothing here starts a run by itself: dispatch claims the dataset version
in the ledger. What is lost on the way is found by the reconciler.
"""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from stacks.queues import DeadLetters, queue
from stacks.stores import Store


class Ingestion(Construct):
    """The way in: from objects under incoming/ to dispatch, by a queue that anybody with a grant may use too."""

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
        events.Rule(
            self,
            "Uploaded",
            description="A file was put under incoming/",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [uploads.bucket.bucket_name]},
                    "object": {"key": [{"prefix": "incoming/"}]},
                },
            ),
            targets=[targets.SqsQueue(self.queue, dead_letter_queue=dead_letters.events)],
        )
        dispatch.add_event_source(sources.SqsEventSource(self.queue, batch_size=10, report_batch_item_failures=True))

    def grant_send(self, function: lambda_.Function) -> None:
        """Let a function ask for a run by the same door as uploads."""
        self.queue.grant_send_messages(function)
        function.add_environment("PERENNIAL_DISPATCH_QUEUE", self.queue.queue_url)


def call(function: lambda_.Function, *, dead_letters: DeadLetters) -> targets.LambdaFunction:
    """A function as the target of a rule; an event that cannot be delivered is kept."""
    return targets.LambdaFunction(function, dead_letter_queue=dead_letters.events, retry_attempts=10)


def every(scope: Construct, id: str, *, minutes: int, target: events.IRuleTarget) -> events.Rule:
    """A rule that fires over and over."""
    return events.Rule(scope, id, schedule=events.Schedule.rate(Duration.minutes(minutes)), targets=[target])
