"""EventBridge and SNS patches: rules deliver through the bus; functions and mail receive notifications as on AWS.

moto's rules deliver to queues only, at once, with a wrong `time`. Its SNS calls functions within Publish with an event
of another shape, drops mail, and fails Publish when an endpoint fails.
"""

import logging
from typing import Any

from moto.events.models import Rule
from moto.sns.models import Subscription

from embedded.context import Context
from embedded.events.bus import Bus
from embedded.events.delivery import Delivery
from embedded.events.sns_delivery import function_event, record_mail
from embedded.moto_patches.patches import Patches
from embedded.permissions.principals import service
from embedded.permissions.sessions import SNS

LOG = logging.getLogger(__name__)
_MAIL = ("email", "email-json")


def install_subscriptions(patches: Patches, context: Context, delivery: Delivery) -> None:
    """Replaces deliveries by mail and to functions; others stay moto's, but their failure does not fail Publish."""

    def publish(subscription: Subscription, message: str, message_id: str, **given: Any) -> None:
        try:
            if subscription.protocol not in (*_MAIL, "lambda"):
                if subscription.protocol == "sqs":
                    parameters = {"QueueUrl": subscription.endpoint.rsplit(":", 1)[-1]}
                    sender = service(SNS, subscription.topic.arn)
                    context.authorizer.call(sender, "sqs", "SendMessage", parameters)
                original(subscription, message, message_id, **given)
            elif _wanted(subscription, message, given):
                _send(subscription, message, message_id, given)
        except Exception:
            LOG.exception("message %s could not be delivered to %s", message_id, subscription.endpoint)

    def _send(subscription: Subscription, message: str, message_id: str, given: dict[str, Any]) -> None:
        if given.get("message_structure") == "json":
            message = subscription._parse_message_structure(message, subscription.protocol)
        if subscription.protocol in _MAIL:
            record_mail(context, subscription, given.get("subject"), message)
        else:
            event = function_event(subscription, message, message_id, given)
            delivery.send(subscription.endpoint, event, principal=service(SNS, subscription.topic.arn))

    original = patches.replace(Subscription, "publish", publish)


def _wanted(subscription: Subscription, message: str, given: dict[str, Any]) -> bool:
    matcher = subscription._filter_policy_matcher
    return matcher is None or bool(matcher.matches(given.get("message_attributes"), message))


def install_rules(patches: Patches, bus: Bus) -> None:
    """Routes each event of a rule through `bus`."""

    def send_to_targets(rule: Rule, original_event: dict[str, Any], transform_input: bool = True) -> None:
        bus.route(rule, original_event)

    patches.replace(Rule, "send_to_targets", send_to_targets)
