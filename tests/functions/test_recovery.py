"""A training job that could not be started or failed, and the result of the run."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from cloud import quotas, s3
from cloud.handovers import RunReference
from cloud.platform import client
from functions.dispatch.handler import handler as dispatch
from functions.preparation.job import training_job
from functions.preparation.recovery import LOOKS, PAUSE, ROUNDS, TrainingFailedError
from functions.preparation.recovery import handler as recover
from functions.task import open_task

NO_MACHINES = "CapacityError: Unable to provision requested ML compute capacity."
TAKEN = {"Error": "SageMaker.ResourceInUseException", "Cause": "exists"}
FAILED = {"Error": "States.TaskFailed", "Cause": "{}"}


@pytest.fixture
def started(world, context):
    """A run that has come to its training, on ml.m5.large or else ml.m5.xlarge: the state's input."""
    put = boto3.client("s3").put_object(Bucket="data", Key="incoming/flights/jan.csv", Body=b"x")
    item = {"key": "incoming/flights/jan.csv", "version-id": put["VersionId"], "size": 1}
    event = {"detail": {"bucket": {"name": "data"}, "object": item}, "time": f"{datetime.now(UTC):%FT%TZ}"}
    record = {"messageId": "1", "body": json.dumps(event), "eventSource": "aws:sqs"}
    assert not dispatch({"Records": [record]}, context)["batchItemFailures"]
    (run,) = world.executions()
    pointer = run["spec"]
    spec = s3.read_json(pointer["bucket"], pointer["key"])
    spec["training"]["fallback_instances"] = ["ml.m5.xlarge"]
    s3.write_json(pointer["bucket"], pointer["key"], spec)
    opened = open_task(RunReference.from_json(run))
    opened.note("training", ("Trained on 10 rows.",), {"rows": 10}, training_job=run["id"])
    return {"run": run, "job": training_job(world.platform, opened.spec, run["id"], "c" * 64).to_json()}


class Body(io.BytesIO):
    """The body of a response, as urllib3 reads it."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


@pytest.fixture
def create(world) -> Callable[..., None]:
    """A job of SageMaker in a given state: its responses, beneath the real client."""
    jobs: dict[str, dict] = {}

    def answer(request: Any, **_: Any) -> AWSResponse:
        job = jobs.get(json.loads(request.body)["TrainingJobName"])
        body = job or {"__type": "ValidationException", "message": "Requested resource not found."}
        return AWSResponse(request.url, 200 if job else 400, {}, Body(json.dumps(body).encode()))

    def created(request: dict, status: str, failure: str = "", **changes: Any) -> None:
        jobs[request["TrainingJobName"]] = request | {"TrainingJobStatus": status, "FailureReason": failure} | changes

    client("sagemaker").meta.events.register_first("before-send.sagemaker.DescribeTrainingJob", answer)
    return created


def test_a_job_that_is_there_and_well_is_taken(world, started, create, context):
    create(started["job"], "Completed")
    found = recover(started | {"error": TAKEN}, context)
    assert (found["outcome"], found["job"]) == ("completed", started["job"])
    run = world.ledger.run(started["run"]["id"])
    assert run.step("training").sentences[1].endswith("existed already; its output was used.")
    assert run.step("training").details == {"rows": 10}
    assert run.training_job == run.id


@pytest.mark.parametrize("status", ["InProgress", "Stopping"])
def test_a_job_that_is_at_work_is_waited_for(started, create, context, status):
    create(started["job"], status)
    answers = [recover(started | {"error": TAKEN}, context) for _ in range(LOOKS)]
    assert {(found["outcome"], json.dumps(found["job"])) for found in answers} == {
        ("waiting", json.dumps(started["job"]))
    }
    seconds = [found["seconds"] for found in answers]
    assert (seconds[0], seconds[1], seconds[-1]) == (30, 36, 900)
    assert 24 * 3600 < sum(seconds) < 48 * 3600
    with pytest.raises(TrainingFailedError, match=f"is {status} for more than a day"):
        recover(started | {"error": TAKEN}, context)


def test_a_job_of_somebody_else_is_left_alone(started, create, context):
    create(started["job"], "Completed", OutputDataConfig={"S3OutputPath": "s3://elsewhere/output"})
    with pytest.raises(TrainingFailedError, match="not of this run: it writes to s3://elsewhere/output"):
        recover(started | {"error": TAKEN}, context)


def test_another_try_after_a_job_that_failed_begins_another_one(world, started, create, context):
    create(started["job"], "Failed", "AlgorithmError: no memory")
    found = recover(started | {"error": TAKEN}, context)
    assert found == {
        "outcome": "start", "seconds": 0, "job": started["job"] | {"TrainingJobName": started["run"]["id"] + "-2"},
    }  # fmt: skip
    assert world.ledger.run(started["run"]["id"]).training_job == found["job"]["TrainingJobName"]


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_job_that_ended_without_a_model_fails_the_run_with_sagemakers_reason(started, create, context, status):
    create(started["job"], status, "AlgorithmError: no memory")
    with pytest.raises(TrainingFailedError, match=f"{status.lower()}: AlgorithmError: no memory"):
        recover(started | {"error": FAILED}, context)


def test_a_request_that_was_never_taken_fails_the_run_with_its_error(started, create, context):
    with pytest.raises(TrainingFailedError, match=r"States\.TaskFailed: the role is gone"):
        recover(started | {"error": {"Error": "States.TaskFailed", "Cause": "the role is gone"}}, context)


def test_where_there_is_no_machine_the_types_take_turns_with_a_pause_after_the_last(world, started, create, context):
    job, run = started["job"], started["run"]["id"]
    seen = []
    for _ in range(4):
        create(job, "Failed", NO_MACHINES)
        found = recover(started | {"job": job, "error": FAILED}, context)
        job = found["job"]
        seen.append((job["TrainingJobName"], job["ResourceConfig"]["InstanceType"], found["seconds"]))
    pause = PAUSE.total_seconds()
    assert seen == [
        (f"{run}-2", "ml.m5.xlarge", 0),
        (f"{run}-3", "ml.m5.large", pause),
        (f"{run}-4", "ml.m5.xlarge", 0),
        (f"{run}-5", "ml.m5.large", pause),
    ]
    assert world.ledger.run(run).training_job == f"{run}-5"
    assert (
        world.ledger.run(run).step("training").sentences[1]
        == "SageMaker had no machine of ml.m5.large; ml.m5.xlarge was tried."
    )


def test_after_hours_without_a_machine_the_run_fails_and_says_what_to_do(started, create, context):
    job = started["job"] | {"TrainingJobName": f"{started['run']['id']}-{2 * ROUNDS}"}
    create(job, "Failed", NO_MACHINES)
    with pytest.raises(TrainingFailedError, match=r"ml\.m5\.large, ml\.m5\.xlarge for 6 hours.*fallback_instances"):
        recover(started | {"job": job, "error": FAILED}, context)


def limited(instance: str, granted: int, used: int) -> dict[str, str]:
    """The error of CreateTrainingJob for a quota, as Step Functions gives it."""
    return {
        "Error": "SageMaker.ResourceLimitExceededException",
        "Cause": (
            f"The account-level service limit '{instance} for training job usage' is {granted} Instances, with current "
            f"utilization of {used} Instances and a request delta of 1 Instances. Please use AWS Service Quotas to "
            "request an increase for this quota. (Service: AmazonSageMaker; Status Code: 400; Error Code: "
            "ResourceLimitExceeded; Request ID: x; Proxy: null)"
        ),
    }


def test_instances_that_others_use_are_waited_for_with_the_types_in_turn(world, started, create, context):
    job, seen = started["job"], []
    for _ in range(4):
        instance = job["ResourceConfig"]["InstanceType"]
        found = recover(started | {"job": job, "error": limited(instance, 2, 2)}, context)
        job = found["job"]
        seen.append((found["outcome"], job["ResourceConfig"]["InstanceType"], found["seconds"]))
    pause = quotas.PAUSE.seconds
    assert seen == [("start", "ml.m5.xlarge", 0), ("start", "ml.m5.large", pause)] * 2
    assert job["TrainingJobName"] == started["run"]["id"], "no job was made, so its name is free"
    sentences = world.ledger.run(started["run"]["id"]).step("training").sentences
    assert sentences[1].startswith("The training waits: the quota 'ml.m5.large for training job usage' of this account")


def test_a_type_of_which_the_account_may_have_none_is_left_for_the_next_and_not_asked_for_again(
    world, started, create, context
):
    found = recover(started | {"error": limited("ml.m5.large", 0, 0)}, context)
    assert found["job"]["ResourceConfig"]["InstanceType"] == "ml.m5.xlarge"
    assert found["seconds"] == 0
    again = recover(started | {"job": found["job"], "error": limited("ml.m5.xlarge", 1, 1)}, context)
    assert again["job"]["ResourceConfig"]["InstanceType"] == "ml.m5.xlarge"
    assert again["seconds"] == quotas.PAUSE.seconds
    assert world.ledger.run(started["run"]["id"]).step("training").details["without_quota"] == ["ml.m5.large"]


def test_where_the_account_may_have_none_of_all_types_the_run_says_so_at_once_with_the_request(
    started, create, context
):
    found = recover(started | {"error": limited("ml.m5.large", 0, 0)}, context)
    with pytest.raises(
        quotas.QuotaError, match=r"'ml\.m5\.xlarge for training job usage'.* is 0, and 1 are needed"
    ) as caught:
        recover(started | {"job": found["job"], "error": limited("ml.m5.xlarge", 0, 0)}, context)
    assert caught.value.hint.startswith("aws service-quotas request-service-quota-increase --service-code sagemaker")


def test_waiting_for_instances_ends_after_six_hours(started, create, context):
    state = started | {"error": limited("ml.m5.large", 1, 1)}
    answers = [recover(state, context) for _ in range(quotas.WAITS)]
    assert {found["outcome"] for found in answers} == {"start"}
    with pytest.raises(quotas.BusyError, match="1 are in use and 1 more are needed"):
        recover(state, context)


def test_a_request_that_stays_throttled_is_made_again_after_a_pause(started, create, context):
    cause = "Rate exceeded (Service: AmazonSageMaker; Status Code: 400; Error Code: ThrottlingException; Request ID: x)"
    throttled = {"Error": "SageMaker.AmazonSageMakerException", "Cause": cause}
    job = started["job"] | {"ResourceConfig": started["job"]["ResourceConfig"] | {"InstanceType": "ml.m5.xlarge"}}
    found = recover(started | {"job": job, "error": throttled}, context)
    assert (found["outcome"], found["seconds"]) == ("start", quotas.PAUSE.seconds)
