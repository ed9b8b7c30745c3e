"""CloudWatch alarms, which embedded/metrics evaluates, and dashboards, which are stored."""

from typing import Any, ClassVar

from embedded.providers.provider import NO_TAGS, Platform, PutProvider, Request, Resource, tag_list

_ALARM = (
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
)


class Alarm(PutProvider):
    """AWS::CloudWatch::Alarm."""

    type = "AWS::CloudWatch::Alarm"
    honoured = frozenset({"AlarmName", "Tags", *_ALARM})
    updatable = frozenset(_ALARM)

    def put(self, platform: Platform, request: Request) -> Resource:
        """Sets the alarm; Ref is its name."""
        name = request.get("AlarmName") or request.name(255)
        given: dict[str, Any] = request.chosen(*_ALARM)
        platform.clients("cloudwatch").put_metric_alarm(AlarmName=name, Tags=tag_list(request.get("Tags")), **given)
        arn = f"arn:aws:cloudwatch:{platform.context.region}:{platform.context.account_id}:alarm:{name}"
        return Resource(name, {"Arn": arn})

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the alarm."""
        platform.clients("cloudwatch").delete_alarms(AlarmNames=[resource.physical_id])


class Dashboard(PutProvider):
    """AWS::CloudWatch::Dashboard."""

    type = "AWS::CloudWatch::Dashboard"
    honoured = frozenset({"DashboardName", "DashboardBody"})
    ignored: ClassVar[dict[str, str]] = {"Tags": NO_TAGS}
    updatable = frozenset({"DashboardBody"})

    def put(self, platform: Platform, request: Request) -> Resource:
        """Sets the dashboard; Ref is its name."""
        name = request.get("DashboardName") or request.name(255)
        platform.clients("cloudwatch").put_dashboard(
            DashboardName=name, DashboardBody=request.properties["DashboardBody"]
        )
        return Resource(name)

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the dashboard."""
        platform.clients("cloudwatch").delete_dashboards(DashboardNames=[resource.physical_id])


PROVIDERS = (Alarm, Dashboard)
