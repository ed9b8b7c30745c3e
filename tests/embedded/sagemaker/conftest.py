"""A cloud for each module, a bucket in it, and small programs."""

import io
import tarfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

import embedded.cloud
from embedded import sagemaker
from embedded.context import Context
from tests.embedded.assemblies import make_role

BUCKET = "lake"
ROLE = "arn:aws:iam::123456789012:role/training"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3"

TRAIN = """
import json, os, pathlib, sys
model, out = pathlib.Path(os.environ["SM_MODEL_DIR"]), pathlib.Path(os.environ["SM_OUTPUT_DATA_DIR"])
data = pathlib.Path(os.environ["SM_CHANNEL_DATA"])
rows = sorted(str(path.relative_to(data)) for path in data.rglob("*") if path.is_file())
(model / "model.json").write_text(json.dumps({"rows": rows, "hps": json.loads(os.environ["SM_HPS"])}))
(out / "evaluation.json").write_text(json.dumps({"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}))
print("accuracy=0.75")
"""

APP = """
import json, os, pathlib, time
time.sleep(float(os.environ.get("DELAY", "0")))
model = json.loads((pathlib.Path(os.environ["SM_MODEL_DIR"]) / "model.json").read_text())
def app(environ, start_response):
    if environ["PATH_INFO"] == "/ping":
        start_response("200 OK" if model.get("healthy", True) else "503 Service Unavailable", [])
        return [b""]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    status = "200 OK"
    if body.startswith(b"bad"):
        status = "400 Bad Request"
    if body.startswith(b"boom"):
        status = "500 Internal Server Error"
    start_response(status, [("Content-Type", environ.get("HTTP_ACCEPT", "text/csv")),
                            ("X-Amzn-SageMaker-Custom-Attributes", "model=" + os.environ["VERSION"])])
    return [os.environ["VERSION"].encode() + b":" + body]
"""


def archive(files: dict[str, str]) -> bytes:
    """A tar.gz of the files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


class Cloud:
    """Clients, the events that were emitted, and requests that most tests send with a change or two."""

    def __init__(self, context: Context, events: list[tuple[str, dict[str, Any]]]) -> None:
        self.context = context
        self.events = events
        self._clients: dict[str, Any] = {}
        self.client("s3").create_bucket(Bucket=BUCKET)
        make_role(self.client("iam"), "training")

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.session.Session().client(
                service,
                region_name=self.context.region,
                endpoint_url=self.context.endpoint_url,
                **self.context.access.developer.arguments(),
                # Without validation: AWS's own smallest time limits are longer than a test should take.
                config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
            )
        return self._clients[service]

    def put(self, key: str, body: bytes) -> str:
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def get(self, key: str) -> bytes:
        content: bytes = self.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def keys(self, prefix: str) -> list[str]:
        answer = self.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return [entry["Key"] for entry in answer.get("Contents", [])]

    def training_request(self, name: str, program: str = TRAIN, **changes: Any) -> dict[str, Any]:
        self.put(f"code/{name}/source.tar.gz", archive({"train.py": program}))
        self.put(f"data/{name}/part-0.csv", b"a\n1\n")
        self.put(f"data/{name}/deep/part-1.csv", b"a\n2\n")
        return {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "HyperParameters": {
                "sagemaker_program": '"train.py"',
                "sagemaker_submit_directory": '"/opt/ml/input/data/code/source.tar.gz"',
                "depth": "3",
                "name": '"a b"',
            },
            "InputDataConfig": [channel("code", f"code/{name}/source.tar.gz"), channel("data", f"data/{name}/")],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/runs"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "EnableNetworkIsolation": True,
        } | changes

    def train(self, name: str, program: str = TRAIN, **changes: Any) -> dict[str, Any]:
        self.client("sagemaker").create_training_job(**self.training_request(name, program, **changes))
        return self.ended(name)

    def ended(self, name: str) -> dict[str, Any]:
        assert sagemaker.await_training_job(self.context, name, 90)
        description: dict[str, Any] = self.client("sagemaker").describe_training_job(TrainingJobName=name)
        return description

    def model(self, name: str, version: str, files: dict[str, str] | None = None, **environment: str) -> None:
        content = files if files is not None else {"model.json": "{}", "code/app.py": APP}
        url = self.put(f"models/{name}/model.tar.gz", archive(content))
        variables = {"SAGEMAKER_SERVING_MODULE": "app:app", "PYTHONPATH": "/opt/ml/model/code", "VERSION": version}
        container = {"Image": IMAGE, "ModelDataUrl": url, "Environment": variables | environment}
        self.client("sagemaker").create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)

    def config(self, name: str, model: str, **members: Any) -> None:
        variant = {"VariantName": "AllTraffic", "ModelName": model, "InstanceType": "ml.m5.large"}
        variant |= {"InitialInstanceCount": 1, "InitialVariantWeight": 1.0} | members.pop("variant", {})
        variant = {member: value for member, value in variant.items() if value is not None}
        request = {"EndpointConfigName": name, "ProductionVariants": [variant]} | members
        self.client("sagemaker").create_endpoint_config(**request)

    def endpoint(self, name: str, config: str) -> dict[str, Any]:
        self.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=config)
        return self.settled(name)

    def settled(self, name: str) -> dict[str, Any]:
        def settled() -> dict[str, Any] | None:
            description: dict[str, Any] = self.client("sagemaker").describe_endpoint(EndpointName=name)
            return description if description["EndpointStatus"] not in ("Creating", "Updating", "RollingBack") else None

        return eventually(settled)

    def invoke(self, name: str, body: bytes, **members: Any) -> dict[str, Any]:
        request = {"EndpointName": name, "Body": body, "ContentType": "text/csv"} | members
        answer: dict[str, Any] = self.client("sagemaker-runtime").invoke_endpoint(**request)
        return answer | {"Body": answer["Body"].read()}


def channel(name: str, key: str, data_type: str = "S3Prefix") -> dict[str, Any]:
    source = {"S3DataType": data_type, "S3Uri": f"s3://{BUCKET}/{key}", "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def eventually(ask: Callable[[], Any], seconds: float = 90.0) -> Any:
    """The first true answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    events: list[tuple[str, dict[str, Any]]] = []
    with embedded.cloud.Cloud.start(speed=20.0) as started:
        emit = started.context.emit

        def record(source: str, detail_type: str, detail: dict[str, object], resources: list[str]) -> None:
            events.append((detail_type, detail))
            emit(source, detail_type, detail, resources)

        started.context.emit = record
        yield Cloud(started.context, events)
