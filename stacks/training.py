"""The resources of training jobs: the prebuilt image, our source as an archive, and a role."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.grants import allow, grant_write_job_log, grant_write_metrics, pass_to_sagemaker
from stacks.layer import Wheels
from stacks.registries import Image
from stacks.settings import CODE, PROJECT, Settings
from stacks.source import DOMAIN, Source

JOB_ACTIONS = (
    "sagemaker:CreateTrainingJob",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:StopTrainingJob",
    "sagemaker:AddTags",
    "sagemaker:ListTags",
)
# the engine of patterns, and what it imports
_ENGINE = ("pydantic_core*/**/*", "typing_extensions*", "typing_extensions*/**/*")


# the reader of imported models, without its command and its cards
_IMPORTS = ("skops/*.py", "skops/io/**/*.py", "skops/utils/**/*.py", "skops-*/**/*")


class Training(Construct):
    """Source archive and role of every training job; the workflow creates the jobs."""

    def __init__(self, scope: Construct, id: str, *, image: Image, settings: Settings) -> None:
        super().__init__(scope, id)
        source = source_of(settings)
        archive = source.archive_to(PROJECT / "build" / f"training-{source.digest[:16]}.tar.gz")
        self._image, self._environment = image, settings.environment
        self._digest = source.digest
        self._source = assets.Asset(self, "Source", path=str(archive), asset_hash=source.digest)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        image.grant_pull(self.role)
        grant_write_metrics(self.role)
        grant_write_job_log(self.role, "TrainingJobs", settings.environment.training_jobs)

    def grant_run(self, machine: iam.IGrantable) -> None:
        """Allows the state machine what `createTrainingJob.sync` needs, and to pass the role to SageMaker only."""
        rule = (
            f"arn:{Aws.PARTITION}:events:{Aws.REGION}:{Aws.ACCOUNT_ID}:rule/"
            "StepFunctionsGetEventsForSageMakerTrainingJobsRule"
        )
        allow(machine, JOB_ACTIONS, self._jobs(), because="Jobs are named after runs")
        allow(machine, ("events:PutTargets", "events:PutRule", "events:DescribeRule"), rule)
        pass_to_sagemaker(self.role, machine)

    def grant_describe_jobs(self, function: lambda_.Function) -> None:
        """Allows a function to describe training jobs."""
        allow(function, ("sagemaker:DescribeTrainingJob",), self._jobs(), because="Jobs are named after runs")

    def grant_stop_jobs(self, function: lambda_.Function) -> None:
        """Allows a function to describe training jobs and to stop them."""
        actions = ("sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob")
        allow(function, actions, self._jobs(), because="Jobs are named after runs")

    def add_image_to(self, function: lambda_.Function) -> None:
        """Adds the image to the environment of a function, which composes requests of jobs."""
        function.add_environment("PERENNIAL_TRAINING_IMAGE", self._image.uri)

    def grant_read_source(self, function: lambda_.Function) -> None:
        """Allows a function to copy this deployment's source to where jobs read it."""
        allow(function, ("s3:GetObject",), f"{self._source.bucket.bucket_arn}/{self._source.s3_object_key}")
        function.add_environment("PERENNIAL_CODE_URI", self._source.s3_object_url)
        function.add_environment("PERENNIAL_CODE_DIGEST", self._digest)

    def _jobs(self) -> str:
        """The ARNs of the environment's training jobs."""
        jobs = f"arn:{Aws.PARTITION}:sagemaker:{Aws.REGION}:{Aws.ACCOUNT_ID}:training-job"
        return f"{jobs}/{self._environment.training_jobs}*"


def source_of(settings: Settings) -> Source:
    """The source of a training job: `training`, `perennial`, the users' estimators, and packages that the image lacks.

    treelite serves models with large trees, the packages of `wheels` those with patterns; their archives contain them.
    skops reads models that were trained elsewhere.
    """
    wheels = Wheels()
    wheels.install()
    return Source.of(
        ("", CODE / "training" / "shim", "train.py"),
        ("perennial", DOMAIN, "**/*"),
        ("training", CODE / "training", "**/*"),
        ("models", settings.models_folder, "*.py"),
        *[(path.name, path, "**/*") for path in sorted(wheels.folder.glob("treelite*"))],
        *[("", wheels.folder, pattern) for pattern in _IMPORTS],
        *[("wheels", wheels.folder, pattern) for pattern in _ENGINE],  # training/wheels.py
    )
