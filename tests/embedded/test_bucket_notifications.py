"""Notifications of buckets: what S3 sends to a queue itself, who it names, and which queues it refuses."""

import json
from typing import Any
from urllib.parse import unquote_plus

import boto3
import pytest
from botocore.exceptions import ClientError

from embedded.providers.provider import DeployError
from tests.embedded.assemblies import EVERYTHING, Template, open_to, template
from tests.embedded.conftest import World
from tests.embedded.test_events import arn, bodies, bucket, queue

KEY = "incoming/flights/januar ä+1&=%.csv"


def notifying(name: str, prefix: str = "incoming/") -> Template:
    """The notifications of a bucket to a queue, by its logical id."""
    wanted = {"Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": prefix}]}}, "Event": "s3:ObjectCreated:*"}
    return {"NotificationConfiguration": {"QueueConfigurations": [wanted | {"Queue": arn(name)}]}}


@pytest.fixture(scope="module")
def stack(world: World) -> dict[str, Any]:
    resources = {
        "Uploads": queue(),
        "Closed": queue(),
        "Policy": open_to("s3", "Uploads"),
        "Data": bucket(VersioningConfiguration={"Status": "Enabled"}, **notifying("Uploads"))
        | {"DependsOn": ["Policy"]},
    }
    made = world.deploy("Notifications", template(resources))
    (told,) = bodies(world, made["Uploads"])
    assert (told["Service"], told["Event"], told["Bucket"]) == ("Amazon S3", "s3:TestEvent", made["Data"])
    return made


def client(world: World, service: str, keys: dict[str, Any]) -> Any:
    """A client of a principal."""
    return boto3.client(
        service,
        endpoint_url=world.cloud.context.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys.get("SessionToken"),
    )


def make_user(world: World) -> dict[str, Any]:
    """The keys of a user of IAM."""
    iam = world.client("iam")
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))
    keys: dict[str, Any] = iam.create_access_key(UserName="ann")["AccessKey"]
    return keys


def make_session(world: World) -> dict[str, Any]:
    """The keys of a session of a role."""
    iam = world.client("iam")
    account = world.client("sts").get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}
    role = iam.create_role(
        RoleName="people", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )["Role"]
    iam.put_role_policy(RoleName="people", PolicyName="everything", PolicyDocument=json.dumps(EVERYTHING))
    keys = world.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="bob@example.org")["Credentials"]
    assert client(world, "sts", keys).get_caller_identity()["UserId"] == f"{role['RoleId']}:bob@example.org"
    return dict(keys)


def test_a_notification_names_object_version_and_size_and_encodes_the_key(world: World, stack: dict[str, Any]) -> None:
    s3 = world.client("s3")
    put = s3.put_object(Bucket=stack["Data"], Key=KEY, Body=b"a,b\n1,2\n")
    s3.put_object(Bucket=stack["Data"], Key="elsewhere/x.csv", Body=b"not wanted")
    copy = s3.copy_object(Bucket=stack["Data"], Key="incoming/b.csv", CopySource={"Bucket": stack["Data"], "Key": KEY})
    first, second = [body["Records"][0] for body in bodies(world, stack["Uploads"], 2)]
    described = first["s3"]["object"]
    assert described["key"] == "incoming/flights/januar+%C3%A4%2B1%26%3D%25.csv"
    assert unquote_plus(described["key"]) == KEY
    assert (described["versionId"], described["size"]) == (put["VersionId"], 8)
    assert described["eTag"] == put["ETag"].strip('"')
    assert (first["eventName"], second["eventName"]) == ("ObjectCreated:Put", "ObjectCreated:Copy")
    assert second["s3"]["object"]["versionId"] == copy["VersionId"]
    assert described["sequencer"] < second["s3"]["object"]["sequencer"]
    assert first["s3"]["bucket"]["name"] == stack["Data"]


@pytest.mark.parametrize("make", [None, make_user, make_session])
def test_the_principal_of_a_notification_is_the_one_that_sts_names(world: World, stack: dict[str, Any], make) -> None:
    of = (lambda service: client(world, service, keys)) if make and (keys := make(world)) else world.client
    of("s3").put_object(Bucket=stack["Data"], Key="incoming/a.csv", Body=b"x")
    ((record,),) = [body["Records"] for body in bodies(world, stack["Uploads"])]
    identity = of("sts").get_caller_identity()["UserId"]
    assert record["userIdentity"]["principalId"] == f"AWS:{identity}"
    assert identity.startswith("AROA" if make is make_session else "AIDA")


def test_an_upload_in_parts_is_one_notification(world: World, stack: dict[str, Any]) -> None:
    s3, place = world.client("s3"), {"Bucket": stack["Data"], "Key": "incoming/large.bin"}
    upload = s3.create_multipart_upload(**place)["UploadId"]
    part = s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"x")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)
    s3.put_object(Bucket=stack["Data"], Key="incoming/last.bin", Body=b"x")
    found = [body["Records"][0]["eventName"] for body in bodies(world, stack["Uploads"], 2)]
    assert found == ["ObjectCreated:CompleteMultipartUpload", "ObjectCreated:Put"]


REFUSAL = "Unable to validate the following destination configurations"


@pytest.mark.parametrize("name", ["Closed", "Missing"])
def test_a_queue_that_s3_may_not_send_to_is_refused(world: World, stack: dict[str, Any], name: str) -> None:
    target = stack["Closed"].rsplit("/", 1)[1] if name == "Closed" else "nowhere"
    wanted = {"QueueArn": f"arn:aws:sqs:us-east-1:123456789012:{target}", "Events": ["s3:ObjectCreated:*"]}
    configuration = {"QueueConfigurations": [wanted]}
    with pytest.raises(ClientError, match=REFUSAL) as refused:
        world.client("s3").put_bucket_notification_configuration(
            Bucket=stack["Data"], NotificationConfiguration=configuration
        )
    assert refused.value.response["Error"]["Code"] == "InvalidArgument"


def test_a_template_whose_policy_comes_after_the_bucket_is_refused(world: World) -> None:
    policy = open_to("s3", "Uploads") | {"DependsOn": ["Data"]}
    resources = {"Uploads": queue(), "Policy": policy, "Data": bucket(**notifying("Uploads"))}
    with pytest.raises(DeployError, match=REFUSAL):
        world.deploy("TooEarly", template(resources))


def test_the_queues_policy_is_asked_at_each_delivery(world: World, stack: dict[str, Any]) -> None:
    sqs, s3 = world.client("sqs"), world.client("s3")
    policy = sqs.get_queue_attributes(QueueUrl=stack["Uploads"], AttributeNames=["Policy"])["Attributes"]["Policy"]
    document = json.loads(policy)
    condition = {"StringEquals": {"aws:SourceAccount": "210987654321"}}
    closed = document | {"Statement": [one | {"Condition": condition} for one in document["Statement"]]}
    sqs.set_queue_attributes(QueueUrl=stack["Uploads"], Attributes={"Policy": json.dumps(closed)})
    s3.put_object(Bucket=stack["Data"], Key="incoming/refused.csv", Body=b"x")
    answer = sqs.receive_message(QueueUrl=stack["Uploads"], WaitTimeSeconds=2)
    assert "Messages" not in answer
    sqs.set_queue_attributes(QueueUrl=stack["Uploads"], Attributes={"Policy": policy})
