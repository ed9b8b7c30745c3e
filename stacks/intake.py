"""The queue to which S3 itself sends a notification of each object under incoming/.

It is deployed with the bucket and before it: S3 verifies that it may send when the notification is configured.
"""

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from perennial.layout import INCOMING
from stacks.queues import queue

SECONDS = 6 * 60  # six times dispatch's own timeout, as Lambda advises


class Intake(Construct):
    """The queue of uploads with its dead letters, and the policy by which S3 sends to it."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.dead_letters = queue(self, "DeadUploads")
        self.queue = queue(self, "Uploads", dead_letters=self.dead_letters, visibility=Duration.seconds(SECONDS))
        self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sqs:SendMessage"],
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                resources=[self.queue.queue_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},  # the bucket comes later
            )
        )

    def receive_from(self, bucket: s3.CfnBucket) -> s3.CfnBucket.QueueConfigurationProperty:
        """The notification of a bucket, which is made after the queue's policy."""
        bucket.node.add_dependency(self.queue)
        below = s3.CfnBucket.FilterRuleProperty(name="prefix", value=INCOMING)
        return s3.CfnBucket.QueueConfigurationProperty(
            event="s3:ObjectCreated:*",
            queue=self.queue.queue_arn,
            filter=s3.CfnBucket.NotificationFilterProperty(s3_key=s3.CfnBucket.S3KeyFilterProperty(rules=[below])),
        )
