"""Buckets and the ledger, with their grants. A grant to a function also adds the resource's name to its environment."""

from collections.abc import Sequence

from aws_cdk import Aws, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.grants import allow
from stacks.intake import Intake

READ = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:GetObjectVersionTagging")
DELETE = ("s3:DeleteObjectVersion",)  # a version for good; nobody sets delete markers
WRITE = ("s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload")
LIST = ("s3:ListBucket", "s3:ListBucketVersions")
READ_ITEMS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:ConditionCheckItem")
WRITE_ITEMS = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem")


class Store(Construct):
    """A bucket: versioned, encrypted, TLS only, not public, with access logs.

    One with an intake notifies it of uploads, and announces all objects on EventBridge.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        access_logs: s3.IBucket,
        removal: RemovalPolicy,
        lifecycle: Sequence[s3.LifecycleRule],
        intake: Intake | None = None,
    ) -> None:
        super().__init__(scope, id)
        self._variable = f"PERENNIAL_{id.upper()}_BUCKET"
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{id.lower()}/",
            lifecycle_rules=lifecycle,
            removal_policy=removal,
        )
        self._arn = Stack.of(self).export_value(self.bucket.bucket_arn)  # all grants come from the other stack
        if intake is not None:  # `event_bridge_enabled=True` would bring a custom resource with wildcard rights
            resource = self.bucket.node.default_child
            assert isinstance(resource, s3.CfnBucket)
            resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True),
                queue_configurations=[intake.receive_from(resource)],
            )

    @property
    def every_object(self) -> str:
        """The ARN of every object, as the CDK's own grants write it."""
        name = Stack.of(self).export_value(self.bucket.bucket_name)
        return f"arn:{Aws.PARTITION}:s3:::{name}/*"

    def add_name_to(self, function: lambda_.Function) -> None:
        """Adds the bucket's name to the environment of a function, without a grant."""
        function.add_environment(self._variable, self.bucket.bucket_name)

    def grant_read(self, grantee: iam.IGrantable, *keys: str) -> None:
        """Allows to read objects of the keys, each a pattern such as `incoming/*`, and to list the bucket."""
        self._grant(grantee, READ, keys)
        allow(grantee, LIST, self._arn)

    def grant_write(self, grantee: iam.IGrantable, *keys: str) -> None:
        """Allows to write objects of the keys. It allows to delete nothing."""
        self._grant(grantee, WRITE, keys)

    def grant_delete(self, grantee: iam.IGrantable, *keys: str) -> None:
        """Allows to delete versions of objects of the keys for good."""
        self._grant(grantee, DELETE, keys)

    def _grant(self, grantee: iam.IGrantable, actions: tuple[str, ...], keys: tuple[str, ...]) -> None:
        allow(grantee, actions, *[f"{self._arn}/{key}" for key in keys], because="All objects under a prefix")
        if isinstance(grantee, lambda_.Function):
            grantee.add_environment(self._variable, self.bucket.bucket_name)


class Ledger(Construct):
    """The DynamoDB table of records and edges, see cloud/ledger.py."""

    def __init__(self, scope: Construct, id: str, *, removal: RemovalPolicy) -> None:
        super().__init__(scope, id)
        self.table = dynamodb.Table(
            self,
            "Table",
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            time_to_live_attribute="expires",
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=removal is RemovalPolicy.RETAIN,
            removal_policy=removal,
        )

    def grant_read(self, function: lambda_.Function) -> None:
        """Allows a function to read records."""
        self._grant(function, READ_ITEMS)

    def grant_write(self, function: lambda_.Function) -> None:
        """Allows a function to read and write records."""
        self._grant(function, READ_ITEMS + WRITE_ITEMS)

    def _grant(self, function: lambda_.Function, actions: tuple[str, ...]) -> None:
        self.table.grant(function, *actions)
        function.add_environment("PERENNIAL_LEDGER_TABLE", self.table.table_name)
