"""The handlers: one code asset, one layer, one Lambda function each, with a role and a log group of its own."""

from dataclasses import dataclass

from aws_cdk import AssetHashType, BundlingOptions, DockerImage, Duration, ILocalBundling, RemovalPolicy
from aws_cdk import Size as StorageSize
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.acknowledgement import acknowledge
from stacks.layer import Layer
from stacks.queues import DeadLetters
from stacks.settings import ROOT, Settings
from stacks.source import Copying, Source

NO_DOCKER = DockerImage.from_registry("unused")  # the CDK wants an image even if bundling is done here
RUNTIME = lambda_.Runtime.PYTHON_3_13


@dataclass(frozen=True)
class Size:
    """What a function gets: MiB of memory (and CPU with it), seconds, MiB of scratch disk."""

    memory: int
    seconds: int
    disk: int


SMALL = Size(512, 60, 512)  # asks and notes
MEDIUM = Size(1024, 300, 4096)  # holds an archive, or a profile
LARGE = Size(3008, 600, 10_240)  # reads a whole file of data


class Lambdas(Construct):
    """Every function of the platform. What each may do is granted by the stack, an arrow at a time."""

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
            "Reconcile", "functions.dispatch.reconcile.handler", size=MEDIUM, by_events=True
        )
        self.plan = self._function("Plan", "functions.validation.plan.handler", size=LARGE)
        self.plan.add_environment("PERENNIAL_SLICE_MB", str(settings.slice_mb))
        self.inspect = self._function("Inspect", "functions.validation.inspect.handler", size=LARGE)
        largest = Size(settings.largest_memory_mb, 900, 10_240)  # for what was too much for a large one
        self.inspect_larger = self._function("InspectLarger", "functions.validation.inspect.handler", size=largest)
        self.surrender = self._function("Surrender", "functions.validation.surrender.handler")
        self.compare_keys = self._function("CompareKeys", "functions.validation.compare.handler", size=LARGE)
        self.gather = self._function("GatherRepeats", "functions.validation.gather.handler")
        self.merge = self._function("Merge", "functions.validation.merge.handler", size=LARGE)
        self.compare = self._function("Compare", "functions.drift.handler.handler", size=MEDIUM)
        self.prepare = self._function("Prepare", "functions.preparation.handler.handler", size=MEDIUM)
        self.recover = self._function("RecoverTraining", "functions.preparation.recovery.handler")
        self.judge = self._function("Judge", "functions.gate.handler.handler", size=MEDIUM)
        self.ask = self._function("Ask", "functions.approval.ask.handler")
        self.hear = self._function("Hear", "functions.approval.hear.handler")
        self.register = self._function("Register", "functions.registration.handler.handler", size=MEDIUM)
        self.shadow = self._function("Shadow", "functions.release.shadow.handler", size=MEDIUM)
        self.begin = self._function("BeginRelease", "functions.release.begin.handler")
        self.check = self._function("CheckEndpoint", "functions.release.check.handler")
        self.canary = self._function("AskCanary", "functions.release.canary.handler", size=MEDIUM)
        self.verify = self._function("Verify", "functions.release.verify.handler", size=MEDIUM)
        self.restore = self._function("Restore", "functions.release.restore.handler")
        self.conclude = self._function("Conclude", "functions.conclusion.handler.handler", by_events=True)
        self.report = self._function("Report", "functions.reporting.handler.handler", size=MEDIUM)
        self.monitor = self._function("Monitor", "functions.monitoring.handler.handler", size=LARGE, by_events=True)

    @property
    def every(self) -> list[lambda_.Function]:
        """All functions, in the order in which a dataset meets them."""
        return [child for child in self.node.children if isinstance(child, lambda_.Function)]

    @property
    def tasks(self) -> list[lambda_.Function]:
        """The functions that do a run's work, each of which opens the run's spec."""
        apart = (self.dispatch, self.reconcile, self.conclude, self.monitor)
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
            dead_letter_queue=self._dead_letters.events if by_events else None,  # else the caller hears of the error
            logging_format=lambda_.LoggingFormat.JSON,
            environment={
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "POWERTOOLS_METRICS_NAMESPACE": "Perennial",
                "POWERTOOLS_SERVICE_NAME": self._settings.name,
                "PYDANTIC_DISABLE_PLUGINS": "__all__",  # there are none, and looking for them takes time
                # Polars reads many row groups ahead, which takes a quarter more memory and saves no time
                "POLARS_ROW_GROUP_PREFETCH_SIZE": "1",
            },
        )
        acknowledge(role, "X-Ray's actions know no resources", "IAM5[Resource::*]")
        return function


def code_of(settings: Settings) -> Source:
    """What the functions' asset holds: the handlers, what they call, and the specs, which travel with the code."""
    return Source.of(
        *[(room, ROOT / room, "**/*") for room in ("functions", "perennial", "cloud")],
        *[("models", settings.models_folder, pattern) for pattern in ("*.yaml", "*.py")],
    )


def _bundled(contents: ILocalBundling, digest: str) -> lambda_.Code:
    return lambda_.Code.from_asset(
        str(ROOT),
        asset_hash=digest,
        asset_hash_type=AssetHashType.CUSTOM,
        bundling=BundlingOptions(image=NO_DOCKER, local=contents),
    )
