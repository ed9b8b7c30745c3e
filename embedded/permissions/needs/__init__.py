"""The permissions of a call: IAM actions, resources and condition keys, from the service and its parameters.

The names are those of the Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html; `make second-opinion-iam` compares
them.
"""

from embedded.permissions.evaluation import Access
from embedded.permissions.need import Parameters, Place, Table
from embedded.permissions.needs import catalogue, functions, messages, objects, records, sagemaker, watching

TABLES: dict[str, Table] = {  # by botocore's name of the service
    "application-autoscaling": sagemaker.SCALING,
    "cloudwatch": watching.CLOUDWATCH,
    "dynamodb": records.DYNAMODB,
    "events": messages.EVENTS,
    "glue": catalogue.GLUE,
    "kms": records.KMS,
    "lambda": functions.LAMBDA,
    "logs": watching.LOGS,
    "s3": objects.TABLE,
    "sagemaker": sagemaker.TABLE,
    "sagemaker-runtime": sagemaker.RUNTIME,
    "scheduler": messages.SCHEDULER,
    "secretsmanager": records.SECRETS,
    "sns": messages.SNS,
    "sqs": messages.SQS,
    "ssm": records.SSM,
    "stepfunctions": functions.STATES,
    "sts": records.STS,
}


def needs(service: str, operation: str, parameters: Parameters, place: Place) -> list[Access] | None:
    """The permissions of a call; None for a call that no table has."""
    need = TABLES.get(service, {}).get(operation)
    return None if need is None else list(need(parameters, place))
