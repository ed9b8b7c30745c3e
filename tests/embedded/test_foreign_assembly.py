"""A CDK app outside this project is synthesized, deployed and used through boto3, as in embedded/README.md."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embedded.cloud import Cloud
from tests.embedded.conftest import World, eventually

APP = Path(__file__).with_name("orders_app.py")
TOTAL = """
import json
import boto3

def handler(event, context):
    body = boto3.client("s3").get_object(Bucket=event["bucket"], Key=event["key"])["Body"].read()
    order = json.loads(body)
    return {"order": event["key"], "total": sum(line["price"] * line["pieces"] for line in order["lines"])}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    code, assembly = tmp_path_factory.mktemp("code"), tmp_path_factory.mktemp("cdk.out")
    (code / "total.py").write_text(TOTAL)
    subprocess.run([sys.executable, str(APP), str(code), str(assembly)], check=True, capture_output=True, timeout=600)
    with Cloud.start(speed=20.0) as cloud:
        cloud.deploy(assembly)
        yield World(cloud, assembly)


def test_an_upload_runs_the_state_machine_and_its_result_is_in_the_queue(world: World) -> None:
    names = world.cloud.outputs("Orders")
    order = {"lines": [{"price": 3, "pieces": 2}, {"price": 10, "pieces": 1}]}
    world.client("s3").put_object(Bucket=names["Bucket"], Key="order-1.json", Body=json.dumps(order).encode())
    queue = world.client("sqs")
    (message,) = eventually(lambda: queue.receive_message(QueueUrl=names["Queue"], WaitTimeSeconds=1).get("Messages"))
    assert json.loads(message["Body"]) == {"order": "order-1.json", "total": 16}
    states = world.client("stepfunctions")

    def ended() -> bool:
        (execution,) = states.list_executions(stateMachineArn=names["Machine"])["executions"]
        return bool(execution["status"] == "SUCCEEDED")

    eventually(ended)


def test_an_upload_that_the_function_cannot_read_fails_the_execution_with_its_error(world: World) -> None:
    names, states = world.cloud.outputs("Orders"), world.client("stepfunctions")
    detail = {"bucket": {"name": names["Bucket"]}, "object": {"key": "nowhere.json"}}
    execution = states.start_execution(stateMachineArn=names["Machine"], input=json.dumps(detail))["executionArn"]

    def failed() -> dict[str, Any] | None:
        description: dict[str, Any] = states.describe_execution(executionArn=execution)
        return description if description["status"] == "FAILED" else None

    assert eventually(failed)["error"] == "NoSuchKey"
