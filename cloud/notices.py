"""Notices to people, by SNS."""

from __future__ import annotations

import re

from cloud.platform import Platform, client
from perennial.records import Notice

LONGEST_SUBJECT = 99


def send(platform: Platform, notice: Notice) -> None:
    """Publish a notice."""
    client("sns").publish(TopicArn=platform.notices_topic, Subject=subject(notice.subject), Message=notice.text)


def subject(text: str) -> str:
    """The text as SNS takes a subject: fewer than 100 characters of printable ASCII, the rest replaced."""
    return re.sub(r"[^ -~]", "?", text)[:LONGEST_SUBJECT].strip() or "notice"
