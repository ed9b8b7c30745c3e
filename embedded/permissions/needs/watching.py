"""Permissions of calls to CloudWatch and its logs, and of the pull of an image."""

import re
from collections.abc import Iterable

from embedded.permissions.evaluation import Access
from embedded.permissions.need import Need, Parameters, Place, Table, on, on_any

_IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)")


def _alarms(action: str, *members: str) -> Need:
    def need(parameters: Parameters, place: Place) -> Iterable[Access]:
        found = [parameters[member] for member in members if parameters.get(member)]
        names = [str(name) for one in found for name in (one if isinstance(one, list) else [one])]
        for name in names or ["*"]:
            yield Access(f"cloudwatch:{action}", place.arn("cloudwatch", "alarm:", name))

    return need


def _dashboard(action: str) -> Need:
    def need(parameters: Parameters, place: Place) -> Iterable[Access]:
        given = parameters.get("DashboardNames") or [parameters.get("DashboardName", "")]
        for name in given:
            yield Access(f"cloudwatch:{action}", f"arn:aws:cloudwatch::{place.account}:dashboard/{name}")

    return need


def _put_data(parameters: Parameters, _place: Place) -> Iterable[Access]:
    yield Access("cloudwatch:PutMetricData", "*", (("cloudwatch:namespace", (str(parameters["Namespace"]),)),))


CLOUDWATCH: Table = {
    "PutMetricAlarm": _alarms("PutMetricAlarm", "AlarmName"),
    "DescribeAlarms": _alarms("DescribeAlarms", "AlarmNames"),
    "DeleteAlarms": _alarms("DeleteAlarms", "AlarmNames"),
    "SetAlarmState": _alarms("SetAlarmState", "AlarmName"),
    "DescribeAlarmHistory": _alarms("DescribeAlarmHistory", "AlarmName"),
    "EnableAlarmActions": _alarms("EnableAlarmActions", "AlarmNames"),
    "DisableAlarmActions": _alarms("DisableAlarmActions", "AlarmNames"),
    "DescribeAlarmsForMetric": on_any("cloudwatch:DescribeAlarmsForMetric"),
    "PutMetricData": _put_data,
    **{
        action: on_any(f"cloudwatch:{action}")
        for action in ("GetMetricData", "GetMetricStatistics", "ListMetrics", "ListDashboards")
    },
    "PutDashboard": _dashboard("PutDashboard"),
    "GetDashboard": _dashboard("GetDashboard"),
    "DeleteDashboards": _dashboard("DeleteDashboards"),
    **{
        action: on(f"cloudwatch:{action}", lambda parameters, _place: str(parameters["ResourceARN"]))
        for action in ("TagResource", "UntagResource", "ListTagsForResource")
    },
}


def _group(action: str) -> Need:
    """The ARN of a log group with an empty stream behind it, as CloudWatch Logs evaluates it."""

    def resource(parameters: Parameters, place: Place) -> str:
        named = parameters.get("logGroupName") or parameters.get("logGroupIdentifier") or ""
        name = str(named).split(":log-group:")[-1].removesuffix(":*")
        return place.arn("logs", f"log-group:{name}:log-stream:")

    return on(f"logs:{action}", resource)


def _stream(action: str) -> Need:
    def resource(parameters: Parameters, place: Place) -> str:
        return place.arn("logs", f"log-group:{parameters['logGroupName']}:log-stream:{parameters['logStreamName']}")

    return on(f"logs:{action}", resource)


LOGS: Table = {
    **{
        action: _group(action)
        for action in (
            *("CreateLogGroup", "DeleteLogGroup", "DescribeLogStreams", "FilterLogEvents", "PutRetentionPolicy"),
            *("DeleteRetentionPolicy", "PutMetricFilter", "DeleteMetricFilter", "DescribeMetricFilters"),
            *("PutSubscriptionFilter", "DescribeSubscriptionFilters", "TagLogGroup", "ListTagsLogGroup"),
            *("AssociateKmsKey", "DisassociateKmsKey", "StartQuery"),
        )
    },
    **{action: _stream(action) for action in ("CreateLogStream", "DeleteLogStream", "PutLogEvents", "GetLogEvents")},
    "TestMetricFilter": on_any("logs:TestMetricFilter"),
    "DescribeLogGroups": on_any("logs:DescribeLogGroups"),
}


def image_pull(image: str) -> list[Access]:
    """The permissions for the pull of an image from ECR; nothing for an image elsewhere."""
    match = _IMAGE.match(image)
    if match is None:
        return []
    repository = f"arn:aws:ecr:{match[2]}:{match[1]}:repository/{match[3]}"
    actions = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
    return [Access("ecr:GetAuthorizationToken", "*"), *[Access(action, repository) for action in actions]]
