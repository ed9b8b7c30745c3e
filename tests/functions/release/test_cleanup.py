"""After a stop nothing that the run had begun goes on: neither its job, nor a change of the endpoint."""

from __future__ import annotations

import io
import tarfile
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from cloud import lease
from cloud.platform import client
from functions import cleanup
from functions.release import deployment
from tests.functions.release.conftest import IMAGE, Context, House, eventually


def start_job(name: str) -> None:
    """A training job that takes its time."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        text = b"import time\ntime.sleep(600)\n"
        member = tarfile.TarInfo("train.py")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    boto3.client("s3").put_object(Bucket="models", Key="code/source.tar.gz", Body=packed.getvalue())
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://models/code/", "S3DataDistributionType": "FullyReplicated"}
    boto3.client("sagemaker").create_training_job(
        TrainingJobName=name,
        HyperParameters={
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": '"/opt/ml/input/data/code/source.tar.gz"',
        },
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn="arn:aws:iam::123456789012:role/serving",
        InputDataConfig=[{"ChannelName": "code", "DataSource": {"S3DataSource": source}}],
        OutputDataConfig={"S3OutputPath": "s3://models/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )


def test_a_job_that_the_state_machine_does_not_wait_for_is_stopped_by_its_name(house: House) -> None:
    """A job that a run has adopted, for example: no state of the execution would stop it."""
    house.begin(house.version("a"))
    job = f"{house.run().id}-2"
    start_job(job)
    sagemaker = boto3.client("sagemaker")

    def status() -> str:
        return str(sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"])

    eventually(lambda: sagemaker.describe_training_job(TrainingJobName=job)["SecondaryStatus"] == "Training")
    house.ledger.update_run(house.run().model_copy(update={"training_job": job}))
    assert house.call(cleanup)["outcome"] == "waiting"
    eventually(lambda: status() == "Stopped")
    assert house.call(cleanup)["outcome"] == "done"
    assert house.call(cleanup)["outcome"] == "done"  # it may be repeated
    assert cleanup.UNASKED in house.told()


def test_a_deployment_that_was_under_way_when_the_run_was_stopped_changes_no_endpoint(house: House) -> None:
    house.promote("a")
    house.begin(house.version("b"))
    run = house.run()

    def stop(**_: Any) -> None:
        assert lease.take_over(house.ledger, run, datetime.now(UTC), timedelta(hours=1))

    events = client("sagemaker").meta.events
    events.register("after-call.sagemaker.CreateEndpointConfig", stop, unique_id="stop")
    try:
        with pytest.raises(lease.LostLeaseError):
            deployment.handler(house.state, Context())
    finally:
        events.unregister("after-call.sagemaker.CreateEndpointConfig", unique_id="stop")
    found = boto3.client("sagemaker").describe_endpoint(EndpointName=house.endpoint)
    assert found["EndpointStatus"] == "InService"
    assert house.serves() == house.champion().version
