"""S3 and DynamoDB patches: object events as on AWS, lists without contents, no denial by bucket policies, serial calls.

moto's S3 events have a constant sequencer, a wrong reason and no order. It denies by a bucket policy's statements
without their conditions, so a policy that denies requests without TLS denies all. It lists versions by copying every
object of the bucket with its content, which Python's collector frees late. moto's DynamoDB checks a condition
and writes in two steps, so that two threads may both succeed.
"""

import logging
import tempfile
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from moto.dynamodb.models import DynamoDBBackend
from moto.iam.access_control import PermissionResult
from moto.s3 import models, notifications

from embedded.context import Context
from embedded.events.service_events import object_event
from embedded.moto_patches.patches import Patches

_PUT = "s3:ObjectCreated:Put"
LOG = logging.getLogger(__name__)


def install_buckets(patches: Patches, context: Context) -> None:
    """Emits the events of buckets with an EventBridge configuration through `context.emit`."""

    def send(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        name = getattr(event_name, "value", event_name)
        if name == _PUT and getattr(key, "multipart", None) is not None:
            return  # moto completes a multipart upload by a PutObject of its own
        event = object_event(context, name, bucket.name, key)
        if event is None:
            return
        detail_type, detail = event
        try:
            context.emit("aws.s3", detail_type, detail, [bucket.arn])
        except Exception:  # the upload itself has succeeded
            LOG.exception("the event of s3://%s/%s could not be put on the bus", bucket.name, key.name)

    # moto ignores the conditions of a policy's statements; access is not emulated here
    patches.replace(models.FakeBucket, "get_permission", lambda *_: PermissionResult.NEUTRAL)
    patches.replace(notifications, "_send_event_bridge_message", send)
    patches.add(models.FakeKey, "__deepcopy__", _without_content)


def _without_content(key: models.FakeKey, _memo: dict[int, Any]) -> Any:
    """A copy for a list of versions: all but the content, which is the original's alone to close."""
    copied: Any = object.__new__(models.FakeKey)
    empty = tempfile.SpooledTemporaryFile()  # noqa: SIM115 - the copy closes it
    copied.__dict__.update(key.__dict__, lock=threading.Lock(), multipart=None, disposed=True, _value_buffer=empty)
    return copied


CALLS = ("get_item", "query", "scan", "put_item", "update_item", "delete_item", "transact_write_items")


def install_tables(patches: Patches) -> None:
    """Runs the calls on tables one at a time."""
    lock = threading.RLock()

    def serial(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def locked(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return call(*args, **kwargs)

        return locked

    for name in CALLS:
        patches.replace(DynamoDBBackend, name, serial(getattr(DynamoDBBackend, name)))
