"""The wait for an approval: the request, the answer or none, and the next state."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks import states

ANSWER = {"answer.$": "$.answer"}
SECONDS = "$.decision.seconds"


def requested(
    scope: Construct,
    request: lambda_.Function,
    record: tasks.LambdaInvoke,
    *,
    failed: sfn.IChainable,
    yes: sfn.IChainable,
    no: sfn.IChainable,
) -> sfn.IChainable:
    """Requests an approval and records its answer or its timeout; any other error fails the run.

    The function receives a task token, which an answer needs. The wait lasts at most as long as the decision says.
    """
    state = tasks.LambdaInvoke(
        scope,
        "Request approval",
        lambda_function=request,
        integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
        payload=sfn.TaskInput.from_object(states.RUN | {"token": sfn.JsonPath.task_token, "seconds.$": SECONDS}),
        result_path="$.answer",
        retry_on_service_exceptions=False,
        task_timeout=sfn.Timeout.at(SECONDS),
    )
    states.retry_lambda_faults(state)
    state.add_catch(record, errors=["States.Timeout"], result_path="$.answer")
    state.add_catch(failed, result_path=states.ERROR)
    return state.next(record).next(states.question(scope, "Approved?", "$.approval.approved", yes=yes, no=no))
