"""The schedules: EventBridge Scheduler calls a function for one model at a time, or once a week for all."""

import json

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from stacks.grants import allow
from stacks.ingestion import DeadLetters

WINDOW_MINUTES = 15  # within which a schedule's time may lie, so that not all models come at once
MONDAYS = "cron(0 7 ? * MON *)"


class Schedules(Construct):
    """The schedules of the models and the weekly one. A call that fails again and again is in the dead-letter queue."""

    def __init__(self, scope: Construct, id: str, *, dead_letters: DeadLetters) -> None:
        super().__init__(scope, id)
        self._dead_letters = dead_letters.events
        own = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com", conditions=own))
        allow(self.role, ("sqs:SendMessage",), self._dead_letters.queue_arn)

    def call(self, function: lambda_.Function, rates: dict[str, str]) -> None:
        """Calls a function for each model at its rate, such as `1 hour` or `24 hours`."""
        allow(self.role, ("lambda:InvokeFunction",), function.function_arn)
        for model, rate in sorted(rates.items()):
            title = "".join(word.title() for word in model.split("-"))
            self._schedule(function, title, f"rate({rate})", f"{function.node.id} of {model}", {"model": model})

    def weekly(self, function: lambda_.Function) -> None:
        """Calls a function each Monday morning (UTC)."""
        allow(self.role, ("lambda:InvokeFunction",), function.function_arn)
        self._schedule(function, "Schedule", MONDAYS, f"{function.node.id} of all models", {})

    def _schedule(
        self, function: lambda_.Function, title: str, expression: str, description: str, event: dict[str, str]
    ) -> None:
        scheduler.CfnSchedule(
            self,
            f"{function.node.id}{title}",
            description=description,
            schedule_expression=expression,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                mode="FLEXIBLE", maximum_window_in_minutes=WINDOW_MINUTES
            ),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=self.role.role_arn,
                input=json.dumps(event),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self._dead_letters.queue_arn),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(maximum_retry_attempts=10),
            ),
        )


def hourly(hours: int) -> str:
    """A rate of hours in the words of Scheduler."""
    return f"{hours} hour{'s' * (hours > 1)}"
