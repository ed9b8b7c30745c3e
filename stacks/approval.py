"""The wait for a person's word: a question, the answer or none, and what follows from it."""

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from stacks import states

ANSWER = {"answer.$": "$.answer"}
SECONDS = "$.decision.seconds"


def asked(
    scope: Construct,
    ask: lambda_.Function,
    hear: tasks.LambdaInvoke,
    *,
    failed: sfn.IChainable,
    yes: sfn.IChainable,
    no: sfn.IChainable,
) -> sfn.IChainable:
    """Ask, and hear whichever way the wait ends; what breaks on the way fails the run.

    The function gets a task token; whoever has it can answer. The wait lasts as long as the decision says, at most.
    """
    state = tasks.LambdaInvoke(
        scope,
        "Ask a person",
        lambda_function=ask,
        integration_pattern=sfn.IntegrationPattern.WAIT_FOR_TASK_TOKEN,
        payload=sfn.TaskInput.from_object(states.RUN | {"token": sfn.JsonPath.task_token, "seconds.$": SECONDS}),
        result_path="$.answer",
        retry_on_service_exceptions=False,
        task_timeout=sfn.Timeout.at(SECONDS),
    )
    states.try_again(state)
    state.add_catch(hear, errors=["States.Timeout"], result_path="$.answer")
    state.add_catch(failed, result_path=states.ERROR)
    return state.next(hear).next(states.question(scope, "Approved?", "$.approval.approved", yes=yes, no=no))
