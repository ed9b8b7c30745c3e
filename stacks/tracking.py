"""The queue of the runs that a tracking server is told of, with the rule for the executions of the workflow."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.grants import allow, role_of
from stacks.ingestion import DeadLetters
from stacks.queues import queue
from stacks.settings import Settings


class Tracking(Construct):
    """Tells the function of each start and end of an execution. The queue tries again while a server is down.

    A message that was received 20 times is in the dead-letter queue of messages, whose alarm tells people.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        machine: sfn.StateMachine,
        track: lambda_.Function,
        dead_letters: DeadLetters,
        settings: Settings,
    ) -> None:
        super().__init__(scope, id)
        self.queue = queue(
            self,
            "Runs",
            dead_letters=dead_letters.messages,
            visibility=Duration.minutes(30),  # six times the function's own timeout
        )
        events.Rule(
            self,
            "Changed",
            description="A run of the workflow began or ended",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={"stateMachineArn": [machine.state_machine_arn]},
            ),
            targets=[targets.SqsQueue(self.queue, dead_letter_queue=dead_letters.events)],
        )
        track.add_event_source(sources.SqsEventSource(self.queue, batch_size=1, report_batch_item_failures=True))
        for name, value in {
            "MLFLOW_URI": settings.mlflow_uri,
            "MLFLOW_SECRET": settings.mlflow_secret,
            "OPENLINEAGE_URL": settings.openlineage_url,
            "OPENLINEAGE_SECRET": settings.openlineage_secret,
        }.items():
            if value:
                track.add_environment(f"PERENNIAL_{name}", value)
        secrets = [secret for secret in (settings.mlflow_secret, settings.openlineage_secret) if secret]
        if secrets:
            allow(role_of(track), ("secretsmanager:GetSecretValue",), *secrets)
