"""The names of the platform's resources: from a function's environment, or for people from one SSM parameter."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from cloud import CloudError
from perennial.environment import DEFAULT, Environment


class MissingCloudError(CloudError):
    """No platform was found."""


@dataclass(frozen=True)
class Platform:
    """The environment, and the names of its resources; '' for one that the caller was not given."""

    environment: Environment = Environment()
    data_bucket: str = ""
    models_bucket: str = ""
    traffic_bucket: str = ""
    ledger_table: str = ""
    notices_topic: str = ""
    dispatch_queue: str = ""
    truth_queue: str = ""
    state_machine: str = ""
    training_image: str = ""
    serving_role: str = ""
    code_uri: str = ""
    code_digest: str = ""
    dashboard: str = ""
    inspection_workers: str = ""
    largest_memory_mb: str = ""
    forgetting_machine: str = ""
    receipt_key: str = ""
    signing_key: str = ""
    log_days: str = ""
    traffic_days: str = ""


_RESOURCES = Platform.__dataclass_fields__.keys() - {"environment"}


@cache
def client(service: str) -> Any:
    """The boto3 client of a service, one per process."""
    import boto3  # imported on first use: it takes as long as the handlers' own code
    from botocore.config import Config

    # Standard retries have jitter and a budget; the state machine retries the whole state above them.
    retries: Any = {"mode": "standard", "total_max_attempts": 7}  # 51 s at most: a function has 60 s and more
    return boto3.client(service, config=Config(retries=retries, connect_timeout=5, read_timeout=70))


@cache
def from_environment() -> Platform:
    """The platform of a Lambda function: the PERENNIAL_* variables that its stack set."""
    environment = Environment(os.environ.get("PERENNIAL_ENVIRONMENT", DEFAULT))
    return Platform(environment, **{name: os.environ.get(f"PERENNIAL_{name.upper()}", "") for name in _RESOURCES})


def from_parameter(environment: Environment) -> Platform:
    """The platform of an environment in the account and region of the caller's AWS settings.

    Raises MissingCloudError.
    """
    try:
        answer = client("ssm").get_parameter(Name=environment.parameter)
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ParameterNotFound":
            hint = "cdk deploy --all, or on this machine: perennial up"
            raise MissingCloudError(f"no {environment.title} is in this account and region", hint) from None
        nothing_is_set = isinstance(error, NoRegionError | NoCredentialsError)
        message = "no embedded cloud is up, and no AWS credentials and region are set" if nothing_is_set else ""
        raise MissingCloudError(
            message or f"no cloud answers ({error})",
            'eval "$(perennial up --detach)", or set AWS credentials and region',
        ) from None
    found = json.loads(answer["Parameter"]["Value"])
    return Platform(environment, **{name: value for name, value in found.items() if name in _RESOURCES})


def deployed_models(environment: Environment) -> frozenset[str] | None:
    """The models that are deployed; None where they are not known: an older deployment, or no right to read them."""
    pages = client("ssm").get_paginator("get_parameters_by_path").paginate(Path=environment.models_parameters)
    try:
        found = [parameter["Value"] for page in pages for parameter in page["Parameters"]]
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDeniedException":
            raise
        return None
    return frozenset(name for value in found for name in json.loads(value)) if found else None
