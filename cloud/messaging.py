"""Messages: notices to people by SNS, and messages to dispatch by SQS."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cloud.handovers import DispatchMessage, ObjectCreated, StateError
from cloud.platform import Platform, client

if TYPE_CHECKING:
    from perennial.records import Notice

LONGEST_SUBJECT = 99


def notify_people(platform: Platform, notice: Notice) -> None:
    """Publishes a notice. That of another environment than the default one begins with its name."""
    environment = platform.environment
    title = notice.subject if environment.is_default else f"{environment.name}: {notice.subject}"
    text = environment.commands(notice.text)
    told = {"severity": notice.severity} | ({"key": notice.key} if notice.key else {})
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
    client("sns").publish(
        TopicArn=platform.notices_topic, Subject=subject(title), Message=text, MessageAttributes=attributes
    )


def subject(text: str) -> str:
    """The text as SNS accepts a subject: fewer than 100 characters of printable ASCII, others replaced."""
    return re.sub(r"[^ -~]", "?", text)[:LONGEST_SUBJECT].strip() or "notice"


def start_pending(platform: Platform, model: str) -> None:
    """Sends dispatch the message to start the dataset that waits for a model's lease."""
    _send(platform, DispatchMessage("start_pending", model))


def notify(platform: Platform, run: str) -> None:
    """Sends dispatch the message to send the notice of a run's end."""
    _send(platform, DispatchMessage("notify", run))


def request_approval(platform: Platform, run: str) -> None:
    """Sends dispatch the message to send the notice that a run waits for an approval."""
    _send(platform, DispatchMessage("request_approval", run))


def retrain(
    platform: Platform, model: str, occasion: str, asked: tuple[str, str] = ("", ""), imported: str = ""
) -> None:
    """Sends dispatch the message to train a model again. The same occasion starts one run.

    `asked`: the person who asks for it, and why; without a person it depends on newer data. `imported`: the digest of a
    model that is judged instead of a fitted one.
    """
    who, why = asked
    _send(platform, DispatchMessage("retrain", model, occasion, who=who, why=why, imported=imported))


def ask_about_retraining(platform: Platform, run: str) -> None:
    """Sends dispatch the message to ask a person about a model whose candidates are refused; `run` is the last one."""
    _send(platform, DispatchMessage("ask_about_retraining", run))


def clean_up(platform: Platform, run: str, error: StateError | None = None) -> None:
    """Asks dispatch to start an execution that ends what a run's execution had begun."""
    _send(platform, DispatchMessage("clean_up", run, error=error))


def labels(platform: Platform, event: ObjectCreated) -> None:
    """Sends the reader of labels the event of an upload again."""
    client("sqs").send_message(QueueUrl=platform.truth_queue, MessageBody=json.dumps(event.to_json()))


def _send(platform: Platform, message: DispatchMessage) -> None:
    """The queue delivers a message until it is handled, and dispatch alone starts executions."""
    client("sqs").send_message(QueueUrl=platform.dispatch_queue, MessageBody=json.dumps(message.to_json()))
