"""The kinds of states of the workflow, each with its timeout and bounded, jittered retries.

A state receives the run and S3 keys, and its result has a path of its own: the fields are those of cloud/handovers.py.
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
JOB_ERROR = "$.job_error"  # apart from $.error, by which a rollback is told from a failure
CLEANUP = sfn.Condition.string_equals("$.run.trigger", "cleanup")  # after an execution that was stopped or has died
LAMBDA_FAULTS = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
]
THROTTLED = "Lambda.TooManyRequestsException"  # the account's concurrent executions are used up
THROTTLED_HOURS = 6  # less than the lease of a run, see HOLD in cloud/handovers.py
THROTTLED_PAUSE = Duration.minutes(2)  # at most; with full jitter half of it on average
# A function ran out of memory or time: the errors of Lambda's newer and older runtimes, and of a task's timeout.
OUT_OF_RESOURCES = ["Runtime.OutOfMemory", "Runtime.ExitError", "Sandbox.Timedout", "Lambda.Unknown", "States.Timeout"]
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
    result_path: str = sfn.JsonPath.DISCARD,
    payload: dict[str, str] | None = None,
    output_path: str | None = None,
) -> tasks.LambdaInvoke:
    """A task that invokes a function with the run and with `payload`."""
    state = tasks.LambdaInvoke(
        scope,
        id,
        lambda_function=function,
        payload_response_only=True,
        payload=sfn.TaskInput.from_object(RUN | (payload or {})),
        result_path=result_path,
        output_path=output_path,
        retry_on_service_exceptions=False,
        task_timeout=_timeout(function),
    )
    return retry_lambda_faults(state)


def retry_lambda_faults(state: tasks.LambdaInvoke) -> tasks.LambdaInvoke:
    """Retries after faults of Lambda itself, and for hours while it throttles. An error of our code would occur again.

    A throttled invocation did not begin, so it is no error of the function and no alarm goes off.
    """
    state.add_retry(
        errors=[THROTTLED],
        interval=Duration.seconds(1),
        backoff_rate=2,
        max_attempts=THROTTLED_HOURS * 3600 * 2 // THROTTLED_PAUSE.to_seconds(),
        max_delay=THROTTLED_PAUSE,
        jitter_strategy=sfn.JitterType.FULL,
    )
    state.add_retry(
        errors=LAMBDA_FAULTS,
        interval=Duration.seconds(2),
        backoff_rate=2,
        max_attempts=5,
        max_delay=Duration.minutes(1),
        jitter_strategy=sfn.JitterType.FULL,
    )
    return state


def retry_crashes(state: tasks.LambdaInvoke) -> tasks.LambdaInvoke:
    """Tries a function again whose process ended or ran out of time. The function must be safe to repeat."""
    state.add_retry(
        errors=OUT_OF_RESOURCES,
        interval=Duration.seconds(5),
        backoff_rate=2,
        max_attempts=2,
        jitter_strategy=sfn.JitterType.FULL,
    )
    return state


def waiting(scope: Construct, id: str, state: tasks.LambdaInvoke, path: str) -> tuple[sfn.Condition, sfn.IChainable]:
    """A Choice condition that a task answered `waiting` at `path`, and the Wait of its `seconds` before the task
    repeats.

    Waiting is no error, so no alarm on errors goes off. The function counts the waits, which bounds them.
    """
    pause = sfn.Wait(scope, id, time=sfn.WaitTime.seconds_path(f"{path}.seconds"))
    pause.next(state)
    return sfn.Condition.string_equals(f"{path}.outcome", "waiting"), pause


def each(
    scope: Construct, id: str, work: sfn.IChainable, *, listed: str, name: str, uploads: Store, workers: int
) -> sfn.DistributedMap:
    """A Distributed Map: one child execution for each item of a JSON list in S3, whose key is at the path `listed`.

    A child receives the run, and its item under `name`. Its results are in S3: a state is limited to 256 KB. One child
    that fails fails the map: no part may be left out of the verdict.
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
    scope: Construct, what: str, function: lambda_.Function, larger: lambda_.Function, mark: lambda_.Function
) -> sfn.IChainable:
    """The inspection of one file: by a worker, by a larger one if that runs out of resources, else a refusal."""
    file, none = {"file.$": "$.file"}, sfn.JsonPath.DISCARD
    first = task(scope, f"Inspect {what}", function, payload=file, output_path=none)
    second = task(scope, f"Inspect {what} with more memory", larger, payload=file, output_path=none)
    last = task(scope, f"Mark {what} uninspectable", mark, payload=file | {"error.$": ERROR}, output_path=none)
    first.add_catch(second, errors=OUT_OF_RESOURCES, result_path=ERROR)
    second.add_catch(last, errors=OUT_OF_RESOURCES, result_path=ERROR)
    return first


def training(scope: Construct, id: str, *, role_arn: str, hours: int) -> sfn.CustomState:
    """A SageMaker training job, until its end. The preparation has composed its request without the role.

    Used-up quotas, and calls that stay throttled, are left to the recovery, which waits or tells what to request.
    """
    definition: dict[str, Any] = {
        "Type": "Task",
        "Resource": f"arn:{Aws.PARTITION}:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {"RoleArn": role_arn} | {f"{field}.$": f"$.training.job.{field}" for field in JOB_FIELDS},
        "ResultPath": sfn.JsonPath.DISCARD,
        "TimeoutSeconds": hours * 3600,
    }
    state = sfn.CustomState(scope, id, state_json=definition)
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
    """The recovery of a job that could not be started or failed: its output after all, a wait, or another job."""
    train.add_catch(recover, errors=["States.TaskFailed", "SageMaker.ResourceInUseException"], result_path=JOB_ERROR)
    pause = sfn.Wait(scope, "Wait for instances", time=sfn.WaitTime.seconds_path("$.training.seconds")).next(train)
    still, look_again = waiting(scope, "Wait for training job", recover, "$.training")
    done = sfn.Condition.string_equals("$.training.outcome", "completed")
    choice = sfn.Choice(scope, "Training recovered?")
    return recover.next(choice.when(done, completed).when(still, look_again).otherwise(pause))


def question(scope: Construct, id: str, path: str, *, yes: sfn.IChainable, no: sfn.IChainable) -> sfn.Choice:
    """A Choice state on a boolean variable."""
    return sfn.Choice(scope, id).when(sfn.Condition.boolean_equals(path, True), yes).otherwise(no)


def one_of(
    scope: Construct, id: str, path: str, ways: dict[str, sfn.IChainable], *, otherwise: sfn.IChainable
) -> sfn.Choice:
    """A Choice state on a string variable."""
    choice = sfn.Choice(scope, id)
    for word, way in ways.items():
        choice.when(sfn.Condition.string_equals(path, word), way)
    return choice.otherwise(otherwise)


def any_of(scope: Construct, id: str, path: str, *, yes: sfn.IChainable, no: sfn.IChainable) -> sfn.Choice:
    """A Choice state on a number: greater than zero."""
    return sfn.Choice(scope, id).when(sfn.Condition.number_greater_than(path, 0), yes).otherwise(no)


def _timeout(function: lambda_.Function) -> sfn.Timeout:
    """Ten seconds longer than the function's own timeout, so that the function's own error comes first."""
    assert function.timeout is not None
    return sfn.Timeout.duration(function.timeout.plus(Duration.seconds(10)))
