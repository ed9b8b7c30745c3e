"""Rights, in the exact words of IAM: no more actions than the code calls, no wider resources than they take."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from stacks.acknowledgement import acknowledge, wildcard


def allow(grantee: iam.IGrantable, actions: tuple[str, ...], *resources: str, because: str = "") -> None:
    """Let the grantee do the actions on the resources, which are ARNs.

    Resources with a wildcard need a reason: `because` says it, and cdk-nag is told. Without one its finding stays.
    """
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(actions=list(actions), resources=list(resources))
    )
    if because:
        role = role_of(grantee)
        acknowledge(role, because, *[wildcard(role, resource) for resource in resources if "*" in resource])


def allow_key(grantee: iam.IGrantable, key: str, *actions: str) -> None:
    """Let the grantee use a KMS key of the account, named by ARN, id or alias; its policy must delegate to IAM."""
    keys = f"arn:{Aws.PARTITION}:kms:{Aws.REGION}:{Aws.ACCOUNT_ID}:key"
    if "alias/" not in key:
        allow(grantee, actions, key if key.startswith("arn:") else f"{keys}/{key}")
        return
    alias = f"alias/{key.split('alias/', 1)[1]}"
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(
            actions=list(actions),
            resources=[f"{keys}/*"],
            conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}},
        )
    )
    role = role_of(grantee)
    acknowledge(role, "Only the key that bears the alias", wildcard(role, f"{keys}/*"))


def role_of(grantee: iam.IGrantable) -> iam.IRole:
    """The role that a grantee acts as."""
    principal = grantee.grant_principal
    assert isinstance(principal, iam.Role), f"{principal} is no role of ours"
    return principal


def pass_to_sagemaker(role: iam.Role, grantee: iam.IGrantable) -> None:
    """Let the grantee hand a role to SageMaker, and to nobody else."""
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
    )


def grant_watch(role: iam.Role, what: str) -> None:
    """Let SageMaker write, on behalf of a role, logs of a kind (`TrainingJobs`, `Endpoints`) and metrics."""
    group = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group:/aws/sagemaker/{what}*"
    allow(
        role,
        ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
        group,
        because="SageMaker names its log groups and streams after jobs and endpoints",
    )
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*"]}},
        )
    )
    acknowledge(role, "PutMetricData knows no resources; the namespace is bound", "IAM5[Resource::*]")
