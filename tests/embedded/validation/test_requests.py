"""The embedded cloud refuses the requests that a service's model refuses, in AWS's words, in every protocol."""

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.sagemaker import runtime

ROLE = "arn:aws:iam::123456789012:role/x"
LONG = "x" * 300
SPACE = "failed to satisfy constraint: Member must satisfy regular expression pattern: "

REFUSED: list[tuple[str, str, dict[str, Any], str, str]] = [
    (
        "sagemaker", "create_model_package", {"CustomerMetadataProperties": {"note": '{"a": 1}'}},
        "ValidationException", "Value '{note={\"a\": 1}}' at 'customerMetadataProperties' failed to satisfy "
        "constraint: Map value must satisfy constraint: [Member must have length less than or equal to 256, ",
    ),
    (
        "sagemaker", "create_model_package", {"CustomerMetadataProperties": {str(n): "x" for n in range(51)}},
        "ValidationException", "Member must have length less than or equal to 50",
    ),
    (
        "sagemaker", "create_endpoint_config",
        {"EndpointConfigName": "c", "ProductionVariants": [{"VariantName": "v", "InstanceType": "ml.none"}]},
        "ValidationException", "Value 'ml.none' at 'productionVariants.1.member.instanceType' failed to satisfy "
        "constraint: Member must satisfy enum value set: [",
    ),
    (
        "sagemaker", "create_endpoint_config", {"ProductionVariants": []},
        "ValidationException", "Value null at 'endpointConfigName' failed to satisfy constraint: Member must not be",
    ),
    ("sagemaker", "describe_model", {"ModelName": 5}, "SerializationException", "modelName"),
    ("lambda", "get_function", {"FunctionName": "a b"}, "ValidationException", f"'a b' at 'functionName' {SPACE}"),
    (
        "lambda", "create_function",
        {"FunctionName": "f", "Role": ROLE, "Code": {"ZipFile": b"PK"}, "MemorySize": 64},
        "ValidationException",
        "Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
    ),
    ("sns", "create_topic", {}, "InvalidParameter", "Value null at 'name'"),
    ("iam", "create_role", {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"}, "ValidationError", "at 'roleName'"),
    (
        "cloudwatch", "put_metric_data", {"Namespace": LONG, "MetricData": [{"MetricName": "m", "Value": 1.0}]},
        "ValidationError", "at 'namespace' failed to satisfy constraint: Member must have length less than or equal to",
    ),
    ("logs", "create_log_group", {"logGroupName": "a b"}, "InvalidParameterException", "at 'logGroupName'"),
    ("events", "put_rule", {"Name": "a b"}, "ValidationException", "at 'name'"),
    ("stepfunctions", "start_execution", {"stateMachineArn": "x", "name": LONG}, "ValidationException", "at 'name'"),
    (
        "scheduler", "create_schedule",
        {
            "Name": "s", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": "x", "RoleArn": "nobody"},
        },
        "ValidationException", "Value 'nobody' at 'target.roleArn'",
    ),
    ("s3", "put_object", {"Bucket": "b", "Key": "k", "StorageClass": "NONE"}, "InvalidRequest", "at 'storageClass'"),
    ("ssm", "get_parameter", {"Name": ""}, "ValidationException", "greater than or equal to 1"),
    ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "a b", "Body": b""}, "ValidationError", "'endpointName'"),
    (
        "application-autoscaling", "deregister_scalable_target",
        {"ServiceNamespace": "sagemaker", "ResourceId": "endpoint/a/variant/b", "ScalableDimension": "none"},
        "ValidationException", "Member must satisfy enum value set",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "given", "code", "words"), REFUSED)
def test_a_request_that_breaks_the_model_is_refused_in_awss_words(world, service, operation, given, code, words):
    client = world.client(service, parameter_validation=False)
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**given)
    error = caught.value.response["Error"]
    assert error["Code"] == code
    assert words in error["Message"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_requests_within_the_model_pass_whatever_the_protocol(world):
    s3 = world.client("s3")
    s3.create_bucket(Bucket="within-the-model")
    s3.put_object(Bucket="within-the-model", Key="a b/c+d?e", Body=b"text", Metadata={"note": "any"})
    assert s3.get_object(Bucket="within-the-model", Key="a b/c+d?e")["Body"].read() == b"text"
    s3.put_object_tagging(
        Bucket="within-the-model", Key="a b/c+d?e", Tagging={"TagSet": [{"Key": "kind", "Value": "note"}]}
    )
    topic = world.client("sns").create_topic(Name="within", Tags=[{"Key": "k", "Value": "v"}])["TopicArn"]
    assert topic.endswith(":within")
    data = [
        {"MetricName": f"m{number}", "Value": 1.0, "Dimensions": [{"Name": "d", "Value": "v"}]} for number in range(500)
    ]
    world.client("cloudwatch").put_metric_data(Namespace="Within", MetricData=data)  # compressed by the client
    queue = world.client("sqs").create_queue(QueueName="within")["QueueUrl"]
    world.client("sqs").send_message(QueueUrl=queue, MessageBody="any")
    assert world.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "any"


def test_a_body_that_is_no_json_is_refused_before_it_reaches_a_service(world):
    client = world.client("sagemaker")

    def spoil(request: Any, **_: Any) -> None:
        request.data = b"{"

    client.meta.events.register("before-sign.sagemaker.ListModels", spoil)
    with pytest.raises(ClientError, match="SerializationException"):
        client.list_models()


def test_holding_an_invocation_against_the_model_takes_less_than_a_tenth_of_a_millisecond():
    times = []
    for number in range(400):
        headers = {"content-type": "text/csv", "accept": "text/csv", "x-amzn-sagemaker-inference-id": f"row-{number}"}
        start = time.thread_time()  # of this thread alone: other processes may be busy
        runtime._check("perennial-flights", headers)
        times.append(time.thread_time() - start)
    assert sorted(times)[200] < 0.0001
