"""Topics, their policies and subscriptions."""

import json
from typing import ClassVar

from embedded.providers.provider import Platform, Provider, PutProvider, Request, Resource, tag_list

PROTOCOLS = ("sqs", "lambda", "email", "email-json")


class Topic(Provider):
    """AWS::SNS::Topic."""

    type = "AWS::SNS::Topic"
    honoured = frozenset({"TopicName", "DisplayName", "KmsMasterKeyId", "Subscription", "Tags"})
    ignored: ClassVar[dict[str, str]] = {
        "TracingConfig": "traces are not emulated",
        "SignatureVersion": "signatures are not emulated",
        "DeliveryStatusLogging": "delivery logs are not emulated",
    }
    updatable = frozenset({"DisplayName", "KmsMasterKeyId"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Creates the topic; Ref is its ARN."""
        name = request.get("TopicName") or request.name(256)
        attributes = {key: str(value) for key, value in request.chosen("DisplayName", "KmsMasterKeyId").items()}
        sns = platform.clients("sns")
        tags = tag_list(request.get("Tags"))
        arn = sns.create_topic(Name=name, Attributes=attributes, Tags=tags)["TopicArn"]
        for item in request.get("Subscription", []):
            _subscribe(platform, request, arn, item["Protocol"], item["Endpoint"])
        return Resource(arn, {"TopicArn": arn, "TopicName": name})

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes the topic's attributes."""
        for key, value in request.chosen("DisplayName", "KmsMasterKeyId").items():
            platform.clients("sns").set_topic_attributes(
                TopicArn=resource.physical_id, AttributeName=key, AttributeValue=str(value)
            )
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Deletes the topic with its subscriptions."""
        platform.clients("sns").delete_topic(TopicArn=resource.physical_id)


class TopicPolicy(PutProvider):
    """AWS::SNS::TopicPolicy."""

    type = "AWS::SNS::TopicPolicy"
    honoured = frozenset({"Topics", "PolicyDocument"})
    updatable = honoured

    def put(self, platform: Platform, request: Request) -> Resource:
        """Sets the policy of each topic."""
        policy = json.dumps(request.properties["PolicyDocument"])
        for arn in request.properties["Topics"]:
            platform.clients("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
        return Resource(request.name())

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Leaves nothing but the account's own access to each topic, as a new topic has it."""
        account = platform.context.account_id
        statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sns:Publish"}
        for arn in request.properties["Topics"]:
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Resource": arn}]})
            platform.clients("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=policy)


class Subscription(Provider):
    """AWS::SNS::Subscription: to queues, functions and mail (which is recorded, not sent)."""

    type = "AWS::SNS::Subscription"
    honoured = frozenset(
        {"TopicArn", "Protocol", "Endpoint", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery"}
    )
    ignored: ClassVar[dict[str, str]] = {"Region": "there is one region"}
    updatable = frozenset({"FilterPolicy", "FilterPolicyScope", "RawMessageDelivery"})

    def create(self, platform: Platform, request: Request) -> Resource:
        """Subscribes; Ref is the subscription's ARN."""
        properties = request.properties
        arn = _subscribe(
            platform, request, properties["TopicArn"], properties["Protocol"], properties.get("Endpoint", "")
        )
        return self.update(platform, request, Resource(arn, {"Arn": arn}))

    def update(self, platform: Platform, request: Request, resource: Resource) -> Resource:
        """Changes filter and delivery."""
        for name in ("FilterPolicyScope", "FilterPolicy", "RawMessageDelivery"):
            value = request.get(name)
            if value is not None and value is not False:  # moto takes the text "false" for true
                text = value if isinstance(value, str) else json.dumps(value)
                platform.clients("sns").set_subscription_attributes(
                    SubscriptionArn=resource.physical_id, AttributeName=name, AttributeValue=text
                )
        return resource

    def delete(self, platform: Platform, request: Request, resource: Resource) -> None:
        """Unsubscribes."""
        platform.clients("sns").unsubscribe(SubscriptionArn=resource.physical_id)


def _subscribe(platform: Platform, request: Request, topic: str, protocol: str, endpoint: str) -> str:
    if protocol not in PROTOCOLS:
        raise request.error(f"Protocol {protocol!r} is not supported; known: {', '.join(PROTOCOLS)}")
    answer = platform.clients("sns").subscribe(
        TopicArn=topic, Protocol=protocol, Endpoint=endpoint, ReturnSubscriptionArn=True
    )
    return str(answer["SubscriptionArn"])


PROVIDERS = (Topic, TopicPolicy, Subscription)
