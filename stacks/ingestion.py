"""How an upload becomes a run: S3 says so, EventBridge passes it on, a queue keeps it, dispatch decides.

S3 says things twice and out of order, so nothing here starts a run by itself: dispatch claims the dataset version
in the ledger. What is lost on the way is found by the reconciler.
"""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.acknowledgement import acknowledge
from stacks.lambdas import Lambdas
from stacks.settings import Settings
from stacks.stores import Store


class Ingestion(Construct):
    """Rule, queue, dead letters, and the schedule of the reconciler."""

    def __init__(self, scope: Construct, id: str, *, uploads: Store, functions: Lambdas, settings: Settings) -> None:
        super().__init__(scope, id)
        self.dead_letters = _queue(self, "DeadLetters")
        self.undelivered = _queue(self, "Undelivered")
        acknowledge(self.undelivered, "It is itself where events end that reach no target", "SQS3")
        self.queue = _queue(
            self,
            "Uploads",
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=5),
            visibility_timeout=Duration.minutes(6),  # six times dispatch's own timeout, as Lambda advises
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
            targets=[targets.SqsQueue(self.queue, dead_letter_queue=self.undelivered)],
        )
        functions.dispatch.add_event_source(
            sources.SqsEventSource(self.queue, batch_size=10, report_batch_item_failures=True)
        )
        self.schedule("Reconciliation", functions.reconcile, minutes=settings.reconcile_minutes)

    def schedule(self, id: str, function: lambda_.Function, *, minutes: int) -> None:
        """Call a function over and over; what cannot be delivered is kept."""
        events.Rule(
            self,
            id,
            schedule=events.Schedule.rate(Duration.minutes(minutes)),
            targets=[self.target(function)],
        )

    def target(self, function: lambda_.Function) -> targets.LambdaFunction:
        """A function as the target of a rule; what cannot be delivered is kept."""
        return targets.LambdaFunction(function, dead_letter_queue=self.undelivered, retry_attempts=10)

    def grant_send(self, function: lambda_.Function) -> None:
        """Let a function ask for a run by the same door as uploads."""
        self.queue.grant_send_messages(function)
        function.add_environment("PERENNIAL_DISPATCH_QUEUE", self.queue.queue_url)


def _queue(
    scope: Construct,
    id: str,
    *,
    dead_letter_queue: sqs.DeadLetterQueue | None = None,
    visibility_timeout: Duration | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
        dead_letter_queue=dead_letter_queue,
        visibility_timeout=visibility_timeout,
    )
