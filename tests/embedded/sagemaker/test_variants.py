"""Shadow and serverless variants, and AWS's refusals of them."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.sagemaker.api import backend_of
from embedded.sagemaker.serverless import ServerlessServer
from tests.embedded.sagemaker.conftest import BUCKET, Cloud, eventually

CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": f"s3://{BUCKET}/variants",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
}
SERVERLESS = {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
SLOW = """
import os, time
def app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if body.startswith(b"/"):  # a folder: says that it runs, and answers once "go" is there
        open(f"{body.decode()}/{os.getpid()}-{time.time_ns()}", "x").close()
        while not os.path.exists(f"{body.decode()}/go"):
            time.sleep(0.01)
    elif environ["PATH_INFO"] == "/invocations":
        time.sleep(float(body or 0))
    start_response("200 OK", [])
    return [os.environ["VERSION"].encode()]
"""


def shadow(model: str, weight: float = 1.0) -> dict[str, Any]:
    kind = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    return {"VariantName": "Shadow", "ModelName": model, "InitialVariantWeight": weight} | kind


def invocations(cloud: Cloud, endpoint: str, variant: str, name: str = "Invocations") -> float:
    now = datetime.now(UTC)
    dimensions = {"EndpointName": endpoint, "VariantName": variant}
    points = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7200,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def test_a_shadow_variant_gets_copies_and_nobody_its_answers(cloud: Cloud) -> None:
    cloud.model("front", "front")
    cloud.model("behind", "behind")
    cloud.config("shadowed", "front", DataCaptureConfig=CAPTURE, ShadowProductionVariants=[shadow("behind", 0.5)])
    description = cloud.endpoint("shadowed", "shadowed")
    assert [variant["VariantName"] for variant in description["ShadowProductionVariants"]] == ["Shadow"]
    assert {cloud.invoke("shadowed", f"{number}".encode())["Body"][:6] for number in range(60)} == {b"front:"}
    eventually(lambda: invocations(cloud, "shadowed", "AllTraffic") == 60)
    copies = eventually(lambda: max(0, (invocations(cloud, "shadowed", "Shadow") or 0) - 9))  # at least 10
    assert copies + 9 <= 50

    def captured() -> list[bytes]:
        return [cloud.get(key) for key in cloud.keys("variants/shadowed/Shadow/")]

    assert b'"data": "behind:' in b"".join(eventually(captured))
    with pytest.raises(ClientError, match="Variant Shadow not found"):
        cloud.invoke("shadowed", b"1", TargetVariant="Shadow")


def test_a_slow_or_broken_shadow_is_not_noticed(cloud: Cloud) -> None:
    cloud.model("stuck", "stuck", {"code/app.py": SLOW.replace("float(body or 0)", "1")})
    cloud.config("stuck", "front", ShadowProductionVariants=[shadow("stuck")])
    cloud.endpoint("stuck", "stuck")
    cloud.invoke("stuck", b"1")
    start = time.perf_counter()
    for _ in range(10):
        cloud.invoke("stuck", b"1")
    assert time.perf_counter() - start < 5, "ten answers of the shadow would take ten seconds"


@pytest.fixture(scope="module")
def serverless(cloud: Cloud) -> str:
    cloud.model("light", "light", {"code/app.py": SLOW})
    cloud.config("light", "light", variant={"ServerlessConfig": SERVERLESS} | NOTHING)
    description = cloud.endpoint("light", "light")
    assert description["EndpointStatus"] == "InService", description["FailureReason"]
    (variant,) = description["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == SERVERLESS
    assert "CurrentInstanceCount" not in variant
    return "light"


NOTHING: dict[str, Any] = {"InstanceType": None, "InitialInstanceCount": None}


def server_of(cloud: Cloud, endpoint: str) -> ServerlessServer:
    fleet = backend_of(cloud.context.account_id, cloud.context.region).hosting.endpoints[endpoint].active
    assert fleet is not None
    server = fleet.variants[0].server
    assert isinstance(server, ServerlessServer)
    return server


def test_a_serverless_endpoint_ends_when_idle_and_starts_when_asked(cloud: Cloud, serverless: str) -> None:
    assert cloud.invoke(serverless, b"0")["Body"] == b"light"
    server = server_of(cloud, serverless)
    server._idle_after = 0.0  # instead of 15 s, five minutes of the cloud
    eventually(lambda: not server.alive)
    assert cloud.invoke(serverless, b"0")["Body"] == b"light"
    assert eventually(lambda: invocations(cloud, serverless, "AllTraffic", "ModelSetupTime")) > 1000


def test_more_at_once_than_the_concurrency_is_throttled(cloud: Cloud, serverless: str, tmp_path: Path) -> None:
    server = server_of(cloud, serverless)
    cloud.client("sagemaker-runtime")
    with ThreadPoolExecutor(2) as threads:
        held = [threads.submit(cloud.invoke, serverless, str(tmp_path).encode()) for _ in range(2)]
        try:
            eventually(lambda: server._busy == 2)
            with pytest.raises(ClientError) as refused:
                cloud.invoke(serverless, b"0")
        finally:
            (tmp_path / "go").touch()
    assert [answer.result()["Body"] for answer in held] == [b"light", b"light"]
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_a_body_above_4_mb_is_too_large_for_a_serverless_variant(cloud: Cloud, serverless: str) -> None:
    with pytest.raises(ClientError, match="exceeded 4194304 bytes"):
        cloud.invoke(serverless, b"0" * (4 * 1024 * 1024 + 1))


def test_an_endpoint_with_instances_cannot_become_serverless(cloud: Cloud, serverless: str) -> None:
    cloud.config("heavy", "light")
    cloud.endpoint("heavy", "heavy")
    with pytest.raises(ClientError, match="cannot be updated to a serverless endpoint"):
        cloud.client("sagemaker").update_endpoint(EndpointName="heavy", EndpointConfigName="light")
    cloud.client("sagemaker").update_endpoint(EndpointName=serverless, EndpointConfigName="heavy")
    assert cloud.settled(serverless)["ProductionVariants"][0]["CurrentInstanceCount"] == 1


@pytest.mark.parametrize(
    ("variant", "members", "said"),
    [
        ({"ServerlessConfig": SERVERLESS}, {}, "cannot be given together with ServerlessConfig"),
        ({"ServerlessConfig": {"MemorySizeInMB": 1500, "MaxConcurrency": 1}}, {}, "MemorySizeInMB must be one of"),
        ({"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 201}}, {}, "less than or equal to 200"),
        ({"ServerlessConfig": SERVERLESS | {"ProvisionedConcurrency": 3}}, {}, "at most MaxConcurrency"),
        ({"ServerlessConfig": SERVERLESS}, {"DataCaptureConfig": CAPTURE}, "DataCaptureConfig is not supported"),
        ({"ServerlessConfig": SERVERLESS}, {"ShadowProductionVariants": [shadow("light")]}, "exactly one production"),
        ({}, {"ShadowProductionVariants": [shadow("light"), shadow("light")]}, "are not unique"),
        (
            {},
            {"ShadowProductionVariants": [shadow("light"), shadow("light") | {"VariantName": "Other"}]},
            "there can be only one variant",
        ),
        ({}, {"ShadowProductionVariants": [shadow("nobody")]}, "Could not find model"),
    ],
)
def test_a_configuration_that_aws_refuses_is_refused(
    cloud: Cloud, serverless: str, variant: dict[str, Any], members: dict[str, Any], said: str
) -> None:
    given = variant | (NOTHING if variant and "together" not in said else {})
    with pytest.raises(ClientError, match=said):
        cloud.config("refused", "light", variant=given, **members)
