"""Permissions of calls to SQS, SNS, EventBridge and its Scheduler."""

from collections.abc import Iterable

from embedded.permissions.evaluation import Access
from embedded.permissions.need import Need, Parameters, Place, Table, all_of, on, on_any, pass_role, passing, with_tags


def _queue(parameters: Parameters, place: Place) -> str:
    name = parameters.get("QueueName") or str(parameters.get("QueueUrl", "")).rstrip("/").rsplit("/", 1)[-1]
    return place.arn("sqs", "", str(name))


def _on_queue(action: str) -> Need:
    return on(f"sqs:{action}", _queue)


def _queue_key(*actions: str) -> Need:
    def need(parameters: Parameters, place: Place) -> Iterable[Access]:
        key = place.resources.queue_key(_queue(parameters, place))
        if key:
            yield from (Access(action, key, place.via("sqs")) for action in actions)

    return need


def _move(parameters: Parameters, place: Place) -> Iterable[Access]:
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html."""
    source, destination = str(parameters.get("SourceArn", "")), parameters.get("DestinationArn")
    for action in ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        yield Access(f"sqs:{action}", source)
    if destination:
        yield Access("sqs:SendMessage", str(destination))


_SENDS = _queue_key("kms:GenerateDataKey", "kms:Decrypt")
SQS: Table = {
    **{
        action: _on_queue(action)
        for action in (
            *("CreateQueue", "DeleteQueue", "GetQueueUrl", "GetQueueAttributes", "SetQueueAttributes", "PurgeQueue"),
            *("TagQueue", "UntagQueue", "ListQueueTags", "AddPermission", "RemovePermission"),
            *("ListDeadLetterSourceQueues", "DeleteMessage", "ChangeMessageVisibility"),
        )
    },
    "SendMessage": all_of(_on_queue("SendMessage"), _SENDS),
    "SendMessageBatch": all_of(_on_queue("SendMessage"), _SENDS),
    "ReceiveMessage": all_of(_on_queue("ReceiveMessage"), _queue_key("kms:Decrypt")),
    "DeleteMessageBatch": _on_queue("DeleteMessage"),
    "ChangeMessageVisibilityBatch": _on_queue("ChangeMessageVisibility"),
    "StartMessageMoveTask": _move,
    "ListQueues": on_any("sqs:ListQueues"),
}


def _topic(parameters: Parameters, place: Place) -> str:
    named = parameters.get("TopicArn") or parameters.get("TargetArn") or parameters.get("ResourceArn")
    if not named and parameters.get("SubscriptionArn"):  # the topic's ARN and an id
        named = str(parameters["SubscriptionArn"]).rsplit(":", 1)[0]
    return place.arn("sns", "", str(named or parameters.get("Name", "")))


def _topic_key(parameters: Parameters, place: Place) -> Iterable[Access]:
    key = place.resources.topic_key(_topic(parameters, place))
    if key:
        yield from (Access(action, key, place.via("sns")) for action in ("kms:GenerateDataKey", "kms:Decrypt"))


def _make_topic(parameters: Parameters, place: Place) -> Iterable[Access]:
    arn, tags = _topic(parameters, place), parameters.get("Tags")
    yield with_tags(Access("sns:CreateTopic", arn), tags)
    if tags:
        yield with_tags(Access("sns:TagResource", arn), tags)


SNS: Table = {
    **{
        action: on(f"sns:{action}", _topic)
        for action in (
            *("DeleteTopic", "GetTopicAttributes", "SetTopicAttributes", "Subscribe", "ListSubscriptionsByTopic"),
            *("Unsubscribe", "GetSubscriptionAttributes", "SetSubscriptionAttributes", "TagResource", "UntagResource"),
            *("ConfirmSubscription", "ListTagsForResource"),
        )
    },
    "CreateTopic": _make_topic,
    "Publish": all_of(on("sns:Publish", _topic), _topic_key),
    "PublishBatch": all_of(on("sns:Publish", _topic), _topic_key),
    "ListTopics": on_any("sns:ListTopics"),
    "ListSubscriptions": on_any("sns:ListSubscriptions"),
}


def _on_rule(action: str, member: str) -> Need:
    def resource(parameters: Parameters, place: Place) -> str:
        bus = str(parameters.get("EventBusName") or "default").rsplit("/", 1)[-1]
        path = "rule/" if bus == "default" else f"rule/{bus}/"
        return place.arn("events", path, str(parameters.get(member) or ""))

    return on(f"events:{action}", resource)


def _target_roles(parameters: Parameters, _place: Place) -> Iterable[Access]:
    for target in parameters.get("Targets") or []:
        if target.get("RoleArn"):
            yield pass_role(target["RoleArn"], "events.amazonaws.com")


def _put_events(parameters: Parameters, place: Place) -> Iterable[Access]:
    for entry in parameters.get("Entries") or []:
        context = (
            ("events:source", (str(entry.get("Source", "")),)),
            ("events:detail-type", (str(entry.get("DetailType", "")),)),
        )
        yield Access(
            "events:PutEvents", place.arn("events", "event-bus/", str(entry.get("EventBusName") or "default")), context
        )


EVENTS: Table = {
    "PutRule": all_of(_on_rule("PutRule", "Name"), passing("events.amazonaws.com", "RoleArn")),
    "PutTargets": all_of(_on_rule("PutTargets", "Rule"), _target_roles),
    "RemoveTargets": _on_rule("RemoveTargets", "Rule"),
    "ListTargetsByRule": _on_rule("ListTargetsByRule", "Rule"),
    **{action: _on_rule(action, "Name") for action in ("DescribeRule", "DeleteRule", "EnableRule", "DisableRule")},
    "PutEvents": _put_events,
    "ListRules": on_any("events:ListRules"),
    "ListRuleNamesByTarget": on_any("events:ListRuleNamesByTarget"),
    "ListEventBuses": on_any("events:ListEventBuses"),
    "DescribeEventBus": on(
        "events:DescribeEventBus",
        lambda parameters, place: place.arn("events", "event-bus/", str(parameters.get("Name") or "default")),
    ),
}


def _on_schedule(action: str) -> Need:
    def resource(parameters: Parameters, place: Place) -> str:
        return place.arn("scheduler", f"schedule/{parameters.get('GroupName') or 'default'}/", str(parameters["Name"]))

    return on(f"scheduler:{action}", resource)


def _schedule_role(parameters: Parameters, _place: Place) -> Iterable[Access]:
    role = (parameters.get("Target") or {}).get("RoleArn")
    if role:
        yield pass_role(role, "scheduler.amazonaws.com")


SCHEDULER: Table = {
    **{action: all_of(_on_schedule(action), _schedule_role) for action in ("CreateSchedule", "UpdateSchedule")},
    **{action: _on_schedule(action) for action in ("GetSchedule", "DeleteSchedule")},
    "ListSchedules": on_any("scheduler:ListSchedules"),
}
