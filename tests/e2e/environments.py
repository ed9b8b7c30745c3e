"""Comparison of two environments: the names of resources, calls of functions, ARNs and patterns of grants."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3

from embedded.cloud import Cloud
from embedded.permissions import principals
from perennial import layout
from perennial.environment import Environment
from tests.e2e.conftest import Loop

ROW = b'{"price": 300.5, "weight": null, "shop": "north", "gift": true}'
KEYS = {
    "data_bucket": ("incoming/orders/x.csv", "datasets/orders/ds/verdict.json"),
    "models_bucket": ("runs/run/plan/plan.json", "sources/x.tar.gz", "versions/orders/x/model.tar.gz"),
    "traffic_bucket": (
        "capture/orders/x/x/AllTraffic/x.jsonl",
        "tables/requests/orders/x/x.parquet",
        "watch/orders/x.json",
    ),
}
Names = Callable[[Loop], set[str]]
Call = Callable[[Loop], dict[str, Any]]


@dataclass(frozen=True)
class Pair:
    """Two environments with a run of each, and the cloud that they share."""

    cloud: Cloud
    one: Loop
    other: Loop
    runs: tuple[dict[str, Any], dict[str, Any]]

    def __iter__(self) -> Iterator[tuple[Loop, dict[str, Any]]]:
        return iter(zip((self.one, self.other), self.runs, strict=True))

    def acting(self, function: str, service: str) -> Any:
        """A client with the rights of a function of the first environment."""
        names = [role["RoleName"] for role in self.one.client("iam").list_roles(MaxItems=1000)["Roles"]]
        start = f"{self.one.of.stack('platform')}-Functions{function}Role"
        (role,) = [name for name in names if name.startswith(start)]
        exports = self.cloud.context.exports(principals.session("123456789012", role, function))
        return boto3.client(
            service,
            endpoint_url=exports["AWS_ENDPOINT_URL"],
            region_name=exports["AWS_REGION"],
            aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=exports["AWS_SESSION_TOKEN"],
        )


def belongs(name: str, environment: Environment) -> bool:
    """True if a name in AWS is of the environment."""
    last = name.rpartition("/")[2]
    parameters = name == environment.parameter or name.startswith(environment.models_parameters)
    return last.startswith(environment.prefix) or parameters


def _listed(service: str, call: str, listed: str, name: str, **given: Any) -> Names:
    return lambda loop: {found[name] for found in getattr(loop.client(service), call)(**given)[listed]}


def _only(names: Names, keep: Callable[[str], bool]) -> Names:
    return lambda loop: {name for name in names(loop) if keep(name)}


#: what is there in the account of what loops make, by its kind
MADE: dict[str, Names] = {
    "endpoints": _listed("sagemaker", "list_endpoints", "Endpoints", "EndpointName"),
    "configs": _listed("sagemaker", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"),
    "models": _listed("sagemaker", "list_models", "Models", "ModelName"),
    "packages": _listed(
        "sagemaker", "list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName"
    ),
    "jobs": _listed("sagemaker", "list_training_jobs", "TrainingJobSummaries", "TrainingJobName"),
    "alarms": _only(
        _listed("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName", AlarmNamePrefix="staging"),
        lambda name: name.endswith(layout.ALARMS),
    ),
    "logs": _listed(
        "logs", "describe_log_groups", "logGroups", "logGroupName",
        logGroupNamePrefix="/aws/sagemaker/Endpoints/staging",
    ),
    "parameters": _only(
        _listed("ssm", "describe_parameters", "Parameters", "Name"), lambda name: name.startswith("/staging")
    ),
}  # fmt: skip

#: by what it is about: a function, a service, its operation, and its parameters in an environment
CALLS: dict[str, tuple[str, str, str, Call]] = {
    "endpoint": (
        "Verify", "sagemaker-runtime", "invoke_endpoint",
        lambda loop: {"EndpointName": loop.of.endpoint("orders"), "ContentType": "application/json", "Body": ROW},
    ),
    "endpoint's state": (
        "CheckEndpoint", "sagemaker", "describe_endpoint", lambda loop: {"EndpointName": loop.of.endpoint("orders")},
    ),
    "table": (
        "Judge", "dynamodb", "get_item",
        lambda loop: {
            "TableName": loop.names["ledger_table"],
            "Key": {"pk": {"S": "model#orders"}, "sk": {"S": "champion"}},
        },
    ),
    "signature": (
        "Register", "kms", "sign",
        lambda loop: {
            "KeyId": loop.names["signing_key"], "Message": b"x", "SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256",
        },
    ),
    "bucket": (
        "Prepare", "s3", "list_objects_v2", lambda loop: {"Bucket": loop.names["data_bucket"], "Prefix": "datasets/"},
    ),
    "object": (
        "Prepare", "s3", "put_object",
        lambda loop: {"Bucket": loop.names["models_bucket"], "Key": "runs/x", "Body": b""},
    ),
    "alarm": (
        "CheckEndpoint", "cloudwatch", "describe_alarms",
        lambda loop: {"AlarmNames": [loop.of.alarm("orders", "errors")]},
    ),
    "metric": (
        "Rollback", "cloudwatch", "put_metric_data",
        lambda loop: {"Namespace": loop.of.serving_metrics, "MetricData": [{"MetricName": "Test", "Value": 1.0}]},
    ),
    "log": (
        "CheckEndpoint", "logs", "filter_log_events",
        lambda loop: {"logGroupName": loop.of.endpoint_log("orders")},
    ),
    "package group": (
        "Register", "sagemaker", "list_model_packages",
        lambda loop: {"ModelPackageGroupName": loop.of.package_group("orders")},
    ),
    "training job": (
        "RecoverTraining", "sagemaker", "describe_training_job",
        lambda loop: {"TrainingJobName": loop.records("orders", "run#")[0]["training_job"]},
    ),
    "endpoint of a retirement": (
        "Retire", "sagemaker", "describe_endpoint", lambda loop: {"EndpointName": loop.of.endpoint("orders")},
    ),
    "package group of a retirement": (
        "Retire", "sagemaker", "describe_model_package_group",
        lambda loop: {"ModelPackageGroupName": loop.of.package_group("orders")},
    ),
    "training job of a stop": (
        "CleanUp", "sagemaker", "describe_training_job",
        lambda loop: {"TrainingJobName": loop.records("orders", "run#")[-1]["training_job"]},
    ),
    "topic": (
        "Dispatch", "sns", "publish",
        lambda loop: {"TopicArn": loop.names["notices_topic"], "Subject": "a test", "Message": "a test"},
    ),
    "queue": (
        "Conclude", "sqs", "send_message",
        lambda loop: {
            "QueueUrl": loop.names["dispatch_queue"],
            "MessageBody": json.dumps({"action": "start_pending", "subject": "orders"}),
        },
    ),
}  # fmt: skip


#: what a stop and a retirement delete or end: a function, a service, its operation, and its parameters
DELETIONS: dict[str, tuple[str, str, str, Call]] = {
    "endpoint": ("Retire", "sagemaker", "delete_endpoint", lambda loop: {"EndpointName": loop.of.endpoint("orders")}),
    "config": (
        "Retire", "sagemaker", "delete_endpoint_config",
        lambda loop: {"EndpointConfigName": _config(loop)},
    ),
    "model": ("Retire", "sagemaker", "delete_model", lambda loop: {"ModelName": _config(loop)}),
    "alarm": (
        "Retire", "cloudwatch", "delete_alarms", lambda loop: {"AlarmNames": [loop.of.alarm("orders", "errors")]},
    ),
    "tag": (
        "Retire", "sagemaker", "add_tags",
        lambda loop: {
            "ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/"
            + loop.of.package_group("orders"),
            "Tags": [{"Key": "perennial:retired", "Value": "x"}],
        },
    ),
    "training job": (
        "CleanUp", "sagemaker", "stop_training_job",
        lambda loop: {"TrainingJobName": loop.records("orders", "run#")[-1]["training_job"]},
    ),
}  # fmt: skip


def _config(loop: Loop) -> str:
    """The name of the endpoint configuration of the champion, and of its SageMaker model."""
    (version,) = loop.records("orders", "version#")
    return loop.of.endpoint_config(version["id"], version["spec_digest"])


def patterns(documents: Any) -> Iterator[str]:
    """The resources of the statements of a role's policies; not the bare `*` of actions that accept no resources."""
    for document in documents:
        body = json.loads(document.text)["Statement"]
        for statement in body if isinstance(body, list) else [body]:
            resources = statement.get("Resource", [])
            yield from (one for one in ([resources] if isinstance(resources, str) else resources) if one != "*")


def arns(of: Environment, names: dict[str, str], run: dict[str, Any]) -> Iterator[str]:
    """The ARNs of all resources that an environment can have. `run` is any run of the model `orders`."""

    def arn(service: str, rest: str) -> str:
        return f"arn:aws:{service}:us-east-1:123456789012:{rest}"

    config = of.endpoint_config(run["version"], run["spec_digest"])
    for name in (of.endpoint("orders"), of.endpoint("eu-orders")):
        kinds = (f"endpoint/{name}", f"model-package-group/{name}", f"model-package/{name}/1")
        yield from (arn("sagemaker", kind) for kind in kinds)
        yield arn("logs", f"log-group:/aws/sagemaker/Endpoints/{name}:log-stream:AllTraffic/i-1")
        yield arn("cloudwatch", f"alarm:TargetTracking-endpoint/{name}/variant/AllTraffic-AlarmHigh-1")
    for name in (config, of.shadow_config("orders", (config, config))):
        yield from (arn("sagemaker", f"{kind}/{name}") for kind in ("endpoint-config", "model"))
    yield arn("sagemaker", f"training-job/{of.training_job(run['id'], 2)}")
    yield from (arn("cloudwatch", f"alarm:{of.alarm('orders', kind)}") for kind in layout.ALARMS)
    for bucket, keys in KEYS.items():
        yield from (f"arn:aws:s3:::{names[bucket]}{rest}" for rest in ("", *(f"/{key}" for key in keys)))
    yield arn("dynamodb", f"table/{names['ledger_table']}")
    yield arn("sqs", names["dispatch_queue"].rpartition("/")[2])
    yield from (names["notices_topic"], names["state_machine"])
