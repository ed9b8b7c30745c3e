"""A transform job sends all of its input to a real server and writes the answers to S3, or its reason for a failure."""

import gzip
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from embedded.sagemaker.batches import PayloadError, split_into_batches
from tests.embedded.sagemaker.conftest import BUCKET, Cloud, eventually

_LINES = """
import os
def app(environ, start_response):
    path = environ["PATH_INFO"]
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if path == "/execution-parameters":
        start_response("404 Not Found", [])
        return [b""]
    status = "400 Bad Request" if b"bad" in body else "500 Internal Server Error" if b"boom" in body else "200 OK"
    print(path, len(body), flush=True)
    start_response(status, [("Content-Type", environ.get("HTTP_ACCEPT", "text/csv"))])
    kind = environ.get("CONTENT_TYPE", "")
    return [b"no: " + body if status[0] != "2" else b"|".join([os.environ["VERSION"].encode(), kind.encode(), body])]
"""


@pytest.fixture(scope="module")
def model(cloud: Cloud) -> str:
    cloud.model("batch", "b1", {"model.json": "{}", "code/app.py": _LINES})
    return "batch"


def request(name: str, key: str, **changes: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": changes.pop("data_type", "S3Prefix"), "S3Uri": f"s3://{BUCKET}/{key}"}}
    given = {"DataSource": source, "ContentType": "text/csv"} | changes.pop("input", {})
    output = {"S3OutputPath": f"s3://{BUCKET}/out/{name}", "Accept": "text/csv"} | changes.pop("output", {})
    return {
        "TransformJobName": name,
        "ModelName": "batch",
        "TransformInput": given,
        "TransformOutput": output,
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    } | changes


def transform(cloud: Cloud, name: str, key: str, **changes: Any) -> dict[str, Any]:
    cloud.client("sagemaker").create_transform_job(**request(name, key, **changes))
    return ended(cloud, name)


def ended(cloud: Cloud, name: str) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        found: dict[str, Any] = cloud.client("sagemaker").describe_transform_job(TransformJobName=name)
        return found if found["TransformJobStatus"] in ("Completed", "Failed", "Stopped") else None

    found: dict[str, Any] = eventually(there)
    return found


def test_every_object_below_the_prefix_gets_an_output_of_its_own(cloud: Cloud, model: str) -> None:
    cloud.put("batch-in/a.csv", b"1\n2\n")
    cloud.put("batch-in/deep/b.csv", b"3")
    job = transform(cloud, "whole", "batch-in/", Environment={"VERSION": "b2"})
    assert job["TransformJobStatus"] == "Completed", job["FailureReason"]
    assert job["TransformJobArn"] == "arn:aws:sagemaker:us-east-1:123456789012:transform-job/whole"
    assert job["TransformStartTime"] <= job["TransformEndTime"]
    assert cloud.keys("out/whole/") == ["out/whole/a.csv.out", "out/whole/deep/b.csv.out"]
    assert cloud.get("out/whole/a.csv.out") == b"b2|text/csv|1\n2\n"
    statuses = [detail["TransformJobStatus"] for kind, detail in cloud.events if kind.startswith("SageMaker Transform")]
    assert statuses[:2] == ["InProgress", "Completed"]
    summaries = cloud.client("sagemaker").list_transform_jobs(NameContains="whole")["TransformJobSummaries"]
    assert [entry["TransformJobStatus"] for entry in summaries] == ["Completed"]
    assert not list((cloud.context.workdir / "sagemaker" / "transform" / "whole").glob("*/ml"))


def test_lines_are_sent_alone_or_as_many_as_fit_and_put_together_as_asked(cloud: Cloud, model: str) -> None:
    cloud.put("lines/a.csv", b"1\n2\n3")
    options: dict[str, Any] = {"input": {"SplitType": "Line"}, "output": {"AssembleWith": "Line"}}
    transform(cloud, "single", "lines/a.csv", BatchStrategy="SingleRecord", **_copy(options))
    assert cloud.get("out/single/a.csv.out") == b"b1|text/csv|1\nb1|text/csv|2\nb1|text/csv|3\n"
    transform(cloud, "multi", "lines/a.csv", BatchStrategy="MultiRecord", MaxConcurrentTransforms=3, **_copy(options))
    assert cloud.get("out/multi/a.csv.out") == b"b1|text/csv|1\n2\n3\n"


def test_a_manifest_and_gzip_are_read(cloud: Cloud, model: str) -> None:
    cloud.put("zipped/one.gz", gzip.compress(b"1"))
    manifest = [{"prefix": f"s3://{BUCKET}/zipped/"}, "one.gz"]
    cloud.put("manifest.json", json.dumps(manifest).encode())
    given = {"CompressionType": "Gzip"}
    job = transform(cloud, "manifest", "manifest.json", data_type="ManifestFile", input=given)
    assert job["TransformJobStatus"] == "Completed", job["FailureReason"]
    assert cloud.get("out/manifest/one.gz.out") == b"b1|text/csv|1"


@pytest.mark.parametrize(("body", "kind"), [(b"bad\n", "ClientError"), (b"boom\n", "AlgorithmError")])
def test_an_object_that_fails_has_no_output_and_fails_the_job(cloud: Cloud, model: str, body: bytes, kind: str) -> None:
    name = f"mixed-{kind.lower()}"
    cloud.put(f"{name}/a.csv", b"1\n")
    cloud.put(f"{name}/b.csv", body)
    job = transform(cloud, name, f"{name}/", input={"SplitType": "Line"})
    assert (job["TransformJobStatus"], job["FailureReason"]) == (
        "Failed",
        f"{kind}: See job logs for more information",
    )
    assert cloud.keys(f"out/{name}/") == [f"out/{name}/a.csv.out"]
    streams = cloud.client("logs").describe_log_streams(
        logGroupName="/aws/sagemaker/TransformJobs", logStreamNamePrefix=f"{name}/"
    )["logStreams"]
    (stream,) = [entry["logStreamName"] for entry in streams if entry["logStreamName"].endswith("/data-log")]
    events = cloud.client("logs").get_log_events(logGroupName="/aws/sagemaker/TransformJobs", logStreamName=stream)
    (said,) = [event["message"] for event in events["events"]]
    assert f"{name}/b.csv" in said
    assert f"no: {body.decode().strip()}" in said


def test_a_job_without_input_or_without_a_server_fails_with_the_reason(cloud: Cloud, model: str) -> None:
    job = transform(cloud, "nothing", "nowhere/")
    assert job["TransformJobStatus"] == "Failed"
    assert "No S3 objects found under S3 URL" in job["FailureReason"]
    cloud.put("some/a.csv", b"1")
    cloud.model("ill-batch", "v", {"code/app.py": "raise RuntimeError('digest differs')"})
    job = transform(cloud, "ill", "some/", ModelName="ill-batch")
    assert job["TransformJobStatus"] == "Failed"
    assert "digest differs" in job["FailureReason"]


def test_a_job_is_stopped(cloud: Cloud, model: str) -> None:
    cloud.put("long/a.csv", b"1\n" * 20_000)
    sagemaker = cloud.client("sagemaker")
    sagemaker.create_transform_job(
        **request("long", "long/", BatchStrategy="SingleRecord", input={"SplitType": "Line"})
    )
    sagemaker.stop_transform_job(TransformJobName="long")
    assert sagemaker.describe_transform_job(TransformJobName="long")["TransformJobStatus"] in ("Stopping", "Stopped")
    assert ended(cloud, "long")["TransformJobStatus"] == "Stopped"
    assert not cloud.keys("out/long/")
    with pytest.raises(ClientError, match="in status Stopped"):
        sagemaker.stop_transform_job(TransformJobName="long")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"TransformJobName": "no_name"}, "regular expression"),
        ({"TransformResources": {}}, "'transformResources.instanceType' failed to satisfy"),
        ({"ModelName": "nobody"}, "Could not find model"),
        ({"input": {"SplitType": "RecordIO"}}, "does not emulate SplitType RecordIO"),
        ({"DataProcessing": {"JoinSource": "Input"}}, "does not emulate DataProcessing"),
        ({"MaxPayloadInMB": 60, "MaxConcurrentTransforms": 2}, "must not exceed 100 MB"),
        ({"MaxPayloadInMB": 0}, "does not emulate MaxPayloadInMB 0"),
        ({"data_type": "AugmentedManifestFile"}, "S3DataType"),
        ({"TransformJobName": "whole"}, "Job name must be unique"),
    ],
)
def test_a_job_that_aws_or_this_cloud_refuses_is_refused(
    cloud: Cloud, model: str, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ClientError, match=said):
        cloud.client("sagemaker").create_transform_job(**request("refused", "batch-in/", **changes))


def test_nobody_is_found_by_a_name_that_is_not_there(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="Requested resource not found"):
        cloud.client("sagemaker").describe_transform_job(TransformJobName="nobody")


@given(st.binary(max_size=200).map(lambda text: text.replace(b"\x00", b"\n")), st.booleans())
def test_what_is_cut_is_the_input_again_and_records_stay_whole(content: bytes, single: bool) -> None:
    bodies = list(split_into_batches(content, lines=True, single=single, max_payload_mb=1))
    if single:
        assert [body.rstrip(b"\r\n") for body in content.split(b"\n")[: len(bodies)]] == bodies
    else:
        assert b"".join(bodies) == content


def test_a_record_above_the_limit_is_an_error_and_batches_stay_below_it() -> None:
    row = b"x" * 400_000 + b"\n"
    assert [len(body) for body in split_into_batches(row * 5, lines=True, single=False, max_payload_mb=1)] == [
        800_002,
        800_002,
        400_001,
    ]
    with pytest.raises(PayloadError, match="Too much data for max payload size"):
        list(split_into_batches(row * 3, lines=False, single=False, max_payload_mb=1))


def _copy(options: dict[str, Any]) -> dict[str, Any]:
    return {name: dict(value) for name, value in options.items()}
