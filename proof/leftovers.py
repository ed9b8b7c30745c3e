"""The leftovers of an environment: deletes what the workflow made beside the stacks, and lists what still exists."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from cloud import endpoints, hosting
from cloud.platform import client
from perennial.environment import Environment
from proof import ProofError

PATIENCE = 1800.0  # seconds until an endpoint that is being updated can be deleted, and is gone
_BATCH = 1000  # objects of one DeleteObjects


def stacks_of(environment: Environment) -> tuple[str, str]:
    """The names of the environment's stacks, which begin the names of their resources."""
    return environment.stack("data"), environment.stack("platform")


def delete_made(environment: Environment, models: tuple[str, ...], pause: float) -> None:
    """Deletes the endpoints of the models and all that belongs to them, and empties the environment's buckets.

    Raises ProofError if an endpoint cannot be deleted in time.
    """
    for model in models:
        _delete_endpoint(environment.endpoint(model), pause)
        hosting.delete(environment, model)
        _delete_packages(environment.endpoint(model))
        alarms = [one["AlarmName"] for one in _alarms(environment.endpoint(model))]
        if alarms:
            client("cloudwatch").delete_alarms(AlarmNames=alarms)
    for bucket in _buckets(environment):
        _empty(bucket)


def delete_logs(environment: Environment) -> None:
    """Deletes the log groups that an invocation still under way made again after the stacks were destroyed."""
    for name in _log_groups(environment):
        client("logs").delete_log_group(logGroupName=name)


def _log_groups(environment: Environment) -> list[str]:
    logs = client("logs")
    found = [logs.describe_log_groups(logGroupNamePrefix=stack)["logGroups"] for stack in stacks_of(environment)]
    return [str(group["logGroupName"]) for groups in found for group in groups]


def left(environment: Environment, models: tuple[str, ...]) -> list[str]:
    """Everything of the environment that still exists, in words."""
    found: list[str] = []
    for model in models:
        prefix = environment.endpoint(model)
        found += [f"endpoint {name}" for name in _named("list_endpoints", "Endpoints", "EndpointName", prefix)]
        configs = _named("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", prefix)
        found += [f"endpoint configuration {name}" for name in configs]
        found += [f"model {name}" for name in _named("list_models", "Models", "ModelName", prefix)]
        groups = ("list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName")
        found += [f"model package group {name}" for name in _named(*groups, prefix)]
        found += [f"alarm {one['AlarmName']}" for one in _alarms(prefix)]
    found += [f"bucket {name}" for name in _buckets(environment)]
    found += [f"{kind} {name}" for kind, name in _of_stacks(environment) if name.startswith(stacks_of(environment))]
    return sorted(found)


def _of_stacks(environment: Environment) -> Iterator[tuple[str, str]]:
    for page in client("dynamodb").get_paginator("list_tables").paginate():
        yield from (("table", name) for name in page["TableNames"])
    for page in client("lambda").get_paginator("list_functions").paginate():
        yield from (("function", one["FunctionName"]) for one in page["Functions"])
    for page in client("iam").get_paginator("list_roles").paginate():
        yield from (("role", one["RoleName"]) for one in page["Roles"])
    for queue in client("sqs").list_queues(QueueNamePrefix=environment.name).get("QueueUrls", []):
        yield "queue", queue.rsplit("/", 1)[-1]
    yield from (("log group", name) for name in _log_groups(environment))


def _delete_endpoint(name: str, pause: float) -> None:
    def is_idle() -> bool:
        found = endpoints.describe(name)
        return found is None or found.status == "Deleting" or not found.is_changing

    _until(is_idle, name, "idle", pause)
    endpoints.delete(name)
    _until(lambda: endpoints.describe(name) is None, name, "deleted", pause)


def _until(check: Callable[[], bool], what: str, wanted: str, pause: float) -> None:
    deadline = time.monotonic() + PATIENCE
    while not check():
        if time.monotonic() > deadline:
            raise ProofError(f"{what} was not {wanted} within {PATIENCE / 60:g} minutes")
        time.sleep(pause)


def _delete_packages(group: str) -> None:
    sagemaker = client("sagemaker")
    if group not in _named("list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName", group):
        return
    pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
    for package in [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]:
        sagemaker.delete_model_package(ModelPackageName=package)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)


def _named(operation: str, key: str, member: str, prefix: str) -> list[str]:
    pages = client("sagemaker").get_paginator(operation).paginate(NameContains=prefix)
    names = [str(one[member]) for page in pages for one in page[key]]
    return [name for name in names if name == prefix or name.startswith(f"{prefix}-")]


def _alarms(prefix: str) -> list[dict[str, Any]]:
    pages = client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{prefix}-")
    return [alarm for page in pages for alarm in page["MetricAlarms"]]


def _buckets(environment: Environment) -> list[str]:
    names = [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]]
    return [name for name in names if name.startswith(stacks_of(environment))]


def _empty(bucket: str) -> None:
    """Deletes all versions of all objects."""
    for page in client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
        for start in range(0, len(keys), _BATCH):
            client("s3").delete_objects(Bucket=bucket, Delete={"Objects": keys[start : start + _BATCH], "Quiet": True})
