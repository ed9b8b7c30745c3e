"""Training jobs run for real, and end as on AWS."""

import io
import json
import tarfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.sagemaker.conftest import BUCKET, TRAIN, Cloud, channel, eventually


def members(content: bytes) -> dict[str, Any]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        return {name: json.loads(tar.extractfile(name).read()) for name in tar.getnames()}  # type: ignore[union-attr]


def test_a_job_trains_on_its_channels_and_leaves_its_artifacts_in_s3(cloud: Cloud) -> None:
    job = cloud.train("plain")
    assert job["TrainingJobStatus"] == job["SecondaryStatus"] == "Completed", job.get("FailureReason")
    steps = [transition["Status"] for transition in job["SecondaryStatusTransitions"]]
    assert steps == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": f"s3://{BUCKET}/runs/plain/output/model.tar.gz"}
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1
    assert job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"]
    model = members(cloud.get("runs/plain/output/model.tar.gz"))
    assert model["model.json"]["rows"] == ["deep/part-1.csv", "part-0.csv"]
    assert model["model.json"]["hps"] == {"depth": 3, "name": "a b"}
    seen = members(cloud.get("runs/plain/output/output.tar.gz"))["evaluation.json"]
    assert seen["argv"] == ["--depth", "3", "--name", "a b"]
    assert seen["env"]["SM_CURRENT_HOST"] == "algo-1"
    assert "AWS_ENDPOINT_URL" not in seen["env"], "a network-isolated container has no way into the cloud"


def test_a_manifest_names_the_files_of_a_channel(cloud: Cloud) -> None:
    request = cloud.training_request("manifest")
    cloud.put("runs/x/data.manifest", json.dumps([{"prefix": f"s3://{BUCKET}/data/manifest/"}, "part-0.csv"]).encode())
    request["InputDataConfig"][1] = channel("data", "runs/x/data.manifest", "ManifestFile")
    cloud.client("sagemaker").create_training_job(**request)
    assert cloud.ended("manifest")["TrainingJobStatus"] == "Completed"
    assert members(cloud.get("runs/manifest/output/model.tar.gz"))["model.json"]["rows"] == ["part-0.csv"]


def test_the_source_may_come_from_s3_and_the_program_sees_the_jobs_environment(cloud: Cloud) -> None:
    request = cloud.training_request("source", EnableNetworkIsolation=False, Environment={"PLACE": "/opt/ml/model/x"})
    request["HyperParameters"]["sagemaker_submit_directory"] = f'"s3://{BUCKET}/code/source/source.tar.gz"'
    cloud.client("sagemaker").create_training_job(**request)
    job = cloud.ended("source")
    assert job["TrainingJobStatus"] == "Completed", job["FailureReason"]
    assert job["Environment"] == {"PLACE": "/opt/ml/model/x"}
    seen = members(cloud.get("runs/source/output/output.tar.gz"))["evaluation.json"]["env"]
    assert seen["PLACE"] == seen["SM_MODEL_DIR"] + "/x"
    assert seen["AWS_ENDPOINT_URL"] == cloud.context.endpoint_url


def test_a_program_that_breaks_fails_the_job_with_the_end_of_its_traceback(cloud: Cloud) -> None:
    job = cloud.train("broken", "print('so far so good')\nraise ValueError('no rows of class 1')")
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage ")
    assert "ValueError: no rows of class 1" in job["FailureReason"]
    assert job["FailureReason"].endswith("exit code: 1")
    assert "ModelArtifacts" not in job or not job["ModelArtifacts"]
    assert cloud.keys("runs/broken/") == []


def test_the_failure_file_is_the_reason(cloud: Cloud) -> None:
    program = "import os, sys\nopen(os.environ['SM_OUTPUT_DIR'] + '/failure', 'w').write('too few rows')\nsys.exit(2)"
    assert cloud.train("told", program)["FailureReason"] == "AlgorithmError: too few rows, exit code: 2"


def test_missing_input_fails_the_job_as_a_client_error(cloud: Cloud) -> None:
    request = cloud.training_request("nodata")
    request["InputDataConfig"][1] = channel("data", "nowhere/")
    cloud.client("sagemaker").create_training_job(**request)
    job = cloud.ended("nodata")
    assert job["FailureReason"].startswith(
        'ClientError: Data download failed:No S3 objects found under S3 URL "s3://lake'
    )


def test_a_source_bundle_that_climbs_out_of_its_directory_fails_the_job(cloud: Cloud) -> None:
    from tests.embedded.sagemaker.conftest import archive

    request = cloud.training_request("climber")
    cloud.put("code/climber/source.tar.gz", archive({"train.py": "", "../../escaped.py": "x"}))
    cloud.client("sagemaker").create_training_job(**request)
    job = cloud.ended("climber")
    assert job["TrainingJobStatus"] == "Failed"
    assert "outside" in job["FailureReason"]


def test_a_job_over_its_time_is_stopped_and_its_model_kept(cloud: Cloud) -> None:
    job = cloud.train("slow", TRAIN + "\nimport time; time.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 5})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert "runs/slow/output/model.tar.gz" in cloud.keys("runs/slow/")


def test_a_stopped_job_ends_stopped_and_its_process_is_gone(cloud: Cloud) -> None:
    sagemaker = cloud.client("sagemaker")
    program = "import os, time\nopen(os.environ['MARK'], 'w').write(str(os.getpid()))\ntime.sleep(60)"
    mark = cloud.context.workdir / "mark"
    sagemaker.create_training_job(**cloud.training_request("halted", program, Environment={"MARK": str(mark)}))
    pid = int(eventually(lambda: mark.read_text() if mark.exists() else None))
    sagemaker.stop_training_job(TrainingJobName="halted")
    assert sagemaker.describe_training_job(TrainingJobName="halted")["TrainingJobStatus"] == "Stopping"
    assert cloud.ended("halted")["SecondaryStatus"] == "Stopped"
    with pytest.raises(ProcessLookupError):
        __import__("os").kill(pid, 0)
    with pytest.raises(ClientError, match="in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="halted")


def test_a_taken_name_is_in_use(cloud: Cloud) -> None:
    cloud.train("twice", "")
    with pytest.raises(ClientError, match="a training job with this name already exists") as refusal:
        cloud.train("twice", "")
    assert refusal.value.response["Error"]["Code"] == "ResourceInUse"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"HyperParameters": {}}, "script mode"),
        ({"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 1}}, "InstanceCount"),
        ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds"),
        ({"OutputDataConfig": {"S3OutputPath": "https://example.com/x"}}, "s3://bucket/key"),
    ],
)
def test_a_request_that_cannot_be_honoured_is_refused(cloud: Cloud, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as refusal:
        cloud.client("sagemaker").create_training_job(**cloud.training_request("refused", **changes))
    assert refusal.value.response["Error"]["Code"] == "ValidationException"


def test_an_unknown_job_is_not_found(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match=r"Requested resource not found\."):
        cloud.client("sagemaker").describe_training_job(TrainingJobName="nobody")


def test_metrics_are_read_from_the_log_and_the_log_is_in_cloudwatch(cloud: Cloud) -> None:
    specification = {"TrainingImage": "x", "TrainingInputMode": "File"}
    specification["MetricDefinitions"] = [{"Name": "accuracy", "Regex": "accuracy=([0-9.]+)"}]  # type: ignore[assignment]
    job = cloud.train("measured", AlgorithmSpecification=specification)
    assert [(metric["MetricName"], metric["Value"]) for metric in job["FinalMetricDataList"]] == [("accuracy", 0.75)]
    logs = cloud.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    (stream,) = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="measured/")["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    assert [event["message"] for event in events] == ["accuracy=0.75"]


def test_jobs_are_listed_tagged_and_announced(cloud: Cloud) -> None:
    cloud.train("listed", Tags=[{"Key": "model", "Value": "flights"}])
    sagemaker = cloud.client("sagemaker")
    (entry,) = sagemaker.list_training_jobs(NameContains="listed", StatusEquals="Completed")["TrainingJobSummaries"]
    sagemaker.add_tags(ResourceArn=entry["TrainingJobArn"], Tags=[{"Key": "run", "Value": "1"}])
    tags = sagemaker.list_tags(ResourceArn=entry["TrainingJobArn"])["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"model": "flights", "run": "1"}
    told = [detail for kind, detail in cloud.events if kind == "SageMaker Training Job State Change"]
    statuses = [detail["SecondaryStatus"] for detail in told if detail["TrainingJobName"] == "listed"]
    assert statuses == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert isinstance(told[0]["CreationTime"], int)
