"""A call without permission is refused in AWS's words; each part of the cloud acts as its own role."""

import io
import json
import tarfile
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from embedded.permissions.principals import session
from tests.embedded.assemblies import TRUST, Template, function, template
from tests.embedded.conftest import World, eventually, world  # noqa: F401 - a fixture

ACCOUNT = "123456789012"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
REPOSITORY = "arn:aws:ecr:us-east-1:683313688378:repository/sagemaker-scikit-learn"


def role(world: World, name: str, *statements: tuple[str, str]) -> str:  # noqa: F811
    """Makes a role that may do the (action, resource) pairs; its ARN."""
    iam = world.client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    found = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
    policy = {"Version": "2012-10-17", "Statement": found}
    if found:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
    return arn


def client(world: World, name: str, service: str) -> Any:  # noqa: F811
    """A client that acts as a role, with the keys that the cloud gives to a function of it."""
    credentials = world.cloud.context.access.issue(session(ACCOUNT, name, "test"))
    url = world.cloud.endpoint_url
    return boto3.client(service, endpoint_url=url, region_name="us-east-1", **credentials.arguments())


def refused(call: Any, **parameters: Any) -> tuple[str, int, str]:
    """Code, status and message of the refusal of a call."""
    with pytest.raises(ClientError) as error:
        call(**parameters)
    answer = error.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def test_each_service_refuses_in_its_own_words(world: World) -> None:  # noqa: F811
    role(world, "Nothing")
    world.client("s3").create_bucket(Bucket="words")
    me = f"User: {session(ACCOUNT, 'Nothing', 'test')} is not authorized to perform"
    because = "because no identity-based policy allows the {} action"
    table = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/t"
    alarm = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:*"
    assert refused(client(world, "Nothing", "s3").get_object, Bucket="words", Key="k") == (
        "AccessDenied",
        403,
        f'{me}: s3:GetObject on resource: "arn:aws:s3:::words/k" {because.format("s3:GetObject")}',
    )
    key = {"pk": {"S": "x"}}
    assert refused(client(world, "Nothing", "dynamodb").get_item, TableName="t", Key=key) == (
        "AccessDeniedException",
        400,
        f"{me}: dynamodb:GetItem on resource: {table} {because.format('dynamodb:GetItem')}",
    )
    assert refused(client(world, "Nothing", "cloudwatch").describe_alarms) == (
        "AccessDenied",
        403,
        f"{me}: cloudwatch:DescribeAlarms on resource: {alarm} {because.format('cloudwatch:DescribeAlarms')}",
    )
    code, status, message = refused(
        client(world, "Nothing", "sagemaker-runtime").invoke_endpoint, EndpointName="e", Body=b""
    )
    assert (code, status) == ("AccessDeniedException", 403)
    assert f"sagemaker:InvokeEndpoint on resource: arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/e" in message


def test_a_function_acts_as_its_own_role(world: World) -> None:  # noqa: F811
    handlers = """
import boto3

def buckets(event, context):
    try:
        return len(boto3.client("s3").list_buckets()["Buckets"])
    except Exception as error:
        return str(error)
"""
    rights = {"Effect": "Allow", "Action": ["s3:ListAllMyBuckets"], "Resource": "*"}
    policy = {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [rights]}}
    trusting: Template = {"AssumeRolePolicyDocument": TRUST}
    resources: Template = {
        "Without": {"Type": "AWS::IAM::Role", "Properties": trusting},
        "With": {"Type": "AWS::IAM::Role", "Properties": trusting | {"Policies": [policy]}},
    }
    for name in ("Without", "With"):
        resources[f"{name}Function"] = function("handlers.buckets", Role={"Fn::GetAtt": [name, "Arn"]})
    outputs = world.deploy("Roles", template(resources), {"handlers.py": handlers})

    def answer(name: str) -> Any:
        lambda_ = world.client("lambda")
        return json.loads(lambda_.invoke(FunctionName=outputs[f"{name}Function"])["Payload"].read())

    who = session(ACCOUNT, outputs["Without"], outputs["WithoutFunction"])
    assert f"User: {who} is not authorized to perform: s3:ListAllMyBuckets" in answer("Without")
    assert answer("With") >= 1


def test_who_may_not_list_a_bucket_is_not_told_that_an_object_is_missing(world: World) -> None:  # noqa: F811
    world.client("s3").create_bucket(Bucket="secret")
    role(world, "Reader", ("s3:GetObject", "arn:aws:s3:::secret/*"))
    role(world, "Lister", ("s3:GetObject", "arn:aws:s3:::secret/*"), ("s3:ListBucket", "arn:aws:s3:::secret"))
    code, status, message = refused(client(world, "Reader", "s3").get_object, Bucket="secret", Key="k")
    assert (code, status) == ("AccessDenied", 403)
    assert "s3:ListBucket" in message
    assert refused(client(world, "Lister", "s3").get_object, Bucket="secret", Key="k")[0] == "NoSuchKey"


def test_a_deny_of_the_bucket_holds_for_the_developer_too(world: World) -> None:  # noqa: F811
    s3 = world.client("s3")
    s3.create_bucket(Bucket="locked")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::locked/*"}
    s3.put_bucket_policy(Bucket="locked", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    message = refused(s3.put_object, Bucket="locked", Key="k", Body=b"x")[2]
    assert message.endswith("with an explicit deny in a resource-based policy")


def test_a_role_that_is_not_passed_cannot_be_used(world: World) -> None:  # noqa: F811
    passed = role(world, "Passed")
    role(world, "Maker", ("sagemaker:CreateModel", "*"))
    container = {"Image": IMAGE, "ModelDataUrl": "s3://words/model.tar.gz"}
    code, _, message = refused(
        client(world, "Maker", "sagemaker").create_model,
        ModelName="m",
        PrimaryContainer=container,
        ExecutionRoleArn=passed,
    )
    assert code == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {passed} because" in message


def test_a_role_may_not_make_a_call_whose_needs_are_unknown(world: World) -> None:  # noqa: F811
    role(world, "Almighty", ("s3:*", "*"))
    code, _, message = refused(client(world, "Almighty", "s3").get_bucket_analytics_configuration, Bucket="b", Id="x")
    assert code == "AccessDenied"
    assert "the embedded cloud does not know which rights this call needs" in message


def job(name: str, role_arn: str) -> dict[str, Any]:
    """A training job that reads from and writes to the bucket `jobs`."""
    return {
        "TrainingJobName": name,
        "RoleArn": role_arn,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "s3://jobs/source.tar.gz",
        },
        "InputDataConfig": [
            {
                "ChannelName": "data",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://jobs/data/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://jobs/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


PULL = (
    ("ecr:GetAuthorizationToken", "*"),
    *[(f"ecr:{one}", REPOSITORY) for one in ("BatchGetImage", "BatchCheckLayerAvailability", "GetDownloadUrlForLayer")],
)


def ended(world: World, name: str) -> dict[str, Any]:  # noqa: F811
    """The job's description once it has ended."""
    sagemaker = world.client("sagemaker")

    def look() -> Any:
        found = sagemaker.describe_training_job(TrainingJobName=name)
        return found if found["TrainingJobStatus"] != "InProgress" else None

    found: dict[str, Any] = eventually(look, 60)
    return found


def test_a_training_job_acts_as_its_role(world: World) -> None:  # noqa: F811
    s3, sagemaker = world.client("s3"), world.client("sagemaker")
    s3.create_bucket(Bucket="jobs")
    s3.put_object(Bucket="jobs", Key="data/rows.csv", Body=b"1")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        text = b"import os; open(os.environ['SM_MODEL_DIR'] + '/m', 'w').write('x')"
        member = tarfile.TarInfo("train.py")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    s3.put_object(Bucket="jobs", Key="source.tar.gz", Body=buffer.getvalue())
    read = (("s3:GetObject", "arn:aws:s3:::jobs/*"), ("s3:ListBucket", "arn:aws:s3:::jobs"))
    rights = {
        "no-pull": read,
        "no-list": (*PULL, read[0]),
        "no-write": (*PULL, *read),
        "all": (*PULL, *read, ("s3:PutObject", "arn:aws:s3:::jobs/out/*")),
    }
    for name, statements in rights.items():
        sagemaker.create_training_job(**job(name, role(world, name, *statements)))
    reasons = {name: ended(world, name).get("FailureReason", "") for name in rights}
    assert reasons["no-pull"].startswith("ClientError: Access denied for repository")
    assert "ecr:GetAuthorizationToken" in reasons["no-pull"]
    assert "s3:ListBucket" in reasons["no-list"]
    assert "s3:PutObject" in reasons["no-write"]
    assert reasons["all"] == ""


def test_a_role_that_does_not_trust_sagemaker_is_refused(world: World) -> None:  # noqa: F811
    iam = world.client("iam")
    trust = json.loads(json.dumps(TRUST).replace("sagemaker.amazonaws.com", "ec2.amazonaws.com"))
    iam.create_role(RoleName="Distrusting", AssumeRolePolicyDocument=json.dumps(trust))
    arn = f"arn:aws:iam::{ACCOUNT}:role/Distrusting"
    code, _, message = refused(world.client("sagemaker").create_training_job, **job("distrusted", arn))
    assert code == "ValidationException"
    assert message.startswith(f"Could not assume role {arn}.")


def test_what_a_queue_does_not_admit_goes_to_the_rules_dead_letters(world: World) -> None:  # noqa: F811
    sqs, events = world.client("sqs"), world.client("events")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("closed", "letters")}
    rule = events.put_rule(Name="told", EventPattern='{"source": ["test.told"]}')["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=urls["letters"], Attributes={"Policy": policy})
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}"
    target = {"Id": "t", "Arn": f"{arn}:closed", "DeadLetterConfig": {"Arn": f"{arn}:letters"}}
    events.put_targets(Rule="told", Targets=[target | {"RetryPolicy": {"MaximumRetryAttempts": 0}}])
    events.put_events(Entries=[{"Source": "test.told", "DetailType": "x", "Detail": "{}"}])
    attributes = ["All"]

    def letter() -> Any:
        answer = sqs.receive_message(QueueUrl=urls["letters"], MessageAttributeNames=attributes, WaitTimeSeconds=1)
        return answer.get("Messages")

    (message,) = eventually(letter)
    reason = message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]
    assert "User: events.amazonaws.com is not authorized to perform: sqs:SendMessage" in reason
    assert "because no resource-based policy allows" in reason
