"""SNS notices: mail is written to files instead of sent, functions get the event that SNS sends them."""

import json
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from embedded.context import Context


def record_mail(context: Context, address: str, topic_arn: str, subject: str | None, message: str) -> Path:
    """Writes what would have been mailed to a file under the cloud's work directory and returns it."""
    directory = context.workdir / "mail"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{time.time_ns()}-{uuid.uuid4().hex[:6]}.eml"
    title = (subject or "AWS Notification Message").replace("\n", " ")
    path.write_text(f"To: {address}\nSubject: {title}\nX-Topic: {topic_arn}\n\n{message}\n", encoding="utf-8")
    return path


def function_event(
    subscription_arn: str,
    topic_arn: str,
    message_id: str,
    message: str,
    subject: str | None,
    attributes: dict[str, Any] | None,
) -> str:
    """The event a function subscribed to a topic receives."""
    notification = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": topic_arn,
        "Subject": subject,
        "Message": message,
        "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertUrl": "EXAMPLE",
        "UnsubscribeUrl": "EXAMPLE",
        "MessageAttributes": {
            name: {"Type": value.get("Type"), "Value": value.get("Value")} for name, value in (attributes or {}).items()
        },
    }
    record = {
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn,
        "EventSource": "aws:sns",
        "Sns": notification,
    }
    return json.dumps({"Records": [record]})
