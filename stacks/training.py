"""What a training job needs: the prebuilt image, our source as an archive, and a role."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from stacks.grants import allow, grant_watch, pass_to_sagemaker
from stacks.image import Image
from stacks.layer import Wheels
from stacks.settings import ROOT, Settings
from stacks.source import Source

JOB_ACTIONS = (
    "sagemaker:CreateTrainingJob",
    "sagemaker:DescribeTrainingJob",
    "sagemaker:StopTrainingJob",
    "sagemaker:AddTags",
    "sagemaker:ListTags",
)


class Training(Construct):
    """Source archive and role of every training job; the jobs themselves belong to the workflow."""

    def __init__(self, scope: Construct, id: str, *, image: Image, settings: Settings) -> None:
        super().__init__(scope, id)
        source = source_of(settings)
        archive = source.archive_to(ROOT / "build" / f"training-{source.digest[:16]}.tar.gz")
        self._image = image
        self._digest = source.digest
        self._source = assets.Asset(self, "Source", path=str(archive), asset_hash=source.digest)
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        image.grant_pull(self.role)
        grant_watch(self.role, "TrainingJobs")
        allow(self.role, ("s3:GetObject",), f"{self._source.bucket.bucket_arn}/{self._source.s3_object_key}")
        allow(self.role, ("s3:ListBucket",), self._source.bucket.bucket_arn)

    def grant_run(self, machine: iam.IGrantable) -> None:
        """Exactly what `createTrainingJob.sync` asks for; the role is handed to SageMaker, and to nobody else."""
        here = f"{Aws.REGION}:{Aws.ACCOUNT_ID}"
        jobs = f"arn:{Aws.PARTITION}:sagemaker:{here}:training-job/*"
        rule = f"arn:{Aws.PARTITION}:events:{here}:rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"
        allow(machine, JOB_ACTIONS, jobs, because="Jobs bear the ids of runs")
        allow(machine, ("events:PutTargets", "events:PutRule", "events:DescribeRule"), rule)
        pass_to_sagemaker(self.role, machine)

    def grant_look(self, function: lambda_.Function) -> None:
        """Let a function ask how a job is."""
        jobs = f"arn:{Aws.PARTITION}:sagemaker:{Aws.REGION}:{Aws.ACCOUNT_ID}:training-job/*"
        allow(function, ("sagemaker:DescribeTrainingJob",), jobs, because="Jobs bear the ids of runs")

    def grant_compose(self, function: lambda_.Function) -> None:
        """Let a function compose the request of a job: what it needs to know is all it needs."""
        function.add_environment("PERENNIAL_TRAINING_IMAGE", self._image.uri)
        function.add_environment("PERENNIAL_CODE_URI", self._source.s3_object_url)
        self.identify_to(function)

    def identify_to(self, function: lambda_.Function) -> None:
        """Tell a function which code the jobs run, for the record."""
        function.add_environment("PERENNIAL_CODE_DIGEST", self._digest)


def source_of(settings: Settings) -> Source:
    """What a training job runs: our package, the domain's part that it shares, and the users' estimators.

    And treelite, which the image lacks: a model whose trees are large is served by it, and takes it along.
    """
    wheels = Wheels()
    wheels.install()
    return Source.of(
        ("", ROOT / "training" / "shim", "train.py"),
        *[(room, ROOT / room, "**/*") for room in ("training", "perennial")],
        ("models", settings.models_folder, "*.py"),
        *[(path.name, path, "**/*") for path in sorted(wheels.folder.glob("treelite*"))],
    )
