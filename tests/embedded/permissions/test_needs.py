"""Each call needs the actions, resources and keys that the Service Authorization Reference names for it."""

from typing import Any

import botocore.session
import pytest

from embedded.permissions.need import Place
from embedded.permissions.needs import TABLES, needs
from embedded.permissions.needs.watching import image_pull

ACCOUNT = "123456789012"
HERE = f"us-east-1:{ACCOUNT}"
KEY = f"arn:aws:kms:{HERE}:key/k"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Job"


class Encrypted:
    """Resources of which everything is encrypted by one key of the customer's, and every endpoint scaled."""

    def bucket_key(self, bucket: str) -> str:
        """The key."""
        return KEY

    def object_key(self, bucket: str, key: str, version: str | None) -> str:
        """The key."""
        return KEY

    def queue_key(self, arn: str) -> str:
        """The key."""
        return KEY

    def topic_key(self, arn: str) -> str:
        """The key."""
        return KEY

    def key(self, name: str) -> str:
        """The key."""
        return KEY

    def is_scaled(self, endpoint: str) -> bool:
        """Every endpoint is."""
        return True

    def config_of(self, endpoint: str) -> str:
        """One configuration."""
        return "c"

    def mapped_function(self, uuid: str) -> str:
        """One function."""
        return f"arn:aws:lambda:{HERE}:function:f"


PLACE = Place(ACCOUNT, "us-east-1", Encrypted())
CALLS: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    ("s3", "GetObject", {"Bucket": "b", "Key": "k/x"}, [("s3:GetObject", "arn:aws:s3:::b/k/x"), ("kms:Decrypt", KEY)]),
    (
        "s3",
        "GetObject",
        {"Bucket": "b", "Key": "k", "VersionId": "v"},
        [("s3:GetObjectVersion", "arn:aws:s3:::b/k"), ("kms:Decrypt", KEY)],
    ),
    (
        "s3",
        "PutObject",
        {"Bucket": "b", "Key": "k", "Tagging": "a=b"},
        [
            ("s3:PutObject", "arn:aws:s3:::b/k"),
            ("s3:PutObjectTagging", "arn:aws:s3:::b/k"),
            ("kms:GenerateDataKey", KEY),
        ],
    ),
    (
        "s3",
        "CopyObject",
        {"Bucket": "b", "Key": "k", "CopySource": "from/a%20b?versionId=v", "ServerSideEncryption": "AES256"},
        [
            ("s3:GetObjectVersion", "arn:aws:s3:::from/a b"),
            ("kms:Decrypt", KEY),
            ("s3:PutObject", "arn:aws:s3:::b/k"),
        ],
    ),
    ("s3", "ListObjectsV2", {"Bucket": "b", "Prefix": "p/"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
    (
        "sagemaker",
        "CreateTrainingJob",
        {"TrainingJobName": "Run-1", "RoleArn": ROLE, "Tags": [{"Key": "run", "Value": "1"}]},
        [
            ("sagemaker:CreateTrainingJob", f"arn:aws:sagemaker:{HERE}:training-job/run-1"),
            ("sagemaker:AddTags", f"arn:aws:sagemaker:{HERE}:training-job/run-1"),
            ("iam:PassRole", ROLE),
        ],
    ),
    (
        "sagemaker",
        "CreateModel",
        {"ModelName": "m", "ExecutionRoleArn": ROLE},
        [("sagemaker:CreateModel", f"arn:aws:sagemaker:{HERE}:model/m"), ("iam:PassRole", ROLE)],
    ),
    (
        "sagemaker",
        "UpdateEndpoint",
        {"EndpointName": "e", "EndpointConfigName": "c"},
        [
            ("sagemaker:UpdateEndpoint", f"arn:aws:sagemaker:{HERE}:endpoint/e"),
            ("sagemaker:UpdateEndpoint", f"arn:aws:sagemaker:{HERE}:endpoint-config/c"),
        ],
    ),
    (
        "sagemaker",
        "DeleteEndpoint",
        {"EndpointName": "e"},
        [
            ("sagemaker:DeleteEndpoint", f"arn:aws:sagemaker:{HERE}:endpoint/e"),
            (
                "application-autoscaling:DeregisterScalableTarget",
                f"arn:aws:application-autoscaling:{HERE}:scalable-target/*",
            ),
            ("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{HERE}:alarm:TargetTracking-endpoint/e/variant/-"),
        ],
    ),
    ("sqs", "SendMessage", {"QueueUrl": f"http://127.0.0.1:1/{ACCOUNT}/q"}, [
        ("sqs:SendMessage", f"arn:aws:sqs:{HERE}:q"), ("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)]),
    ("sns", "Publish", {"TopicArn": f"arn:aws:sns:{HERE}:t"}, [
        ("sns:Publish", f"arn:aws:sns:{HERE}:t"), ("kms:GenerateDataKey", KEY), ("kms:Decrypt", KEY)]),
    ("dynamodb", "Query", {"TableName": "t", "IndexName": "i"}, [
        ("dynamodb:Query", f"arn:aws:dynamodb:{HERE}:table/t/index/i")]),
    ("dynamodb", "TransactWriteItems", {"TransactItems": [
        {"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "u"}}]}, [
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{HERE}:table/t"),
        ("dynamodb:ConditionCheckItem", f"arn:aws:dynamodb:{HERE}:table/u")]),
    ("lambda", "Invoke", {"FunctionName": "f"}, [("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:f")]),
    ("events", "PutTargets", {"Rule": "r", "Targets": [{"RoleArn": ROLE}]}, [
        ("events:PutTargets", f"arn:aws:events:{HERE}:rule/r"), ("iam:PassRole", ROLE)]),
    ("ssm", "GetParameter", {"Name": "/perennial/platform"}, [
        ("ssm:GetParameter", f"arn:aws:ssm:{HERE}:parameter/perennial/platform")]),
    ("cloudwatch", "DescribeAlarms", {}, [("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{HERE}:alarm:*")]),
    ("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s"}, [
        ("logs:PutLogEvents", f"arn:aws:logs:{HERE}:log-group:g:log-stream:s")]),
    ("sts", "GetCallerIdentity", {}, []),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "parameters", "wanted"), CALLS, ids=lambda part: str(part)[:30])
def test_a_call_needs(service: str, operation: str, parameters: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    found = needs(service, operation, parameters, PLACE)
    assert found is not None
    assert [(access.action, access.resource) for access in found] == wanted


def test_a_passed_role_names_the_service_it_is_passed_to() -> None:
    found = needs("sagemaker", "CreateModel", {"ModelName": "m", "ExecutionRoleArn": ROLE}, PLACE)
    assert found is not None
    assert found[-1].context == (("iam:PassedToService", ("sagemaker.amazonaws.com",)),)


def test_a_call_that_no_table_knows_is_unknown() -> None:
    assert needs("sagemaker", "CreateCluster", {}, PLACE) is None
    assert needs("ec2", "RunInstances", {}, PLACE) is None


def test_every_operation_of_the_tables_is_one_of_the_services() -> None:
    session = botocore.session.get_session()
    for service, table in TABLES.items():
        known = set(session.get_service_model(service).operation_names)
        assert set(table) <= known, service


def test_an_image_of_ecr_is_pulled_by_four_rights() -> None:
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
    assert next((access.action, access.resource) for access in image_pull(image)) == ("ecr:GetAuthorizationToken", "*")
    repository = "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-scikit-learn"
    assert {access.resource for access in image_pull(image)[1:]} == {repository}
    assert image_pull("python:3.12") == []
