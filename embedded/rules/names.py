"""A stack's resource with a fixed name: creation fails if the name exists outside the stack.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/troubleshooting.html (resource already exists).
The services' own calls put, or find, the same thing again.
"""

from collections.abc import Callable
from typing import Any

from embedded.context import Clients

Exists = Callable[[Clients, str], bool]


def _arns(clients: Clients, name: str) -> bool:
    pages = clients("sns").get_paginator("list_topics").paginate()
    return any(topic["TopicArn"].endswith(f":{name}") for page in pages for topic in page["Topics"])


def _queue(clients: Clients, name: str) -> bool:
    urls = clients("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", [])
    return any(url.endswith(f"/{name}") for url in urls)


def _rule(clients: Clients, name: str) -> bool:
    return any(rule["Name"] == name for rule in clients("events").list_rules(NamePrefix=name)["Rules"])


def _group(clients: Clients, name: str) -> bool:
    found = clients("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(group["logGroupName"] == name for group in found)


def _alarm(clients: Clients, name: str) -> bool:
    return bool(clients("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"])


def _parameter(clients: Clients, name: str) -> bool:
    return bool(clients("ssm").get_parameters(Names=[name])["Parameters"])


def _bucket(clients: Clients, name: str) -> bool:
    return any(bucket["Name"] == name for bucket in clients("s3").list_buckets()["Buckets"])


def _dashboard(clients: Clients, name: str) -> bool:
    found = clients("cloudwatch").list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    return any(entry["DashboardName"] == name for entry in found)


# Types whose creation here would overwrite; the other services refuse a second resource themselves.
_NAMED: dict[str, tuple[str, Exists]] = {
    "AWS::CloudWatch::Alarm": ("AlarmName", _alarm),
    "AWS::CloudWatch::Dashboard": ("DashboardName", _dashboard),
    "AWS::Events::Rule": ("Name", _rule),
    "AWS::Logs::LogGroup": ("LogGroupName", _group),
    "AWS::S3::Bucket": ("BucketName", _bucket),
    "AWS::SNS::Topic": ("TopicName", _arns),
    "AWS::SQS::Queue": ("QueueName", _queue),
    "AWS::SSM::Parameter": ("Name", _parameter),
}


def taken(clients: Clients, type_: str, properties: dict[str, Any]) -> str | None:
    """CloudFormation's sentence if a resource of the fixed name exists; None if the name is free."""
    member, exists = _NAMED.get(type_, ("", None))
    name = properties.get(member)
    if exists is None or not isinstance(name, str) or not exists(clients, name):
        return None
    return f"Resource of type '{type_}' with identifier '{{\"/properties/{member}\":\"{name}\"}}' already exists."
