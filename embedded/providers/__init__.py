"""The resource types the embedded cloud can deploy: one module per service, one class per type.

To add a type: write its class, name it in its module's PROVIDERS, and list a new module below.
"""

from embedded.providers import (
    awslambda,
    cloudwatch,
    dynamodb,
    events,
    glue,
    iam,
    keys_and_parameters,
    lambda_invocation,
    logs,
    s3,
    sagemaker,
    sns,
    sqs,
    stepfunctions,
)
from embedded.providers.provider import Provider

_MODULES = (
    awslambda,
    cloudwatch,
    dynamodb,
    events,
    glue,
    iam,
    keys_and_parameters,
    lambda_invocation,
    logs,
    s3,
    sagemaker,
    sns,
    sqs,
    stepfunctions,
)

PROVIDERS: dict[str, Provider] = {provider.type: provider() for module in _MODULES for provider in module.PROVIDERS}

# Resource types without an effect here, and why.
IGNORED_TYPES = {"AWS::CDK::Metadata": "reports the CDK version to AWS"}
