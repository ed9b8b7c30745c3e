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
# A function that runs out of memory or time, in the words of Lambda's newer and older runtimes and of a task's timeout.
TOO_MUCH = ["Runtime.OutOfMemory", "Runtime.ExitError", "Sandbox.Timedout", "Lambda.Unknown", "States.Timeout"]
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
    return try_again(state)


def try_again(state: tasks.LambdaInvoke) -> tasks.LambdaInvoke:
    """After what Lambda itself may suffer from for a while; an error of ours is no better for being repeated."""
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


def each(
    scope: Construct, id: str, work: sfn.IChainable, *, listed: str, name: str, uploads: Store, workers: int
) -> sfn.DistributedMap:
    """One child execution for each item of a JSON list in S3, whose key is at a path of the state.

    A child gets the run and its item under a name. What children find lies in S3: it would burst the state. One that
    fails fails them all: a part that nobody has judged must not be left out.
    """
    items = sfn.DistributedMap(
        scope,
        id,
        item_reader=sfn.S3JsonItemReader(bucket=uploads.bucket, key=sfn.JsonPath.string_at(listed)),
        item_selector=RUN | {f"{name}.$": "$$.Map.Item.Value"},
        map_execution_type=sfn.StateMachineType.STANDARD,
        max_concurrency=workers,
        result_path=sfn.JsonPath.DISCARD,
    )
    return items.item_processor(work)


def inspection(
    scope: Construct, what: str, function: lambda_.Function, larger: lambda_.Function, surrender: lambda_.Function
) -> sfn.IChainable:
    """One file inspected: what is too much for a worker goes to a larger one; what is too much for that, refused."""
    file = {"file.$": "$.file"}
    first = task(scope, f"Inspect {what}", function, also=file, leaves=sfn.JsonPath.DISCARD)
    second = task(scope, f"Inspect {what} with more memory", larger, also=file, leaves=sfn.JsonPath.DISCARD)
    last = task(scope, f"Refuse {what}", surrender, also=file | {"error.$": ERROR}, leaves=sfn.JsonPath.DISCARD)
    first.add_catch(second, errors=TOO_MUCH, result_path=ERROR)
    second.add_catch(last, errors=TOO_MUCH, result_path=ERROR)
    return first


def training(scope: Construct, id: str, *, role_arn: str, hours: int) -> sfn.CustomState:
    """A SageMaker training job, waited for. The preparation has composed its request, all but the role."""
    definition: dict[str, Any] = {
        "Type": "Task",
        "Resource": f"arn:{Aws.PARTITION}:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {"RoleArn": role_arn} | {f"{field}.$": f"$.training.job.{field}" for field in JOB_FIELDS},
        "ResultPath": sfn.JsonPath.DISCARD,
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


def recovered(
    scope: Construct, recover: tasks.LambdaInvoke, train: sfn.CustomState, *, completed: sfn.IChainable
) -> sfn.IChainable:
    """What follows a job that could not be begun or failed: its result after all, or another job after a pause."""
    recover.add_retry(  # looks less and less often, for more than a day
        errors=["StillTrainingError"],
        interval=Duration.seconds(30),
        backoff_rate=1.2,
        max_attempts=120,
        max_delay=Duration.minutes(15),
    )
    train.add_catch(recover, errors=["States.TaskFailed", "SageMaker.ResourceInUseException"], result_path=ERROR)
    pause = sfn.Wait(scope, "Wait for machines", time=sfn.WaitTime.seconds_path("$.training.wait")).next(train)
    ways: dict[str, sfn.IChainable] = {"completed": completed}
    return recover.next(one_of(scope, "Training recovered?", "$.training.outcome", ways, otherwise=pause))


def question(scope: Construct, id: str, path: str, *, yes: sfn.IChainable, no: sfn.IChainable) -> sfn.Choice:
    """A choice by a truth value."""
    return sfn.Choice(scope, id).when(sfn.Condition.boolean_equals(path, True), yes).otherwise(no)


def one_of(
    scope: Construct, id: str, path: str, ways: dict[str, sfn.IChainable], *, otherwise: sfn.IChainable
) -> sfn.Choice:
    """A choice by a word."""
    choice = sfn.Choice(scope, id)
    for word, way in ways.items():
        choice.when(sfn.Condition.string_equals(path, word), way)
    return choice.otherwise(otherwise)


def any_of(scope: Construct, id: str, path: str, *, yes: sfn.IChainable, no: sfn.IChainable) -> sfn.Choice:
    """A choice by a count."""
    return sfn.Choice(scope, id).when(sfn.Condition.number_greater_than(path, 0), yes).otherwise(no)


def _patience(function: lambda_.Function) -> sfn.Timeout:
    """A little longer than the function's own timeout, so that the function's own error is seen first."""
    assert function.timeout is not None
    return sfn.Timeout.duration(function.timeout.plus(Duration.seconds(10)))
