"""Sessions of the roles that services assume: for a function, a job, an endpoint, an execution."""

from embedded.permissions.authorizer import Authorizer, NotAuthorizedError

LAMBDA = "lambda.amazonaws.com"
SAGEMAKER = "sagemaker.amazonaws.com"
STATES = "states.amazonaws.com"
EVENTS = "events.amazonaws.com"
SCHEDULER = "scheduler.amazonaws.com"
CLOUDWATCH = "cloudwatch.amazonaws.com"
SNS = "sns.amazonaws.com"
S3 = "s3.amazonaws.com"


def of_function(authorizer: Authorizer, role: str, arn: str) -> str:
    """The session of a function's role, named after the function. Raises NotAuthorizedError in Lambda's words."""
    try:
        return authorizer.assume(role, LAMBDA, arn, arn.rsplit(":function:", 1)[-1].split(":")[0])
    except NotAuthorizedError as error:
        raise NotAuthorizedError("The role defined for the function cannot be assumed by Lambda.") from error


def of_sagemaker(authorizer: Authorizer, role: str, arn: str) -> str:
    """The session of the role of a job or a model. Raises NotAuthorizedError in SageMaker's words."""
    try:
        return authorizer.assume(role, SAGEMAKER, arn, "SageMaker")
    except NotAuthorizedError as error:
        raise NotAuthorizedError(
            f"Could not assume role {role}. Please ensure that the role exists and allows principal "
            "'sagemaker.amazonaws.com' to assume the role."
        ) from error


def of_machine(authorizer: Authorizer, role: str, arn: str) -> str:
    """The session of a state machine's role. Raises NotAuthorizedError in the words of Step Functions."""
    try:
        return authorizer.assume(role, STATES, arn, "execution")
    except NotAuthorizedError as error:
        raise NotAuthorizedError(
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume "
            "the provided role."
        ) from error
