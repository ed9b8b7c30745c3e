"""Permissions of a state machine's role beyond the calls of its tasks, and the session that its tasks act as."""

from typing import Any

from moto.core.exceptions import AWSError

from embedded.context import Context
from embedded.permissions import principals
from embedded.permissions.authorizer import NotAuthorizedError
from embedded.permissions.evaluation import Access
from embedded.permissions.sessions import of_machine

_DELIVERY = (
    *("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"),
    *("PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"),
)
_TRAINING_SYNC = "sagemaker:createTrainingJob.sync"
_RULE = "rule/StepFunctionsGetEventsForSageMakerTrainingJobsRule"


class AccessDeniedError(AWSError):
    """The role of a state machine cannot be used."""

    TYPE = "AccessDeniedException"
    STATUS = 400


def session(context: Context, role: str) -> str:
    """The session of a state machine's role, as which its tasks call."""
    return principals.session(context.account_id, role.rsplit("/", 1)[-1], "execution")


def check_trust(context: Context, machine: str, role: str) -> str:
    """The session of the role. Raises AccessDeniedError if Step Functions cannot assume the role."""
    try:
        return of_machine(context.authorizer, role, machine)
    except NotAuthorizedError as error:
        raise AccessDeniedError(str(error)) from error


def check_machine(context: Context, machine: str, role: str, definition: str, logging: dict[str, Any] | None) -> None:
    """Checks the role as CreateStateMachine does. Raises AccessDeniedError in AWS's words."""
    acting = check_trust(context, machine, role)
    level = (logging or {}).get("level", "OFF")
    if level != "OFF" and not context.authorizer.allows(acting, [Access(f"logs:{one}", "*") for one in _DELIVERY]):
        raise AccessDeniedError("The state machine IAM Role is not authorized to access the Log Destination")
    rule = f"arn:aws:events:{context.region}:{context.account_id}:{_RULE}"
    calls = [Access(f"events:{one}", rule) for one in ("PutRule", "PutTargets", "DescribeRule")]
    if _TRAINING_SYNC in definition and not context.authorizer.allows(acting, calls):
        raise AccessDeniedError(f"'{role}' is not authorized to create managed-rule.")


def check_sync(context: Context, role: str, job: str) -> None:
    """Checks the further permissions of a task that waits for a training job. Raises NotAuthorizedError."""
    arn = f"arn:aws:sagemaker:{context.region}:{context.account_id}:training-job/{job.lower()}"
    actions = ("sagemaker:AddTags", "sagemaker:ListTags", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob")
    context.authorizer.require(session(context, role), [Access(action, arn) for action in actions])


def check_children(context: Context, role: str, machine: str) -> None:
    """Checks the permission of a Distributed Map to start child executions. Raises NotAuthorizedError."""
    context.authorizer.require(session(context, role), [Access("states:StartExecution", machine)])
