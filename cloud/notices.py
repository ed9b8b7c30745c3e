"""Notices to people, by SNS."""

from __future__ import annotations

from cloud.platform import Platform, client
from perennial.records import Notice


def send(platform: Platform, notice: Notice) -> None:
    """Publish a notice. SNS takes printable ASCII in a subject, so anything else is replaced there."""
    subject = notice.subject.encode("ascii", "replace").decode()
    client("sns").publish(TopicArn=platform.notices_topic, Subject=subject, Message=notice.text)
