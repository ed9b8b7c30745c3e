"""IAM grants, and the findings of cdk-nag that are acknowledged with a reason.

A grant names no more actions than the code calls, and no wider resources than they accept.
"""

import json
from typing import Any

from aws_cdk import Acknowledgment, Aws, Stack, Validations
from aws_cdk import aws_iam as iam
from constructs import IConstruct

LOG_GROUPS = f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:log-group"
MAKE_LOGS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams")


def allow(grantee: iam.IGrantable, actions: tuple[str, ...], *resources: str, because: str = "") -> None:
    """Allows the actions on the resources, which are ARNs.

    Resources with a wildcard need a reason, `because`, with which the finding of cdk-nag is acknowledged.
    """
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(actions=list(actions), resources=list(resources))
    )
    if because:
        role = role_of(grantee)
        acknowledge(role, because, *[wildcard(role, resource) for resource in resources if "*" in resource])


def allow_key(grantee: iam.IGrantable, key: str, *actions: str) -> None:
    """Allows the grantee to use a KMS key, named by ARN, id or alias; the key's policy must delegate to IAM."""
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
    """The role of a grantee."""
    principal = grantee.grant_principal
    assert isinstance(principal, iam.Role), f"{principal} is no role of ours"
    return principal


def pass_to_sagemaker(role: iam.Role, grantee: iam.IGrantable) -> None:
    """Allows the grantee to pass a role to SageMaker only."""
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(
            actions=["iam:PassRole"],
            resources=[role.role_arn],
            conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        )
    )


def grant_write_endpoint_logs(role: iam.Role, prefix: str) -> None:
    """Allows SageMaker to write, in a role, the logs of the endpoints whose names begin with `prefix`."""
    allow(
        role,
        (*MAKE_LOGS, "logs:PutLogEvents"),
        f"{LOG_GROUPS}:/aws/sagemaker/Endpoints/{prefix}*",
        because="SageMaker names its log groups and streams after endpoints",
    )


def grant_write_job_log(role: iam.Role, kind: str, prefix: str) -> None:
    """Allows SageMaker to write, in a role, the log streams of jobs whose names begin with `prefix`.

    All jobs of a kind (`TrainingJobs`, `TransformJobs`) in an account share one log group.
    """
    group = f"{LOG_GROUPS}:/aws/sagemaker/{kind}"
    allow(role, MAKE_LOGS, f"{group}*", because="SageMaker makes one log group for all jobs, and a stream for each")
    allow(
        role,
        ("logs:PutLogEvents",),
        f"{group}:log-stream:{prefix}*",
        because="SageMaker names log streams after jobs",
    )


def grant_write_metrics(role: iam.Role) -> None:
    """Allows SageMaker to put its metrics in a role."""
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["cloudwatch:PutMetricData"],
            resources=["*"],
            conditions={"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*"]}},
        )
    )
    acknowledge(role, "PutMetricData accepts no resources; the namespace is fixed", "IAM5[Resource::*]")


def acknowledge(scope: IConstruct, reason: str, *findings: str) -> None:
    """Accepts findings of the AwsSolutions pack on a construct and its children.

    A finding is its id without the pack: `L1`, or `IAM5[Resource::*]`.
    """
    Validations.of(scope).acknowledge(
        *[Acknowledgment(id=f"AwsSolutions-{finding}", reason=reason) for finding in findings]
    )


def wildcard(scope: IConstruct, resource: str) -> str:
    """The finding about a resource with a wildcard in a policy, with tokens spelt as cdk-nag spells them."""
    return f"IAM5[Resource::{_flat(Stack.of(scope).resolve(resource))}]"


def _flat(value: Any) -> str:
    match value:
        case str():
            return value
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(_flat(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return _flat(name)
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            return json.dumps(value, separators=(",", ":"))
