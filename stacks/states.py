"""The kinds of states that the loop is made of, each with its timeout, its retries and its way out.

What a state gets is a run and S3 pointers; what it gives is put at a path of its own. Retries are bounded and jittered.
"""

from typing import Any

from aws_cdk import Aws, Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks.stores import Store

RUN = {"run.$": "$.run"}
ERROR = "$.error"
LAMBDA_TROUBLE = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
]
JOB_FIELDS = (
    "TrainingJobName",
    "HyperParameters",
    "AlgorithmSpecification",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "Environment",
    "EnableNetworkIsolation",
    "EnableManagedSpotTraining",
    "Tags",
)


def task(
    scope: Construct,
    id: str,
    function: lambda_.Function,
    *,
    gives: str = sfn.JsonPath.DISCARD,
    also: dict[str, str] | None = None,
    leaves: str | None = None,
) -> tasks.LambdaInvoke:
    """A function at work on the run, and on what `also` takes from the state; `leaves` is what goes on from there."""
    state = tasks.LambdaInvoke(
        scope,
        id,
        lambda_function=function,
        payload_response_only=True,
        payload=sfn.TaskInput.from_object(RUN | (also or {})),
        result_path=gives,
        output_path=leaves,
        retry_on_service_exceptions=False,
        task_timeout=_patience(function),
    )
    # What Lambda itself may suffer from for a while; an error of ours is no better for being repeated.
    state.add_retry(
        errors=LAMBDA_TROUBLE,
        interval=Duration.seconds(2),
        backoff_rate=2,
        max_attempts=5,
        max_delay=Duration.minutes(1),
        jitter_strategy=sfn.JitterType.FULL,
    )
    return state


def wait_for(state: tasks.LambdaInvoke, error: str, *, minutes: int) -> tasks.LambdaInvoke:
    """Try again, every 30 seconds, for what takes its time and is told by an error of its own."""
    state.add_retry(errors=[error], interval=Duration.seconds(30), backoff_rate=1, max_attempts=2 * minutes)
    return state


def inspection(
    scope: Construct, id: str, function: lambda_.Function, *, uploads: Store, workers: int
) -> sfn.DistributedMap:
    """One function call per file that the plan lists. What they find lies in S3: it would burst the state."""
    files = sfn.DistributedMap(
        scope,
        id,
        item_reader=sfn.S3JsonItemReader(bucket=uploads.bucket, key=sfn.JsonPath.string_at("$.plan.files.key")),
        item_selector=RUN | {"file.$": "$$.Map.Item.Value"},
        map_execution_type=sfn.StateMachineType.STANDARD,
        max_concurrency=workers,
        result_path=sfn.JsonPath.DISCARD,
    )
    each = task(scope, "Inspect file", function, also={"file.$": "$.file"}, leaves=sfn.JsonPath.DISCARD)
    files.item_processor(each)
    return files


def training(scope: Construct, id: str, *, role_arn: str, hours: int, gives: str) -> sfn.CustomState:
    """A SageMaker training job, waited for. The preparation has composed its request, all but the role."""
    definition: dict[str, Any] = {
        "Type": "Task",
        "Resource": f"arn:{Aws.PARTITION}:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {"RoleArn": role_arn} | {f"{field}.$": f"$.training.job.{field}" for field in JOB_FIELDS},
        "ResultSelector": {"status.$": "$.TrainingJobStatus", "artifact.$": "$.ModelArtifacts.S3ModelArtifacts"},
        "ResultPath": gives,
        "TimeoutSeconds": hours * 3600,
    }
    state = sfn.CustomState(scope, id, state_json=definition)
    state.add_retry(  # a quota is a queue: wait for another job to end
        errors=["SageMaker.ResourceLimitExceededException"],
        interval=Duration.minutes(1),
        backoff_rate=1.5,
        max_attempts=20,
        max_delay=Duration.minutes(15),
        jitter_strategy=sfn.JitterType.FULL,
    )
    return state.add_retry(  # throttled, mostly
        errors=["SageMaker.AmazonSageMakerException"],
        interval=Duration.seconds(5),
        backoff_rate=2,
        max_attempts=4,
        max_delay=Duration.minutes(2),
        jitter_strategy=sfn.JitterType.FULL,
    )


def question(scope: Construct, id: str, path: str, *, yes: sfn.IChainable, no: sfn.IChainable) -> sfn.Choice:
    """A choice by a truth value."""
    return sfn.Choice(scope, id).when(sfn.Condition.boolean_equals(path, True), yes).otherwise(no)


def _patience(function: lambda_.Function) -> sfn.Timeout:
    """A little longer than the function's own timeout, so that the function's own error is seen first."""
    assert function.timeout is not None
    return sfn.Timeout.duration(function.timeout.plus(Duration.seconds(10)))
