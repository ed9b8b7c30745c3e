"""One embedded cloud for all end-to-end tests, in a process of its own, with the specs of tests/e2e/models deployed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from perennial.environment import Environment

ROOT = Path(__file__).parents[2]
MODELS = Path(__file__).parent / "models"
SPLIT_SECRET = "end-to-end-tests"  # 16 characters: which rows are held out


@dataclass(frozen=True)
class Loop:
    """The deployed platform for applications and operators: AWS clients and the command."""

    environment: dict[str, str]
    names: dict[str, str]
    inbox: str
    checkout: Path
    of: Environment = Environment()

    def client(self, service: str) -> Any:
        """A plain boto3 client."""
        exports = {key: value for key, value in self.environment.items() if key.startswith("AWS_")}
        return boto3.client(
            service,
            endpoint_url=exports["AWS_ENDPOINT_URL"],
            region_name=exports["AWS_REGION"],
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
        )

    def perennial(self, *words: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """The command, in a process of its own, with the cloud's exports."""
        return subprocess.run(
            [sys.executable, "-m", "cli", *self._chosen(), *words], cwd=self.checkout, env=self.environment,
            input=stdin, capture_output=True, timeout=120, check=False,
        )  # fmt: skip

    def put(self, key: str, body: bytes) -> str:
        """A plain PutObject under incoming/; the version that S3 gave it."""
        answer = self.client("s3").put_object(Bucket=self.names["data_bucket"], Key=f"incoming/{key}", Body=body)
        return str(answer["VersionId"])

    def records(self, model: str, kind: str) -> list[dict[str, Any]]:
        """The ledger's records of a model."""
        found = self.client("dynamodb").query(
            TableName=self.names["ledger_table"],
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": {"S": f"model#{model}"}, ":sk": {"S": kind}},
        )
        return [json.loads(item["record"]["S"]) for item in found["Items"]]

    def ended(self, model: str, key: str, timeout: float = 90) -> dict[str, Any]:
        """The run of the newest upload under a key, once it has ended."""
        return until(lambda: self._ended(model, f"incoming/{key}"), timeout, f"the end of {key}")

    def run_of(self, model: str, key: str) -> dict[str, Any] | None:
        """The run of the newest upload under a key, if it has begun."""
        datasets = [item for item in self.records(model, "dataset#") if item["key"] == f"incoming/{key}"]
        if not datasets:
            return None
        newest = max(datasets, key=lambda item: item["uploaded_at"])
        return next((run for run in self.records(model, "run#") if run["dataset"] == newest["id"]), None)

    def notices(self) -> list[str]:
        """The subjects of all notices since the last look."""
        sqs, subjects = self.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                subjects.append(json.loads(message["Body"])["Subject"])
                sqs.delete_message(QueueUrl=self.inbox, ReceiptHandle=message["ReceiptHandle"])
        return subjects

    def call(self, module: str) -> Any:
        """Calls a scheduled function, in its own role; its answer."""
        functions = self.client("lambda").list_functions()["Functions"]
        name = next(each["FunctionName"] for each in functions if each["Handler"].startswith(module))
        called = self.client("lambda").invoke(FunctionName=name, Payload=b"{}")
        answer = json.loads(called["Payload"].read())
        assert "FunctionError" not in called, answer
        return answer

    def _chosen(self) -> list[str]:
        return [] if self.of.is_default else ["--env", self.of.name]

    def _ended(self, model: str, key: str) -> dict[str, Any] | None:
        run = self.run_of(model, key.removeprefix("incoming/"))
        return run if run and run["state"] not in ("pending", "running") else None


#: waits are multiplied by it: what takes seconds on an idle machine takes minutes on a busy one
PATIENCE = 5


def until(look: Callable[[], Any], timeout: float, what: str) -> Any:
    """The first result of `look` that is not empty; fails with a message about the wait."""
    end = time.monotonic() + PATIENCE * timeout
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    pytest.fail(f"{what} was not seen within {PATIENCE * timeout:g} s")


@pytest.fixture(scope="session")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """The platform, deployed from a synthesis of its own, and ended with all its children."""
    words = ["--without-capacity", "ml.p5.48xlarge", "--quota", "ml.p5.48xlarge for training job usage=1"]
    words += ["--quota", "ml.m5.large for endpoint usage=100"]  # each module of tests has endpoints of its own
    context = {"slice_mb": 1}  # so that a test can have slices
    with deployed(tmp_path_factory.mktemp("e2e"), MODELS, words, context) as found:
        yield found


@contextmanager
def deployed(folder: Path, models: Path, words: list[str], context: dict[str, Any]) -> Iterator[Loop]:
    """A platform with the specs of a folder, on an embedded cloud that is started with `words`."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    synthesize(folder / "cdk.out", **{"models": str(models)} | context)
    ready, log = folder / "ready.json", folder / "embedded.log"
    command = ["--assembly", str(folder / "cdk.out"), "--ready", str(ready), "--parent", str(os.getpid()), *words]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "embedded", *command], cwd=ROOT, env=environment, stdout=output, stderr=output
        )
    try:
        exports = json.loads(until(lambda: ready.exists() and ready.read_text(), 300, "the cloud"))["exports"]
        yield connect(environment | exports, _checkout(folder, models))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=300)


def synthesize(out: Path, **context: Any) -> Path:
    """The assembly that app.py writes for the settings."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, check=True, capture_output=True, timeout=240,
        env=environment | {"CDK_OUTDIR": str(out), "CDK_CONTEXT_JSON": json.dumps(context)},
    )  # fmt: skip
    return out


def _checkout(folder: Path, models: Path) -> Path:
    """A folder that the command takes for its checkout: there are the deployed specs."""
    shutil.copytree(models, folder / "checkout" / "models")
    (folder / "checkout" / "app.py").touch()
    return folder / "checkout"


def connect(environment: dict[str, str], checkout: Path, of: Environment = Environment()) -> Loop:
    """Find an environment's names by its parameter, and subscribe a queue to its notices."""
    environment = environment | {"PYTHONPATH": str(ROOT)}
    bare = Loop(environment, {}, "", checkout)
    parameter = bare.client("ssm").get_parameter(Name=of.parameter)
    names = json.loads(parameter["Parameter"]["Value"])
    sqs = bare.client("sqs")
    inbox = sqs.create_queue(QueueName=f"inbox-{of.name}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sender = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [sender | {"Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=inbox, Attributes={"Policy": json.dumps(policy)})
    bare.client("sns").subscribe(TopicArn=names["notices_topic"], Protocol="sqs", Endpoint=arn)
    for spec in sorted(
        (checkout / "models").glob("*.yaml")
    ):  # the first secret is kept: all machines judge the same rows
        item = {"pk": {"S": f"model#{spec.stem}"}, "sk": {"S": "split"}, "secret": {"S": SPLIT_SECRET}}
        bare.client("dynamodb").put_item(TableName=names["ledger_table"], Item=item)
    return Loop(environment, names, inbox, checkout, of)
