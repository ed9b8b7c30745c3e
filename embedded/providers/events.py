"""EventBridge rules on the default bus, and schedules."""

import json
from typing import Any, ClassVar

from embedded.events.delivery import UnsupportedTargetError, check_target
from embedded.events.schedule_expressions import ScheduleExpressionError, parse
from embedded.providers.provider import NO_KMS, NO_TAGS, Platform, Provider, PutProvider, Request, Resource

_TARGET = (
    "Arn",
    "Id",
    "Input",
    "InputPath",
    "InputTransformer",
    "DeadLetterConfig",
    "RetryPolicy",
    "RoleArn",
    "SqsParameters",
)


class Rule(PutProvider):
    """AWS::Events::Rule."""

    type = "AWS::Events::Rule"
    honoured = frozenset(
        {"Name", "Description", "EventPattern", "ScheduleExpression", "State"}
        | {f"Targets[].{name}" for name in _TARGET}
    )
    ignored: ClassVar[dict[str, str]] = {
        "Tags": NO_TAGS,
    }
    updatable = honoured - {"Name"} | {"Targets"}

    def check(self, request: Request) -> None:
        """Also raises DeployError for targets and schedules that are not supported."""
        super().check(request)
        check_schedule(request, request.get("ScheduleExpression"))
        for target in request.get("Targets", []):
            check_arn(request, target.get("Arn", ""))

    def put(self, platform: Platform, request: Request) -> Resource:
        """Sets the rule and its targets; Ref is its name."""
        name = request.get("Name") or request.name(64)
        events = platform.clients("events")
        given = request.chosen("Description", "ScheduleExpression", "State")
        if "EventPattern" in request.properties:
            given["EventPattern"] = json.dumps(request.properties["EventPattern"])
        arn = events.put_rule(Name=name, **given)["RuleArn"]
        wanted = request.get("Targets", [])
        listed = {target["Id"] for target in events.list_targets_by_rule(Rule=name)["Targets"]}
        if gone := listed - {target["Id"] for target in wanted}:
            events.remove_targets(Rule=name, Ids=sorted(gone))
        if wanted:
            targets: list[dict[str, Any]] = [
                {key: target[key] for key in _TARGET if key in target} for target in wanted
            ]
            events.put_targets(Rule=name, Targets=targets)
        return Resource(name, {"Arn": arn})

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the rule."""
        events, name = platform.clients("events"), resource.physical_id
        if ids := [target["Id"] for target in events.list_targets_by_rule(Rule=name)["Targets"]]:
            events.remove_targets(Rule=name, Ids=ids)
        events.delete_rule(Name=name)


class Schedule(Provider):
    """AWS::Scheduler::Schedule."""

    type = "AWS::Scheduler::Schedule"
    honoured = frozenset(
        {"Name", "GroupName", "Description", "ScheduleExpression", "State", "FlexibleTimeWindow"}
        | {f"Target.{name}" for name in ("Arn", "RoleArn", "Input", "DeadLetterConfig", "RetryPolicy", "SqsParameters")}
    )
    ignored: ClassVar[dict[str, str]] = {
        "KmsKeyArn": NO_KMS,
        "ScheduleExpressionTimezone": "only UTC, checked",
    }
    updatable = honoured - {"Name", "GroupName"} | {"Target"}

    def check(self, request: Request) -> None:
        """Also raises DeployError for time zones, targets and expressions that are not supported."""
        super().check(request)
        check_schedule(request, request.get("ScheduleExpression"))
        check_arn(request, request.get("Target", {}).get("Arn", ""))
        zone = request.get("ScheduleExpressionTimezone", "UTC")
        if zone not in ("UTC", "Etc/UTC"):
            raise request.error(f"ScheduleExpressionTimezone {zone!r} is not supported; schedule in UTC")

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the schedule; Ref is its name."""
        name = request.get("Name") or request.name(64)
        answer = platform.clients("scheduler").create_schedule(Name=name, **request.chosen(*_SCHEDULE))
        return Resource(name, {"Arn": answer["ScheduleArn"]})

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes the schedule."""
        platform.clients("scheduler").update_schedule(Name=resource.physical_id, **request.chosen(*_SCHEDULE))
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Removes the schedule."""
        platform.clients("scheduler").delete_schedule(Name=resource.physical_id, **request.chosen("GroupName"))


class ScheduleGroup(Provider):
    """AWS::Scheduler::ScheduleGroup."""

    type = "AWS::Scheduler::ScheduleGroup"
    honoured = frozenset({"Name"})
    ignored: ClassVar[dict[str, str]] = {"Tags": NO_TAGS}

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the group; Ref is its name."""
        name = request.get("Name") or request.name(64)
        arn = platform.clients("scheduler").create_schedule_group(Name=name)["ScheduleGroupArn"]
        return Resource(name, {"Arn": arn})


_SCHEDULE = ("GroupName", "Description", "ScheduleExpression", "State", "FlexibleTimeWindow", "Target")


def check_schedule(request: Request, expression: str | None) -> None:
    """Raises DeployError for a schedule expression that is not supported."""
    if expression is None:
        return
    try:
        parse(expression)
    except ScheduleExpressionError as error:
        raise request.error(f"ScheduleExpression: {error}") from error


def check_arn(request: Request, arn: str) -> None:
    """Raises DeployError for a target that is not supported."""
    try:
        check_target(arn)
    except UnsupportedTargetError as error:
        raise request.error(f"target: {error}") from error


PROVIDERS = (Rule, Schedule, ScheduleGroup)
