"""Notices as the bodies of webhooks: Slack, Microsoft Teams and PagerDuty."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

Kind = Literal["slack", "teams", "pagerduty"]
Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
LONGEST_TITLE, LONGEST_TEXT = 150, 2900  # Slack takes 150 characters of a header and 3,000 of a section
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SIGNS = {
    "info": "\N{INFORMATION SOURCE}",
    "warning": "\N{WARNING SIGN}",
    "critical": "\N{POLICE CARS REVOLVING LIGHT}",
}


class WebhookError(ValueError):
    """The secret does not describe a webhook; the message never holds a part of it."""


@dataclass(frozen=True)
class Webhook:
    """The receiver of notices. `routing_key` is PagerDuty's integration key."""

    kind: Kind
    url: str
    routing_key: str = ""

    @classmethod
    def read(cls, secret: str) -> Webhook:
        """The webhook in a secret: {"format": "slack" | "teams" | "pagerduty", "url": ..., "routing_key": ...}.

        Raises WebhookError. Only https is accepted; http for a server on the same machine.
        """
        try:
            given = json.loads(secret)
            kind, url, key = given["format"], given["url"], given.get("routing_key", "")
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise WebhookError('the secret is not JSON of the form {"format": "slack", "url": "https://..."}') from None
        if kind not in get_args(Kind):
            raise WebhookError(f"'format' is none of {', '.join(get_args(Kind))}")
        if not all(isinstance(text, str) for text in (url, key)):
            raise WebhookError("'url' and 'routing_key' are texts")
        try:
            parts = urlsplit(url)
            host, scheme = parts.hostname or "", parts.scheme
        except ValueError:
            raise WebhookError("'url' is no URL") from None
        if not host or (scheme != "https" and not (scheme == "http" and host in _LOOPBACK)):
            raise WebhookError("'url' is no https URL")
        if kind == "pagerduty" and not key:
            raise WebhookError("PagerDuty needs 'routing_key', the integration key of a service")
        return cls(kind, url, key)


@dataclass(frozen=True)
class Message:
    """A notice or an alarm. Messages of the same `key` are about the same matter; `source` is the environment."""

    title: str
    text: str
    severity: Severity
    key: str
    source: str


def message_of(subject: str, text: str, attributes: Mapping[str, str], source: str) -> Message:
    """The message of a notification: a notice of Perennial with its attributes, or an alarm of CloudWatch."""
    try:
        alarm = json.loads(text)
    except (ValueError, RecursionError):
        alarm = None
    if isinstance(alarm, dict) and isinstance(alarm.get("AlarmName"), str):
        name, reason = alarm["AlarmName"], str(alarm.get("NewStateReason", ""))
        about = str(alarm.get("AlarmDescription") or name)
        return Message(f"{about} ({name})", reason, "critical", name, source)
    severity = attributes.get("severity", "")
    known: Severity = next((one for one in SEVERITIES if one == severity), "info")
    key = attributes.get("key") or hashlib.sha256(subject.encode()).hexdigest()[:16]
    return Message(subject, text, known, key, source)


def body(webhook: Webhook, message: Message) -> dict[str, Any] | None:
    """The JSON body of the request; None where the receiver does not take such a message."""
    if webhook.kind == "slack":
        return _slack(message)
    if webhook.kind == "teams":
        return _teams(message)
    return _pagerduty(message, webhook.routing_key)


def _slack(message: Message) -> dict[str, Any]:
    """Blocks of Slack; see https://api.slack.com/reference/block-kit/blocks."""
    title = _short(f"{_SIGNS[message.severity]} {message.title}", LONGEST_TITLE)
    text = _short(message.text, LONGEST_TEXT)
    return {
        "text": title,  # for notifications
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": title}},
            {"type": "section", "text": {"type": "plain_text", "text": text or " "}},
            {"type": "context", "elements": [{"type": "plain_text", "text": message.source}]},
        ],
    }


def _teams(message: Message) -> dict[str, Any]:
    """An adaptive card for a workflow of Teams; texts are runs, which are not read as Markdown.

    See https://adaptivecards.io/explorer/RichTextBlock.html.
    """
    colours = {"info": "default", "warning": "warning", "critical": "attention"}
    lines = [_short(message.title, LONGEST_TITLE), *_short(message.text, LONGEST_TEXT).splitlines(), message.source]
    blocks = [{"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line or " "}]} for line in lines]
    blocks[0]["inlines"] = [
        {"type": "TextRun", "text": lines[0], "weight": "bolder", "color": colours[message.severity]}
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _pagerduty(message: Message, routing_key: str) -> dict[str, Any] | None:
    """An event of PagerDuty's Events API v2, which calls nobody for news.

    See https://developer.pagerduty.com/docs/events-api-v2/trigger-events/.
    """
    if message.severity == "info":
        return None
    return {
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": _short(f"{message.source}/{message.key}", 255),
        "payload": {
            "summary": _short(message.title, 1024),
            "source": message.source,
            "severity": message.severity,
            "custom_details": {"text": _short(message.text, LONGEST_TEXT)},
        },
    }


def _short(text: str, longest: int) -> str:
    """The text without control characters but line breaks, cut to a length."""
    clean = "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"
