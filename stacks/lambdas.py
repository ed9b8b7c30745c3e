"""The Lambda functions: one code asset and one layer for all, a role and a log group for each."""

from dataclasses import dataclass

from aws_cdk import AssetHashType, BundlingOptions, DockerImage, Duration, ILocalBundling, RemovalPolicy
from aws_cdk import Size as StorageSize
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.grants import acknowledge
from stacks.ingestion import DeadLetters
from stacks.layer import Layer
from stacks.settings import CODE, Settings
from stacks.source import DOMAIN, Copying, Source

NO_DOCKER = DockerImage.from_registry("unused")  # the CDK asks for an image even if bundling is local
RUNTIME = lambda_.Runtime.PYTHON_3_13


@dataclass(frozen=True)
class Size:
    """The size of a function: MiB of memory (and CPU with it), seconds, MiB of scratch disk."""

    memory: int
    seconds: int
    disk: int


SMALL = Size(512, 60, 512)  # API calls and records
MEDIUM = Size(1024, 300, 4096)  # an archive or a profile in memory
LARGE = Size(3008, 600, 10_240)  # a whole file of data


class Lambdas(Construct):
    """Every function of the platform. The stack makes the grants."""

    def __init__(self, scope: Construct, id: str, *, dead_letters: DeadLetters, settings: Settings) -> None:
        super().__init__(scope, id)
        self._settings, self._dead_letters = settings, dead_letters
        acknowledge(self, "The layer is locked for this Python; both move together", "L1")
        source = code_of(settings)
        self._code = _bundled(Copying(source), source.digest)
        layer = Layer()
        self._layer = lambda_.LayerVersion(
            self,
            "ThirdParties",
            description="What the handlers import beside boto3",
            code=_bundled(layer, layer.digest),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[lambda_.Architecture.ARM_64],
        )
        self.dispatch = self._function("Dispatch", "functions.dispatch.handler.handler")
        self.reconcile = self._function(
            "Reconcile", "functions.dispatch.reconciliation.handler", size=MEDIUM, by_events=True
        )
        self.tidy = self._function("Tidy", "functions.dispatch.remnants.handler", by_events=True)
        self.plan = self._function("Plan", "functions.validation.plan.handler", size=LARGE)
        self.plan.add_environment("PERENNIAL_SLICE_MB", str(settings.slice_mb))
        self.inspect = self._function("Inspect", "functions.validation.inspect.handler", size=LARGE)
        largest = Size(settings.largest_memory_mb, 900, 10_240)  # for a file that was too much for LARGE
        self.inspect_larger = self._function("InspectLarger", "functions.validation.inspect.handler", size=largest)
        self.mark_uninspectable = self._function("MarkUninspectable", "functions.validation.inspect.mark_uninspectable")
        self.mark_uninspectable.add_environment("PERENNIAL_LARGEST_MEMORY_MB", str(settings.largest_memory_mb))
        self.compare_keys = self._function("CompareKeys", "functions.validation.duplicates.compare_keys", size=LARGE)
        self.collect_duplicates = self._function(
            "CollectDuplicates", "functions.validation.duplicates.collect_duplicates"
        )
        self.merge = self._function("Merge", "functions.validation.merge.handler", size=LARGE)
        self.compare = self._function("Compare", "functions.drift.handler", size=MEDIUM)
        self.prepare = self._function("Prepare", "functions.preparation.handler.handler", size=MEDIUM)
        self.recover = self._function("RecoverTraining", "functions.preparation.recovery.handler")
        self.judge = self._function("Judge", "functions.gate.handler", size=MEDIUM)
        self.request_approval = self._function("RequestApproval", "functions.approval.request_approval")
        self.record_approval = self._function("RecordApproval", "functions.approval.record_approval")
        self.register = self._function("Register", "functions.registration.handler", size=MEDIUM)
        self.shadow = self._function("Shadow", "functions.release.shadow.handler", size=MEDIUM)
        self.start_deployment = self._function("StartDeployment", "functions.release.deployment.handler")
        self.check = self._function("CheckEndpoint", "functions.release.check.handler")
        self.check_canary = self._function("CheckCanary", "functions.release.canary.handler", size=MEDIUM)
        self.verify = self._function("Verify", "functions.release.verify.handler", size=MEDIUM)
        self.finish = self._function("FinishRelease", "functions.release.finish.handler")
        self.rollback = self._function("Rollback", "functions.release.rollback.handler")
        self.clean_up = self._function("CleanUp", "functions.cleanup.handler")
        self.retire = self._function("Retire", "functions.retirement.handler")
        self.conclude = self._function("Conclude", "functions.conclusion.handler", by_events=True)
        self.report = self._function("Report", "functions.reporting.handler", size=MEDIUM)
        self.tabulate = self._function("Tabulate", "functions.tabulation.handler.handler", size=LARGE, by_events=True)
        self.record_truth = self._function("RecordTruth", "functions.truth.handler", size=LARGE)
        self.webhook: lambda_.Function | None = None
        if settings.webhook_secret:
            self.webhook = self._function("Webhook", "functions.webhook.handler", by_events=True)
            self.webhook.add_environment("PERENNIAL_WEBHOOK_SECRET", settings.webhook_secret)
        self.track: lambda_.Function | None = None
        if settings.tracks:
            self.track = self._function("Track", "functions.tracking.handler", size=MEDIUM)
        self.forget = self._function("Forget", "functions.forgetting.handler.handler", size=largest)
        self.monitor = self._function("Monitor", "functions.monitoring.handler", size=LARGE, by_events=True)
        self.weekly = self._function("Weekly", "functions.weekly.handler", by_events=True)

    @property
    def every(self) -> list[lambda_.Function]:
        """All functions, in the order of the workflow."""
        return [child for child in self.node.children if isinstance(child, lambda_.Function)]

    @property
    def tasks(self) -> list[lambda_.Function]:
        """The functions of the workflow's states, which read the run's spec."""
        by_events = (self.dispatch, self.reconcile, self.conclude, self.tabulate, self.record_truth, self.monitor)
        apart = (*by_events, self.webhook, self.track, self.forget, self.tidy, self.weekly)
        return [function for function in self.every if function not in apart]

    def _function(self, id: str, handler: str, *, size: Size = SMALL, by_events: bool = False) -> lambda_.Function:
        group = logs.LogGroup(
            self,
            f"{id}Logs",
            retention=logs.RetentionDays[self._settings.log_retention],
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(self, f"{id}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        group.grant_write(role)
        function = lambda_.Function(
            self,
            id,
            handler=handler,
            runtime=RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            code=self._code,
            layers=[self._layer],
            role=role,
            memory_size=size.memory,
            timeout=Duration.seconds(size.seconds),
            ephemeral_storage_size=StorageSize.mebibytes(size.disk),
            tracing=lambda_.Tracing.ACTIVE,
            log_group=group,
            dead_letter_queue=self._dead_letters.events if by_events else None,  # other callers receive the error
            logging_format=lambda_.LoggingFormat.JSON,
            environment={
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "PERENNIAL_ENVIRONMENT": self._settings.name,
                "POWERTOOLS_METRICS_NAMESPACE": self._settings.environment.metrics,
                "POWERTOOLS_SERVICE_NAME": self._settings.name,
                "PYDANTIC_DISABLE_PLUGINS": "__all__",  # there are none, and the search for them takes time
                # Polars reads many row groups ahead, which takes a quarter more memory and saves no time
                "POLARS_ROW_GROUP_PREFETCH_SIZE": "1",
            },
        )
        acknowledge(role, "X-Ray's actions accept no resources", "IAM5[Resource::*]")
        return function


def code_of(settings: Settings) -> Source:
    """The files of the functions' asset: the handlers, the packages they import, and the specs."""
    return Source.of(
        ("perennial", DOMAIN, "**/*"),
        *[(room, CODE / room, "**/*") for room in ("functions", "cloud", "awsrules")],
        ("training", CODE / "training", "mlflow_loader.py"),  # which an exported model carries
        *[("models", settings.models_folder, pattern) for pattern in ("*.yaml", "*.py")],
    )


def _bundled(contents: ILocalBundling, digest: str) -> lambda_.Code:
    return lambda_.Code.from_asset(
        str(CODE),
        asset_hash=digest,
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(image=NO_DOCKER, local=contents),
    )
