"""Events: uploads, rules, schedules, queues of functions, notices."""

import json
import time
from typing import Any

import boto3.s3.transfer
import pytest

from embedded.events.input_transformer import target_input
from embedded.events.schedule_expressions import ScheduleExpressionError, parse
from tests.embedded.assemblies import ROLE, Template, function, open_to, template
from tests.embedded.conftest import World, eventually

HANDLERS = """
import json, os, boto3

def record(event, context):
    body = json.dumps(event).encode()
    boto3.client("s3").put_object(Bucket=os.environ["SEEN"], Key=context.aws_request_id, Body=body)

def batch(event, context):
    failures = []
    for entry in event["Records"]:
        boto3.client("s3").put_object(
            Bucket=os.environ["SEEN"], Key=f"{entry['messageId']}/{entry['attributes']['ApproximateReceiveCount']}",
            Body=json.dumps(entry).encode())
        if "poison" in entry["body"]:
            failures.append({"itemIdentifier": entry["messageId"]})
    return {"batchItemFailures": failures}
"""


def queue(**properties: Any) -> Template:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def bucket(**properties: Any) -> Template:
    return {"Type": "AWS::S3::Bucket", "Properties": properties}


def arn(name: str) -> Template:
    return {"Fn::GetAtt": [name, "Arn"]}


def rule(target: Template, **properties: Any) -> Template:
    return {"Type": "AWS::Events::Rule", "Properties": {"Targets": [{"Id": "T", **target}], **properties}}


@pytest.fixture(scope="module")
def stack(world: World) -> dict[str, Any]:
    seen = {"Environment": {"Variables": {"SEEN": {"Ref": "Seen"}}}}
    uploads = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [{"Ref": "Data"}]}, "object": {"key": [{"prefix": "incoming/"}]}},
    }
    resources = {
        "Role": ROLE,
        "Data": bucket(
            VersioningConfiguration={"Status": "Enabled"},
            NotificationConfiguration={"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        ),
        "Seen": bucket(),
        "Uploads": queue(),
        "UploadRule": rule({"Arn": arn("Uploads")}, EventPattern=uploads),
        "Record": function("handlers.record", **seen),
        "Asked": rule(
            {
                "Arn": arn("Record"),
                "InputTransformer": {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>}'},
            },
            EventPattern={"source": ["test.asked"]},
        ),
        "Nobody": queue(),
        "Lost": rule(
            {
                "Arn": "arn:aws:lambda:us-east-1:123456789012:function:missing",
                "DeadLetterConfig": {"Arn": arn("Nobody")},
                "RetryPolicy": {"MaximumRetryAttempts": 1},
            },
            EventPattern={"source": ["test.lost"]},
        ),
        "Ticks": queue(),
        "TickRule": rule({"Arn": arn("Ticks")}, ScheduleExpression="rate(1 minute)"),
        "Tocks": queue(),
        "Schedule": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "ScheduleExpression": "cron(* * * * ? *)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": arn("Tocks"), "RoleArn": arn("Role"), "Input": '{"tock": true}'},
            },
        },
        "Work": queue(
            VisibilityTimeout=30, RedrivePolicy={"deadLetterTargetArn": arn("Poisoned"), "maxReceiveCount": 2}
        ),
        "Poisoned": queue(),
        "Batch": function("handlers.batch", **seen),
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": arn("Work"),
                "FunctionName": {"Ref": "Batch"},
                "BatchSize": 5,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
            },
        },
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}},
        "Mailbox": queue(),
        "FromRules": open_to("events", "Uploads", "Nobody", "Ticks"),
        "FromTopics": open_to("sns", "Mailbox"),
    }
    for source in ("events", "sns"):
        properties = {"Action": "lambda:InvokeFunction", "FunctionName": {"Ref": "Record"}}
        properties["Principal"] = f"{source}.amazonaws.com"
        resources[f"By{source.title()}"] = {"Type": "AWS::Lambda::Permission", "Properties": properties}
    for name, protocol, endpoint in (
        ("ToQueue", "sqs", arn("Mailbox")),
        ("ToFunction", "lambda", arn("Record")),
        ("ToPerson", "email", "someone@example.org"),
    ):
        properties = {"TopicArn": {"Ref": "Topic"}, "Protocol": protocol, "Endpoint": endpoint}
        resources[name] = {"Type": "AWS::SNS::Subscription", "Properties": properties}
    return world.deploy("Events", template(resources), {"handlers.py": HANDLERS})


def bodies(world: World, url: str, count: int = 1, seconds: float = 60.0) -> list[Any]:
    """The bodies of `count` messages of a queue."""
    client, found = world.client("sqs"), []

    def enough() -> bool:
        for message in client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
        return len(found) >= count

    eventually(enough, seconds)
    return found


def seen(world: World, stack: dict[str, Any], wanted: str, seconds: float = 60.0) -> dict[str, Any]:
    """The records of the functions that contain `wanted`, by key."""
    client = world.client("s3")

    def search() -> dict[str, Any]:
        keys = [item["Key"] for item in client.list_objects_v2(Bucket=stack["Seen"]).get("Contents", [])]
        texts = {key: client.get_object(Bucket=stack["Seen"], Key=key)["Body"].read().decode() for key in keys}
        return {key: json.loads(text) for key, text in texts.items() if wanted in text}

    result: dict[str, Any] = eventually(search, seconds)
    return result


def test_each_way_of_uploading_puts_one_event_with_version_and_order(world: World, stack: dict[str, Any]) -> None:
    s3, data = world.client("s3"), stack["Data"]
    key = "incoming/flights/januar ä+1.csv"
    put = s3.put_object(Bucket=data, Key=key, Body=b"a,b\n1,2\n")
    s3.put_object(Bucket=data, Key="elsewhere/x.csv", Body=b"not wanted")
    copy = s3.copy_object(Bucket=data, Key="incoming/copy.csv", CopySource={"Bucket": data, "Key": key})
    part = 5 * 1024 * 1024
    config = boto3.s3.transfer.TransferConfig(multipart_threshold=part, multipart_chunksize=part)
    path = world.cloud.context.workdir / "large.bin"
    path.write_bytes(b"x" * (part + 1))
    s3.upload_file(str(path), data, "incoming/large.bin", Config=config)
    events = bodies(world, stack["Uploads"], 3)
    details = [event["detail"] for event in events]
    assert [detail["reason"] for detail in details] == ["PutObject", "CopyObject", "CompleteMultipartUpload"]
    assert [detail["object"]["key"] for detail in details] == [key, "incoming/copy.csv", "incoming/large.bin"]
    assert [detail["object"]["size"] for detail in details] == [8, 8, part + 1]
    assert details[0]["object"]["version-id"] == put["VersionId"]
    assert details[0]["object"]["etag"] == put["ETag"].strip('"')
    assert details[1]["object"]["version-id"] == copy["VersionId"]
    sequence = [detail["object"]["sequencer"] for detail in details]
    assert sequence == sorted(set(sequence))
    assert events[0]["source"] == "aws.s3"
    assert events[0]["resources"] == [f"arn:aws:s3:::{data}"]
    assert time.strptime(events[0]["time"], "%Y-%m-%dT%H:%M:%SZ")


def test_an_event_reaches_a_function_through_its_input_transformer(world: World, stack: dict[str, Any]) -> None:
    entry = {"Source": "test.asked", "DetailType": "Question", "Detail": json.dumps({"n": 4711})}
    world.client("events").put_events(Entries=[entry])
    (event,) = seen(world, stack, "4711").values()
    assert event == {"number": 4711}


def test_an_event_whose_target_is_missing_ends_in_the_targets_dead_letter_queue(
    world: World, stack: dict[str, Any]
) -> None:
    world.cloud.context.emit("test.lost", "Nothing", {"n": 1}, [])
    (event,) = bodies(world, stack["Nobody"])
    assert event["detail"] == {"n": 1}


def test_a_disabled_rule_sends_nothing(world: World, stack: dict[str, Any]) -> None:
    world.client("events").disable_rule(Name=stack["UploadRule"])
    world.client("s3").put_object(Bucket=stack["Data"], Key="incoming/unseen.csv", Body=b"x")
    world.client("events").enable_rule(Name=stack["UploadRule"])
    world.client("s3").put_object(Bucket=stack["Data"], Key="incoming/after.csv", Body=b"x")
    (event,) = bodies(world, stack["Uploads"])
    assert event["detail"]["object"]["key"] == "incoming/after.csv"


def test_schedules_fire_at_the_clouds_speed(world: World, stack: dict[str, Any]) -> None:
    (tick, *_) = bodies(world, stack["Ticks"], 2)  # two minutes pass in 1.2 s
    assert (tick["source"], tick["detail-type"]) == ("aws.events", "Scheduled Event")
    assert bodies(world, stack["Tocks"])[0] == {"tock": True}


def test_a_queue_feeds_its_function_and_only_failed_messages_come_again(world: World, stack: dict[str, Any]) -> None:
    sqs = world.client("sqs")
    for body in ("first", "poison", "third"):
        sqs.send_message(QueueUrl=stack["Work"], MessageBody=json.dumps(body))
    assert bodies(world, stack["Poisoned"]) == ["poison"]
    for body, receives in (("first", 1), ("poison", 2), ("third", 1)):
        assert len(seen(world, stack, f'\\"{body}\\"')) == receives
    attributes = sqs.get_queue_attributes(QueueUrl=stack["Work"], AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_a_notice_reaches_queues_functions_and_people(world: World, stack: dict[str, Any]) -> None:
    world.client("sns").publish(TopicArn=stack["Topic"], Subject="Refused", Message="notice 815")
    (received,) = bodies(world, stack["Mailbox"])
    assert (received["Subject"], received["Message"]) == ("Refused", "notice 815")
    (event,) = seen(world, stack, "notice 815").values()
    assert event["Records"][0]["Sns"]["Message"] == "notice 815"
    (mail,) = (world.cloud.context.workdir / "mail").glob("*.eml")
    assert "To: someone@example.org\nSubject: Refused" in mail.read_text()


EVENT = {"source": "s", "detail": {"name": 'a"b', "list": [1, 2], "deep": {"x": 1}}, "resources": ["r0"]}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ({}, EVENT),
        ({"Input": '{"fixed": 1}'}, {"fixed": 1}),
        ({"InputPath": "$.detail.deep"}, {"x": 1}),
        (
            {
                "InputTransformer": {
                    "InputPathsMap": {"n": "$.detail.name", "l": "$.detail.list", "r": "$.resources[0]", "no": "$.x"},
                    "InputTemplate": '{"text": "got <n> and <no>.", "list": <l>, "name": <n>, "r": <r>}',
                }
            },
            {"text": 'got a"b and .', "list": [1, 2], "name": 'a"b', "r": "r0"},
        ),
    ],
)
def test_a_target_gets_the_part_of_the_event_it_asks_for(target: dict[str, Any], expected: Any) -> None:
    assert json.loads(target_input(target, EVENT)) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(15 minutes)", "2026-01-31 10:22:30"),
        ("rate(1 day)", "2026-02-01 10:07:30"),
        ("cron(0/15 * * * ? *)", "2026-01-31 10:15:00"),
        ("cron(0 3 * * ? *)", "2026-02-01 03:00:00"),
        ("cron(0 12 ? * MON-FRI *)", "2026-02-02 12:00:00"),
        ("cron(30 9 1 JAN,JUL ? *)", "2026-07-01 09:30:00"),
        ("at(2026-03-01T08:00:00)", "2026-03-01 08:00:00"),
    ],
)
def test_a_schedule_expression_names_the_next_moment(expression: str, expected: str) -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 1, 31, 10, 7, 30, tzinfo=UTC)
    following = parse(expression)(now)
    assert following is not None
    assert following.strftime("%Y-%m-%d %H:%M:%S") == expected


@pytest.mark.parametrize(
    "expression", ["every hour", "rate(0 minutes)", "cron(* * *)", "cron(0 0 L * ? *)", "at(noon)"]
)
def test_an_expression_that_would_never_fire_is_refused(expression: str) -> None:
    with pytest.raises(ScheduleExpressionError):
        parse(expression)
