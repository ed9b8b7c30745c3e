"""The registries that SageMaker reads: the prebuilt container image of the region, and the model registry."""

import json
from pathlib import Path

from aws_cdk import Aws, CfnMapping
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.grants import allow
from stacks.settings import Settings

IMAGES = Path(__file__).with_name("images.json")
ACTIONS = ("CreateModelPackageGroup", "CreateModelPackage", "ListModelPackages", "AddTags")


class Image(Construct):
    """The prebuilt SageMaker scikit-learn image of the region that is deployed to."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        table = json.loads(IMAGES.read_text())
        mapping = CfnMapping(
            self, "Registries", mapping={region: {"account": id} for region, id in table["accounts"].items()}
        )
        account = mapping.find_in_map(Aws.REGION, "account")
        self.uri = f"{account}.dkr.ecr.{Aws.REGION}.{Aws.URL_SUFFIX}/{table['repository']}:{table['tag']}"
        self._arn = f"arn:{Aws.PARTITION}:ecr:{Aws.REGION}:{account}:repository/{table['repository']}"

    def grant_pull(self, role: iam.Role) -> None:
        """Allows SageMaker to pull the image in the role."""
        allow(role, ("ecr:GetAuthorizationToken",), "*", because="GetAuthorizationToken accepts no resources")
        allow(
            role,
            ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            self._arn,
        )


class Registry(Construct):
    """The grant to the model registry; a group is created when a model's first version is registered."""

    def __init__(self, scope: Construct, id: str, *, image: Image, settings: Settings) -> None:
        super().__init__(scope, id)
        self._image, self._environment = image, settings.environment

    def grant_register(self, function: lambda_.Function) -> None:
        """Allows a function to register versions and to find registered ones."""
        here = f"arn:{Aws.PARTITION}:sagemaker:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        allow(
            function,
            tuple(f"sagemaker:{action}" for action in ACTIONS),
            f"{here}:model-package-group/{self._environment.package_group('*')}",
            f"{here}:model-package/{self._environment.package_group('*')}",
            because="Every model has its own group",
        )
        function.add_environment("PERENNIAL_TRAINING_IMAGE", self._image.uri)

    def grant_mark(self, function: lambda_.Function) -> None:
        """Allows a function to find groups of versions, and to tag them."""
        here = f"arn:{Aws.PARTITION}:sagemaker:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        groups = f"{here}:model-package-group/{self._environment.package_group('*')}"
        actions = ("sagemaker:DescribeModelPackageGroup", "sagemaker:AddTags")
        allow(function, actions, groups, because="Every model has its own group")
