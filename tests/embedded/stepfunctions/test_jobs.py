"""createTrainingJob.sync: the state machine waits for a real training job."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.conftest import eventually
from tests.embedded.stepfunctions.conftest import Lab

GOLDEN = Path(__file__).parents[2] / "golden" / "state_machine.json"
FIELDS = [key.removesuffix(".$") for key in json.loads(GOLDEN.read_text())["States"]["Train"]["Parameters"]]
TRAIN = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
    "Parameters": {f"{field}.$": f"$.training.job.{field}" for field in FIELDS},
    "ResultSelector": {"status.$": "$.TrainingJobStatus", "artifact.$": "$.ModelArtifacts.S3ModelArtifacts"},
    "ResultPath": "$.job",
    "TimeoutSeconds": 60,
    "End": True,
}
CATCH = {
    "Train": TRAIN | {"Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]},
    "Caught": {"Type": "Pass", "End": True},
}
GOOD = "import os\nopen(os.environ['SM_MODEL_DIR'] + '/m', 'w').write('m')"
SLOW = "import time\ntime.sleep(30)"


def job(lab: Lab, name: str, program: str) -> dict[str, Any]:
    """The state that the preparation leaves: all twelve fields of the request."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("train.py")
        member.size = len(program)
        tar.addfile(member, io.BytesIO(program.encode()))
    s3 = lab.world.client("s3")
    s3.create_bucket(Bucket="training")
    s3.put_object(Bucket="training", Key=f"{name}/source.tar.gz", Body=buffer.getvalue())
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://training/{name}/source.tar.gz"}
    request = {
        "TrainingJobName": name,
        "HyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": '"/opt/ml/input/data/code/source.tar.gz"',
        },
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::123456789012:role/training",
        "InputDataConfig": [{"ChannelName": "code", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": "s3://training/runs/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "Environment": {"OMP_NUM_THREADS": "1"},
        "EnableNetworkIsolation": True,
        "EnableManagedSpotTraining": False,
        "Tags": [{"Key": "run", "Value": name}],
    }
    return {"training": {"job": request}}


def test_a_completed_jobs_description_is_the_tasks_result(lab: Lab) -> None:
    execution = lab.start(lab.machine({"Train": TRAIN}), job(lab, "good", GOOD))
    description = lab.ended(execution)
    assert description["status"] == "SUCCEEDED", description.get("cause")
    output = json.loads(description["output"])
    assert output["job"] == {"status": "Completed", "artifact": "s3://training/runs/good/output/model.tar.gz"}
    assert lab.events(execution)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_failed_job_fails_the_task_with_the_jobs_description(lab: Lab) -> None:
    error = lab.output(CATCH, job(lab, "bad", "raise ValueError('one class only')"))["error"]
    assert error["Error"] == "States.TaskFailed"
    cause = json.loads(error["Cause"])
    assert (cause["TrainingJobStatus"], cause["TrainingJobName"]) == ("Failed", "bad")
    assert "ValueError: one class only" in cause["FailureReason"]
    assert isinstance(cause["CreationTime"], int)


def test_a_name_in_use_has_the_error_that_the_java_sdk_gives_it(lab: Lab) -> None:
    lab.output({"Train": TRAIN}, job(lab, "again", GOOD))
    error = lab.output(CATCH, job(lab, "again", GOOD))["error"]
    assert error["Error"] == "SageMaker.ResourceInUseException"
    assert "(Service: AmazonSageMaker; Status Code: 400; Error Code: ResourceInUse; " in error["Cause"]


def test_a_refused_request_is_a_general_exception(lab: Lab) -> None:
    state = job(lab, "refused", GOOD)
    state["training"]["job"]["HyperParameters"] = {}
    error = lab.output(CATCH, state)["error"]
    assert error["Error"] == "SageMaker.AmazonSageMakerException"
    assert "Error Code: ValidationException" in error["Cause"]


def test_a_parameter_of_the_wrong_type_is_an_error_that_nothing_catches(lab: Lab) -> None:
    state = job(lab, "typed", GOOD)
    state["training"]["job"]["HyperParameters"]["depth"] = 3
    description = lab.run(CATCH, state)
    assert (description["status"], description["error"]) == ("FAILED", "States.Runtime")
    assert "could not be used to start the Task" in description["cause"]


def test_a_stopped_execution_stops_its_job(lab: Lab) -> None:
    execution = lab.start(lab.machine({"Train": TRAIN}), job(lab, "halted", SLOW))
    sagemaker = lab.world.client("sagemaker")

    def status() -> str:
        try:
            found: str = sagemaker.describe_training_job(TrainingJobName="halted")["SecondaryStatus"]
        except sagemaker.exceptions.ClientError:
            return ""
        return found

    eventually(lambda: status() == "Training")
    lab.states.stop_execution(executionArn=execution)
    assert lab.ended(execution)["status"] == "ABORTED"
    eventually(lambda: status() == "Stopped")


def test_a_task_over_its_time_stops_its_job(lab: Lab) -> None:
    states = CATCH | {"Train": CATCH["Train"] | {"TimeoutSeconds": 3}}
    assert lab.output(states, job(lab, "late", SLOW))["error"]["Error"] == "States.Timeout"
    sagemaker = lab.world.client("sagemaker")
    eventually(lambda: sagemaker.describe_training_job(TrainingJobName="late")["TrainingJobStatus"] == "Stopped")


def test_an_action_that_is_not_integrated_is_no_definition(lab: Lab) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync", "End": True}
    with pytest.raises(Exception, match="InvalidDefinition"):
        lab.machine({"Task": task})
