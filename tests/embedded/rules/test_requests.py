"""Rules beyond the service models, against a running cloud; and stacks with names that exist."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.providers.provider import DeployError
from embedded.rules.requests import RULES

ROLE = "arn:aws:iam::123456789012:role/x"
ALARM = {
    "AlarmName": "long", "MetricName": "m", "Namespace": "n", "Threshold": 1.0, "Statistic": "Sum",
    "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip
TOPIC = {"TopicArn": "arn:aws:sns:us-east-1:123456789012:ruled", "Message": "m"}
FUNCTION = {"FunctionName": "f", "Role": ROLE, "Code": {"ZipFile": b"PK"}}


@pytest.mark.parametrize(
    ("service", "operation", "given", "code"),
    [
        ("sns", "publish", TOPIC | {"Subject": "two\nlines"}, "InvalidParameter"),
        ("sns", "publish", TOPIC | {"Subject": "né"}, "InvalidParameter"),
        ("sns", "publish", TOPIC | {"Subject": "s" * 100}, "InvalidParameter"),
        ("cloudwatch", "put_metric_alarm", ALARM | {"Period": 60, "EvaluationPeriods": 1441}, "ValidationError"),
        ("cloudwatch", "put_metric_alarm", ALARM | {"Period": 3600, "EvaluationPeriods": 169}, "ValidationError"),
        ("s3", "create_bucket", {"Bucket": "a_b"}, "InvalidBucketName"),
        ("s3", "put_object", {"Bucket": "ruled", "Key": "é" * 513, "Body": b""}, "KeyTooLongError"),
        ("s3", "put_object", {"Bucket": "ruled", "Key": "k", "Metadata": {"m": "x" * 2048}}, "MetadataTooLarge"),
        (
            "s3", "put_object_tagging",
            {"Bucket": "ruled", "Key": "k", "Tagging": {"TagSet": [{"Key": str(n), "Value": ""} for n in range(11)]}},
            "BadRequest",
        ),
        (
            "lambda", "create_function", FUNCTION | {"Environment": {"Variables": {"LONG": "x" * 4093}}},
            "InvalidParameterValueException",
        ),
        ("dynamodb", "put_item", {"TableName": "ruled", "Item": {"id": {"S": "x" * 409_600}}}, "ValidationException"),
    ],
)  # fmt: skip
def test_a_call_that_breaks_a_rule_is_refused_by_its_code(world, service, operation, given, code):
    if service == "dynamodb":
        world.client("dynamodb").create_table(
            TableName="ruled", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        )  # fmt: skip
    with pytest.raises(ClientError) as caught:
        getattr(world.client(service), operation)(**given)
    assert caught.value.response["Error"]["Code"] == code


def test_calls_at_the_limits_pass(world):
    world.client("s3").create_bucket(Bucket="at.the-limits")
    world.client("s3").put_object(Bucket="at.the-limits", Key="k" * 1024, Body=b"", Metadata={"m": "x" * 2000})
    world.client("cloudwatch").put_metric_alarm(**ALARM, Period=60, EvaluationPeriods=1440)
    world.client("cloudwatch").put_metric_alarm(**ALARM, Period=3600, EvaluationPeriods=168)


def test_every_rule_has_its_source():
    assert all(rule.source.startswith("https://") for rules in RULES.values() for rule in rules)


TAKEN: list[tuple[str, dict[str, Any], str, str, dict[str, Any]]] = [
    ("AWS::Logs::LogGroup", {"LogGroupName": "/taken"}, "logs", "create_log_group", {"logGroupName": "/taken"}),
    (
        "AWS::SSM::Parameter", {"Name": "/taken", "Type": "String", "Value": "v"}, "ssm", "put_parameter",
        {"Name": "/taken", "Type": "String", "Value": "v"},
    ),
    ("AWS::S3::Bucket", {"BucketName": "taken"}, "s3", "create_bucket", {"Bucket": "taken"}),
    ("AWS::SQS::Queue", {"QueueName": "taken"}, "sqs", "create_queue", {"QueueName": "taken"}),
    ("AWS::SNS::Topic", {"TopicName": "taken"}, "sns", "create_topic", {"Name": "taken"}),
    (
        "AWS::Glue::Database", {"CatalogId": "123456789012", "DatabaseInput": {"Name": "taken"}}, "glue",
        "create_database", {"DatabaseInput": {"Name": "taken"}},
    ),
    (
        "AWS::CloudWatch::Alarm", ALARM | {"AlarmName": "taken", "Period": 60, "EvaluationPeriods": 1}, "cloudwatch",
        "put_metric_alarm", ALARM | {"AlarmName": "taken", "Period": 60, "EvaluationPeriods": 1},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "properties", "service", "operation", "given"), TAKEN)
def test_a_stacks_resource_of_a_name_that_is_taken_fails(world, type_, properties, service, operation, given):
    getattr(world.client(service), operation)(**given)
    name = f"taken-{type_.split(':')[-1].lower()}"
    with pytest.raises(DeployError, match="already exists"):
        world.deploy(name, {"Resources": {"Thing": {"Type": type_, "Properties": properties}}})
    world.forget(name)
