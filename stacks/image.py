"""The prebuilt SageMaker scikit-learn image, in the registry of whichever region is deployed to."""

import json
from pathlib import Path

from aws_cdk import Aws, CfnMapping
from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.grants import allow

IMAGES = Path(__file__).with_name("images.json")


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
        """Let SageMaker fetch the image on behalf of the role."""
        allow(role, ("ecr:GetAuthorizationToken",), "*", because="It knows no resources")
        allow(
            role,
            ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            self._arn,
        )
