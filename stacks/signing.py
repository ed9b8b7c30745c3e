"""The key by which registered models are signed. It lies with the ledger and the archives, and is kept as they are."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from stacks.grants import allow

VARIABLE = "PERENNIAL_SIGNING_KEY"


class ModelKey(Construct):
    """An asymmetric KMS key. One function signs with it; others read its public half."""

    def __init__(self, scope: Construct, id: str, *, title: str, removal: RemovalPolicy) -> None:
        super().__init__(scope, id)
        self.key = kms.Key(
            self,
            "Key",
            description=f"Signs the models that {title} registers",
            key_spec=kms.KeySpec.RSA_3072,  # perennial/contract/signed.py verifies this kind
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            removal_policy=removal,
        )

    def grant_sign(self, function: lambda_.Function) -> None:
        """Allows a function to sign. It is for the one that registers judged models."""
        self._grant(function, "kms:Sign")

    def grant_verify(self, function: lambda_.Function) -> None:
        """Allows a function to read the public key, and since when there is one."""
        self._grant(function, "kms:GetPublicKey", "kms:DescribeKey")

    def _grant(self, function: lambda_.Function, *actions: str) -> None:
        allow(function, actions, self.key.key_arn)
        function.add_environment(VARIABLE, self.key.key_arn)
