"""Events that AWS services put on the default bus: S3's object events, SageMaker's state changes.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html.
"""

import itertools
import logging
import time
import uuid
from datetime import datetime
from typing import Any

from embedded.context import Context

# (detail-type, reason) by the event name of S3 event notifications.
KINDS = {
    "s3:ObjectCreated:Put": ("Object Created", "PutObject"),
    "s3:ObjectCreated:Post": ("Object Created", "POST Object"),
    "s3:ObjectCreated:Copy": ("Object Created", "CopyObject"),
    "s3:ObjectCreated:CompleteMultipartUpload": ("Object Created", "CompleteMultipartUpload"),
    "s3:ObjectRemoved:Delete": ("Object Deleted", "DeleteObject"),
    "s3:ObjectRemoved:DeleteMarkerCreated": ("Object Deleted", "DeleteObject"),
}
_COUNT = itertools.count()


def sequencer() -> str:
    """A hexadecimal number that grows with each event."""
    return f"{time.time_ns() // 1000:014X}{next(_COUNT) % 0xFFFF:04X}"


def object_event(context: Context, name: str, bucket: str, key: Any) -> tuple[str, dict[str, Any]] | None:
    """(detail-type, detail) for an event of moto's `key`; None for other events."""
    if name not in KINDS or key is None:
        return None
    detail_type, reason = KINDS[name]
    described: dict[str, Any] = {"key": key.name, "sequencer": sequencer()}
    if detail_type == "Object Created":
        described |= {"size": key.size, "etag": key.etag.strip('"')}
    if key.version_id is not None and str(key.version_id) != "null":
        described["version-id"] = key.version_id
    detail: dict[str, Any] = {
        "version": "0",
        "bucket": {"name": bucket},
        "object": described,
        "request-id": uuid.uuid4().hex[:16].upper(),
        "requester": context.account_id,
        "source-ip-address": "127.0.0.1",
        "reason": reason,
    }
    if detail_type == "Object Deleted":
        marker = name.endswith("DeleteMarkerCreated")
        detail["deletion-type"] = "Delete Marker Created" if marker else "Permanently Deleted"
    return detail_type, detail


logger = logging.getLogger(__name__)


def emit_state_change(context: Context, detail_type: str, description: dict[str, Any], arn: str) -> None:
    """Emits one event of aws.sagemaker; its detail is what Describe answers, with times in milliseconds.

    Never raises: a failed delivery does not change the resource.
    """
    try:
        context.emit("aws.sagemaker", detail_type, with_times_in_milliseconds(description), [arn])
    except Exception as error:  # noqa: BLE001 - the change itself has succeeded
        logger.warning("the event %s of %s was not emitted: %s", detail_type, arn, error)


def with_times_in_milliseconds(value: Any) -> Any:
    """The value with each time as milliseconds since 1970, as in events and Step Functions."""
    if isinstance(value, dict):
        return {name: with_times_in_milliseconds(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [with_times_in_milliseconds(entry) for entry in value]
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    return value
