"""The platform for handlers, on moto in the test's own process: buckets, ledger, queue, topic, state machine."""

import json
from dataclasses import dataclass

import boto3
import pytest

from cloud import platform
from cloud.ledger import Ledger
from tests.embedded.assemblies import make_role
from tests.signatures import model_key


@dataclass(frozen=True)
class World:
    """The platform's names, its ledger, and the queue on which notices arrive."""

    platform: platform.Platform
    ledger: Ledger
    inbox: str

    def notices(self) -> list[str]:
        """The subjects of the notices that were sent since the last look."""
        answer = boto3.client("sqs").receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10)
        bodies = [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        for message in answer.get("Messages", []):
            boto3.client("sqs").delete_message(QueueUrl=self.inbox, ReceiptHandle=message["ReceiptHandle"])
        return [body["Subject"] for body in bodies]

    def messages(self) -> list[dict]:
        """The messages to dispatch since the last call."""
        sqs = boto3.client("sqs")
        answer = sqs.receive_message(QueueUrl=self.platform.dispatch_queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            sqs.delete_message(QueueUrl=self.platform.dispatch_queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def executions(self) -> list[dict]:
        """The inputs of the executions that were started, in order of their names."""
        states = boto3.client("stepfunctions")
        found = states.list_executions(stateMachineArn=self.platform.state_machine)["executions"]
        arns = sorted(execution["executionArn"] for execution in found)
        return [json.loads(states.describe_execution(executionArn=arn)["input"])["run"] for arn in arns]


def _make_names() -> tuple[dict[str, str], str]:
    sqs, sns = boto3.client("sqs"), boto3.client("sns")
    topic = sns.create_topic(Name="notices")["TopicArn"]
    inbox = sqs.create_queue(QueueName="inbox")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:inbox")
    for role in ("loop", "serving"):
        make_role(boto3.client("iam"), role)
    machine, forgetting = [
        boto3.client("stepfunctions").create_state_machine(
            name=name,
            definition=json.dumps({"StartAt": "End", "States": {"End": {"Type": "Wait", "Seconds": 60, "End": True}}}),
            roleArn="arn:aws:iam::123456789012:role/loop",
        )["stateMachineArn"]
        for name in ("loop", "forgetting")
    ]
    key = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    names = {
        "DATA_BUCKET": "data",
        "MODELS_BUCKET": "models",
        "TRAFFIC_BUCKET": "traffic",
        "LEDGER_TABLE": "ledger",
        "NOTICES_TOPIC": topic,
        "DISPATCH_QUEUE": sqs.create_queue(QueueName="dispatch")["QueueUrl"],
        "TRUTH_QUEUE": sqs.create_queue(QueueName="truth")["QueueUrl"],
        "STATE_MACHINE": machine,
        "FORGETTING_MACHINE": forgetting,
        "RECEIPT_KEY": key,
        "SIGNING_KEY": model_key(),
        "TRAINING_IMAGE": "image",
        "SERVING_ROLE": "arn:aws:iam::123456789012:role/serving",
        "CODE_URI": "s3://code/abc.gz",
        "CODE_DIGEST": "c" * 64,
    }
    return names, inbox


@pytest.fixture
def world(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> World:
    return build_world(ledger, monkeypatch)


def build_world(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> World:
    """The platform in an empty account, and the environment by which functions find it."""
    for name, value in {
        "TRACE_DISABLED": "true",
        "METRICS_NAMESPACE": "Perennial",
        "SERVICE_NAME": "test",
        "LOG_LEVEL": "ERROR",
    }.items():
        monkeypatch.setenv(f"POWERTOOLS_{name}", value)
    for bucket in ("data", "models", "traffic"):
        boto3.client("s3").create_bucket(Bucket=bucket)
        boto3.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    boto3.client("s3").create_bucket(Bucket="code")
    boto3.client("s3").put_object(Bucket="code", Key="abc.gz", Body=b"the source of training jobs")
    names, inbox = _make_names()
    for name, value in names.items():
        monkeypatch.setenv(f"PERENNIAL_{name}", value)
    return World(platform.from_environment(), ledger, inbox)


@dataclass(frozen=True)
class Context:
    """Lambda's context of a handler."""

    function_name: str = "test"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:test"
    aws_request_id: str = "1"


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture
def send(world, context):
    """Hands messages to dispatch; gives those that failed."""
    from functions.dispatch.handler import handler

    def send(*bodies: dict) -> list:
        records = [
            {"messageId": str(index), "body": json.dumps(body), "eventSource": "aws:sqs", "receiptHandle": "r"}
            for index, body in enumerate(bodies)
        ]
        return handler({"Records": records}, context)["batchItemFailures"]

    return send
