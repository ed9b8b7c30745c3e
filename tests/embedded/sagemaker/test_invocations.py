"""Responses of InvokeEndpoint, and their capture and metrics."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.sagemaker.conftest import BUCKET, Cloud, eventually

CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": f"s3://{BUCKET}/capture",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
}


@pytest.fixture(scope="module")
def endpoint(cloud: Cloud) -> str:
    cloud.model("served", "served@1")
    cloud.config("served", "served", DataCaptureConfig=CAPTURE)
    description = cloud.endpoint("served", "served")
    assert description["DataCaptureConfig"]["CaptureStatus"] == "Started"
    return "served"


def captured(cloud: Cloud, endpoint: str, inference_id: str) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        for key in cloud.keys(f"capture/{endpoint}/AllTraffic/"):
            for line in cloud.get(key).decode().splitlines():
                record: dict[str, Any] = json.loads(line)
                if record["eventMetadata"].get("inferenceId") == inference_id:
                    return record
        return None

    record: dict[str, Any] = eventually(found)
    return record


def test_the_models_answer_comes_back_with_its_headers(cloud: Cloud, endpoint: str) -> None:
    answer = cloud.invoke(endpoint, b"\xff\x00raw", Accept="application/json")
    assert answer["Body"] == b"served@1:\xff\x00raw"
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["CustomAttributes"] == "model=served@1"


@pytest.mark.parametrize(("body", "status", "kind"), [(b"bad", 400, "client"), (b"boom", 500, "server")])
def test_the_containers_error_is_a_model_error(
    cloud: Cloud, endpoint: str, body: bytes, status: int, kind: str
) -> None:
    with pytest.raises(ClientError) as error:
        cloud.invoke(endpoint, body)
    answer = error.value.response
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == status
    assert answer["OriginalMessage"] == f"served@1:{body.decode()}"
    assert answer["LogStreamArn"].endswith(":log-group:/aws/sagemaker/Endpoints/served")
    assert answer["Error"]["Message"].startswith(f'Received {kind} error ({status}) from primary with message "')


def test_a_body_above_6_mb_is_too_large(cloud: Cloud, endpoint: str) -> None:
    with pytest.raises(ClientError, match=r"HTTP content length exceeded 6291456 bytes\.") as error:
        cloud.invoke(endpoint, b"x" * (6 * 1024 * 1024 + 1))
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert len(cloud.invoke(endpoint, b"x" * (6 * 1024 * 1024 - 20))["Body"]) == 6 * 1024 * 1024 - 11


def test_an_unknown_endpoint_or_variant_is_a_validation_error(cloud: Cloud, endpoint: str) -> None:
    with pytest.raises(ClientError, match=r"Endpoint nobody of account 123456789012 not found\.") as error:
        cloud.invoke("nobody", b"1")
    assert error.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match="Variant Green not found"):
        cloud.invoke(endpoint, b"1", TargetVariant="Green")


def test_an_invocation_is_captured_as_a_json_line(cloud: Cloud, endpoint: str) -> None:
    cloud.invoke(
        endpoint, b"1,2", InferenceId="row-7", CustomAttributes="trace=9", Accept="application/json; charset=utf-8"
    )
    record = captured(cloud, endpoint, "row-7")
    assert record["captureData"] == {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"},
        "endpointOutput": {
            "observedContentType": "application/json; charset=utf-8",
            "mode": "OUTPUT",
            "data": "served@1:1,2",
            "encoding": "JSON",
        },
    }
    assert record["eventVersion"] == "0"
    assert record["eventMetadata"]["customAttributes"] == ["trace=9"]
    datetime.strptime(record["eventMetadata"]["inferenceTime"], "%Y-%m-%dT%H:%M:%SZ")
    hour = datetime.now(UTC).strftime("%Y/%m/%d/")
    assert all(key.startswith(f"capture/served/AllTraffic/{hour}") for key in cloud.keys("capture/served/"))


def test_a_content_type_that_was_not_named_is_captured_as_base64(cloud: Cloud, endpoint: str) -> None:
    cloud.invoke(endpoint, b"\xff", InferenceId="row-8", ContentType="application/x-npy")
    side = captured(cloud, endpoint, "row-8")["captureData"]["endpointInput"]
    assert (side["encoding"], base64.b64decode(side["data"])) == ("BASE64", b"\xff")


def test_errors_are_not_captured_and_nothing_is_without_capture(cloud: Cloud, endpoint: str) -> None:
    cloud.config("quiet", "served", DataCaptureConfig=CAPTURE | {"InitialSamplingPercentage": 0})
    cloud.endpoint("quiet", "quiet")
    cloud.invoke("quiet", b"1", InferenceId="none")
    with pytest.raises(ClientError):
        cloud.invoke(endpoint, b"bad", InferenceId="error")
    cloud.invoke(endpoint, b"1", InferenceId="last")
    captured(cloud, endpoint, "last")
    assert cloud.keys("capture/quiet/") == []
    assert b'"error"' not in b"".join(cloud.get(key) for key in cloud.keys("capture/served/"))


def test_invocations_are_counted_in_cloudwatch(cloud: Cloud, endpoint: str) -> None:
    cloudwatch = cloud.client("cloudwatch")

    def total(metric: str, statistic: str = "Sum") -> float:
        now = datetime.now(UTC)
        answer = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=[{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=[statistic],
        )
        return sum(point[statistic] for point in answer["Datapoints"])

    before = total("Invocations")
    cloud.invoke(endpoint, b"1")
    with pytest.raises(ClientError):
        cloud.invoke(endpoint, b"boom")
    eventually(lambda: total("Invocations") >= before + 2)
    assert total("Invocation5XXErrors") >= 1
    assert total("ModelLatency", "Maximum") > 0


def test_the_servers_log_is_in_cloudwatch(cloud: Cloud, endpoint: str) -> None:
    logs = cloud.client("logs")
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    (stream,) = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert stream["logStreamName"].startswith("AllTraffic/i-")
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    assert any("Listening at" in event["message"] for event in events)
