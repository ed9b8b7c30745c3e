"""An embedded cloud with hosting, ledger and buckets, nothing deployed: the release's own functions are called."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

import embedded.cloud
from cloud import lease, platform, signing
from cloud import ledger as ledgers
from cloud.ledger import Ledger
from functions.release import canary, check, deployment, finish, rollback, verify
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.environment import Environment
from perennial.records import Champion, ModelVersion, Run
from perennial.spec import parse
from tests.embedded.assemblies import make_role
from tests.signatures import model_key

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"
ROWS = [{"x": float(number)} for number in range(20)]
SPEC = """\
name: MODEL
problem: binary
target: y
card: {origin: made for the tests, licence: CC0-1.0, terms: tests only}
columns:
  x: {type: number}
  y: {type: boolean}
release: {instances: 2, traffic: canary, share: 0.5, bake_minutes: 3}
"""
# The serving code of a version's archive: correct, or broken in one of four ways.
APP = """
import json, os, time
BROKEN, VERSION = os.environ.get("BROKEN", ""), os.environ["PERENNIAL_MODEL_VERSION"]
HOW = "HOW_IT_IS_BROKEN"
def probability(x):
    if HOW == "constant":
        return 0.5
    if HOW == "skewed":
        x = x + 1
    return x / 40
def app(environ, start_response):
    headers = [("Content-Type", "application/json"), ("X-Amzn-SageMaker-Custom-Attributes", "model=" + VERSION)]
    body, status = b"{}", "200 OK"
    if environ["PATH_INFO"] != "/ping":
        rows = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))["rows"]
        if HOW == "slow":
            time.sleep(0.3)
        if HOW == "raises":
            status = "500 Internal Server Error"
        answers = [{"label": row["x"] > 10, "probability": probability(row["x"])} for row in rows]
        body = json.dumps({"predictions": answers}).encode()
        line = {"event": "request", "model": VERSION, "status": int(status[:3]), "milliseconds": 1, "rows": len(rows),
                "invalid": 0, "score_sum": sum(one["probability"] for one in answers), "score_count": len(answers)}
        print(json.dumps(line), flush=True)
    start_response(status, headers)
    return [body]
"""
GOLDEN = {"rows": ROWS, "predictions": [{"label": r["x"] > 10, "probability": r["x"] / 40} for r in ROWS]}


@dataclass(frozen=True)
class Context:
    """Lambda's context of a handler."""

    function_name: str = "test"
    memory_limit_in_mb: int = 128
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:test"
    aws_request_id: str = "1"


@dataclass
class House:
    """One model in the cloud, with its spec, versions and runs."""

    model: str
    ledger: Ledger
    spec: ModelSpec
    state: dict[str, Any] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return Environment().endpoint(self.model)

    def version(self, digit: str, how: str = "") -> ModelVersion:
        """Register a version: archive, golden rows, record. `how`: raises, slow, constant, skewed, no archive, well."""
        digest = digit * 64
        key = layout.archive(self.model, digest)
        s3 = boto3.client("s3")
        code = APP.replace("HOW_IT_IS_BROKEN", how)
        files = {"code/training/__init__.py": "", "code/training/serve.py": code}
        archive = b"no archive" if how == "no archive" else _archive(files)
        s3.put_object(Bucket="models", Key=key, Body=archive)
        s3.put_object(Bucket="models", Key=key.replace("model.tar.gz", "golden.json"), Body=json.dumps(GOLDEN).encode())
        digits = self.spec.digest()
        s3.put_object(Bucket="models", Key=layout.spec(self.model, digits), Body=self.spec.canonical().encode())
        made = ModelVersion(
            id=f"{self.model}@{digest[:12]}", model=self.model, digest=digest, archive_key=key,
            archive_sha256=hashlib.sha256(archive).hexdigest(),
            run=f"run-{self.model}-{digest[:12]}", datasets=(f"ds-{self.model}-{digest[:12]}",), profile_key="",
            code_digest="", spec_digest=digits, parameters={}, metrics={}, environment={},
            created_at=datetime.now(UTC),
        )  # fmt: skip
        made = signing.sign(platform.from_environment(), made)
        self.ledger.put_version(made)
        return made

    def begin(self, version: ModelVersion, trigger: str = "upload") -> dict[str, Any]:
        """Open a run that has registered the version, and hand on what its states get."""
        number = len(self.ledger.runs(self.model))
        run_id = f"run-{self.model}-{number:012x}"
        now = datetime.now(UTC)
        token = lease.acquire(self.ledger, self.model, run_id, now, timedelta(hours=1))
        assert token is not None
        run = Run(
            id=run_id, model=self.model, dataset=version.datasets[0], trigger=trigger, spec_digest=version.spec_digest,
            token=token, state="running", started_at=now,
        )  # fmt: skip
        assert self.ledger.open_run(run)
        return self.resume(run, version)

    def resume(self, run: Run, version: ModelVersion) -> dict[str, Any]:
        """The state of an execution of that run."""
        pointer = {"bucket": "models", "key": layout.spec(self.model, version.spec_digest)}
        named = run.model_dump(include={"id", "model", "dataset", "trigger", "token"})
        self.state = {"run": named | {"spec": pointer}, "version": {"id": version.id}}
        return self.state

    def call(self, function: Any) -> dict[str, Any]:
        """One state of the run."""
        return dict(function.handler(self.state, Context()))

    def go(self) -> str:
        """From the beginning of the release to its end, as the workflow goes: 'promoted' or 'refused'."""
        self.deploy()
        return self.follow()

    def deploy(self) -> None:
        """Start the deployment, as soon as the endpoint allows it."""
        while (found := self.call(deployment))["outcome"] == "waiting":
            time.sleep(0.2)
        self.state["release"] = found

    def follow(self) -> str:
        """The rest of it."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            found = self.call(check)["outcome"]
            if found == "baking":
                self.call(canary)
            elif found == "failed":
                return self.back()
            elif found == "in_service":
                return self.finish() if self.call(verify)["ok"] else self.back()
            time.sleep(0.2)
        raise AssertionError("the release did not end in time")

    def finish(self) -> str:
        """After the promotion."""
        assert self.call(finish)["outcome"] == "done"
        return self.done("promoted")

    def back(self) -> str:
        """To the champion."""
        eventually(lambda: not self.is_changing())
        self.call(rollback)
        eventually(lambda: not self.is_changing())
        return self.done("refused")

    def done(self, outcome: str) -> str:
        """Releases the lease, as the conclusion does."""
        lease.release(self.ledger, self.run().model_copy(update={"token": self.state["run"]["token"]}))
        return outcome

    def run(self) -> Run:
        """The run as the ledger has it now."""
        return self.ledger.run(self.state["run"]["id"])

    def told(self) -> str:
        """The details of all steps of the run."""
        return "\n".join(sentence for step in self.run().steps for sentence in step.sentences)

    def promote(self, digit: str) -> ModelVersion:
        """A version that serves as champion."""
        version = self.version(digit)
        self.begin(version)
        assert self.go() == "promoted", self.told()
        return version

    def champion(self) -> Champion:
        found = self.ledger.champion(self.model)
        assert found is not None
        return found

    def is_changing(self) -> bool:
        found = boto3.client("sagemaker").list_endpoints(NameContains=self.endpoint)["Endpoints"]
        return any(one["EndpointStatus"] not in ("InService", "Failed") for one in found)

    def serves(self) -> str:
        """The version in service."""
        answer = boto3.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=self.endpoint, ContentType="application/json", Body=json.dumps({"rows": ROWS[:1]}).encode()
        )
        return str(answer["CustomAttributes"]).removeprefix("model=")


def eventually(look: Callable[[], Any], seconds: float = 90.0) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def _archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def hosting() -> Iterator[embedded.cloud.Cloud]:
    """The cloud, with buckets, ledger and topic, and an environment by which the functions find all of it."""
    granted = {"ml.m5.large for endpoint usage": 100}  # each test has an endpoint of its own
    with embedded.cloud.Cloud.start(speed=60.0, quotas=granted) as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.exports().items():
            patch.setenv(name, value)
        _forget_clients()
        for bucket in ("models", "traffic"):
            boto3.client("s3").create_bucket(Bucket=bucket)
        make_role(boto3.client("iam"), "serving")
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        boto3.client("dynamodb").create_table(
            TableName="ledger",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in keys],
        )
        names = {
            "PERENNIAL_MODELS_BUCKET": "models",
            "PERENNIAL_SIGNING_KEY": model_key(),
            "PERENNIAL_TRAFFIC_BUCKET": "traffic",
            "PERENNIAL_LEDGER_TABLE": "ledger",
            "PERENNIAL_NOTICES_TOPIC": boto3.client("sns").create_topic(Name="notices")["TopicArn"],
            "PERENNIAL_TRAINING_IMAGE": IMAGE,
            "PERENNIAL_SERVING_ROLE": "arn:aws:iam::123456789012:role/serving",
            "POWERTOOLS_TRACE_DISABLED": "true",
            "POWERTOOLS_METRICS_NAMESPACE": "Perennial",
            "POWERTOOLS_SERVICE_NAME": "test",
            "POWERTOOLS_LOG_LEVEL": "ERROR",
        }
        for name, value in names.items():
            patch.setenv(name, value)
        yield cloud
    _forget_clients()


@pytest.fixture
def house(hosting: embedded.cloud.Cloud, request: pytest.FixtureRequest) -> House:
    """A model that is the test's own."""
    model = f"m{abs(hash(request.node.name)) % 10**8}"
    return House(model, Ledger("ledger"), parse(SPEC.replace("MODEL", model)))


def _forget_clients() -> None:
    platform.client.cache_clear()
    platform.from_environment.cache_clear()
    ledgers.table.cache_clear()
    boto3.DEFAULT_SESSION = None
