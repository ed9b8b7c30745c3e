"""SageMaker's model registry: the groups that the workflow keeps model versions in, one per model."""

from aws_cdk import Aws
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.grants import allow
from stacks.image import Image

PREFIX = "perennial-"  # of the groups' names
ACTIONS = ("CreateModelPackageGroup", "CreateModelPackage", "DescribeModelPackage", "ListModelPackages", "AddTags")


class Registry(Construct):
    """Names and rights; the groups themselves are made when a model's first version is registered."""

    def __init__(self, scope: Construct, id: str, *, image: Image) -> None:
        super().__init__(scope, id)
        self._image = image

    def grant_register(self, function: lambda_.Function) -> None:
        """Let a function enter versions and find those that are there."""
        here = f"arn:{Aws.PARTITION}:sagemaker:{Aws.REGION}:{Aws.ACCOUNT_ID}"
        allow(
            function,
            tuple(f"sagemaker:{action}" for action in ACTIONS),
            f"{here}:model-package-group/{PREFIX}*",
            f"{here}:model-package/{PREFIX}*",
            because="Every model has a group of its own",
        )
        function.add_environment("PERENNIAL_PACKAGE_GROUP_PREFIX", PREFIX)
        function.add_environment("PERENNIAL_TRAINING_IMAGE", self._image.uri)
