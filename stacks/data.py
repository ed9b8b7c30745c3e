"""The stateful stack: buckets, access logs, ledger, key of models, queue of uploads. It is deployed first."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from stacks.grants import acknowledge
from stacks.intake import Intake
from stacks.settings import Settings
from stacks.signing import ModelKey
from stacks.stores import Ledger, Store

UNFINISHED = s3.LifecycleRule(id="UnfinishedUploads", abort_incomplete_multipart_upload_after=Duration.days(7))


class Data(Construct):
    """Buckets, ledger, key and queue. All but the queue are retained when the stack is deleted, unless the setting
    `retain` is false.
    """

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(scope, id)
        removal = RemovalPolicy.RETAIN if settings.retain else RemovalPolicy.DESTROY
        access_logs = self._access_logs(removal)
        # A dataset version is a key and a version id, so no version of an upload expires; its storage class changes.
        ageing = s3.LifecycleRule(
            id="Ageing",
            transitions=[
                s3.Transition(storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=Duration.days(30))
            ],
        )
        # Keys that were compared, and the like, which one run needs; see perennial/layout.py.
        scratch = s3.LifecycleRule(
            id="Scratch",
            prefix="scratch/",
            expiration=Duration.days(7),
            noncurrent_version_expiration=Duration.days(1),
        )
        forgetting = s3.LifecycleRule(
            id="Forgetting",
            expiration=Duration.days(settings.traffic_days),
            noncurrent_version_expiration=Duration.days(1),
        )
        self.intake = Intake(self, "Intake")
        self.data = Store(
            self,
            "Data",
            access_logs=access_logs,
            removal=removal,
            lifecycle=[UNFINISHED, ageing, scratch],
            intake=self.intake,
        )
        self.models = Store(self, "Models", access_logs=access_logs, removal=removal, lifecycle=[UNFINISHED, ageing])
        self.traffic = Store(
            self, "Traffic", access_logs=access_logs, removal=removal, lifecycle=[UNFINISHED, forgetting]
        )
        self.ledger = Ledger(self, "Ledger", removal=removal)
        self.signing = ModelKey(self, "Signing", title=settings.environment.title, removal=removal)

    def _access_logs(self, removal: RemovalPolicy) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[UNFINISHED, s3.LifecycleRule(id="Forgetting", expiration=Duration.days(365))],
            removal_policy=removal,
        )
        acknowledge(bucket, "Access logs of the access logs would grow without end", "S1")
        return bucket


class DataStack(Stack):
    """The stack of the stateful resources."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(
            scope,
            id,
            stack_name=settings.environment.stack("data"),
            description=f"{settings.environment.title}: the data, the models, the traffic and the ledger",
        )
        self.data = Data(self, "Data", settings=settings)
