"""SNS deliveries: mail is written to files; functions receive SNS's event."""

import json
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from embedded.context import Context


def record_mail(context: Context, subscription: Any, subject: str | None, message: str) -> Path:
    """Writes a mail to moto's `subscription` to a file in the work directory, instead of sending it, and returns it."""
    directory = context.workdir / "mail"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{time.time_ns()}-{uuid.uuid4().hex[:6]}.eml"
    title = (subject or "AWS Notification Message").replace("\n", " ")
    path.write_text(
        f"To: {subscription.endpoint}\nSubject: {title}\nX-Topic: {subscription.topic.arn}\n\n{message}\n",
        encoding="utf-8",
    )
    return path


def function_event(subscription: Any, message: str, message_id: str, given: dict[str, Any]) -> str:
    """The event a subscribed function receives; `subscription` is moto's, `given` has subject and attributes."""
    attributes = given.get("message_attributes") or {}
    notification = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": subscription.topic.arn,
        "Subject": given.get("subject"),
        "Message": message,
        "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertUrl": "EXAMPLE",
        "UnsubscribeUrl": "EXAMPLE",
        "MessageAttributes": {
            name: {"Type": value.get("Type"), "Value": value.get("Value")} for name, value in attributes.items()
        },
    }
    record = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "EventSource": "aws:sns",
        "Sns": notification,
    }
    return json.dumps({"Records": [record]})
