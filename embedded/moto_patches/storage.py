"""S3 and DynamoDB patches: events as on AWS, lists without contents, no denial by bucket policies, serial calls.

moto's S3 events have a constant sequencer, a wrong reason and no order; its notifications name no principal, and no
queue's policy is asked. It denies by a bucket policy's statements without their conditions, so a policy that denies
requests without TLS denies all. It lists versions by copying every object of the bucket with its content, which
Python's collector frees late. moto's DynamoDB checks a condition and writes in two steps, so that two threads may both
succeed; and it sorts every item of the table for each query.
"""

import copy
import logging
import tempfile
import threading
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

import flask
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table
from moto.iam.access_control import PermissionResult
from moto.s3 import models, notifications

from embedded.access import PRINCIPAL
from embedded.context import Context
from embedded.events import bucket_notifications
from embedded.events.service_events import object_event
from embedded.moto_patches.patches import Patches

_PUT = "s3:ObjectCreated:Put"
LOG = logging.getLogger(__name__)


def install_buckets(patches: Patches, context: Context) -> None:
    """Emits the events of buckets with an EventBridge configuration through `context.emit`."""

    def send(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        event = object_event(context, _name(event_name), bucket.name, key)
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
    _install_notifications(patches, context)


def _install_notifications(patches: Patches, context: Context) -> None:
    """Sends the notifications of buckets through `context.deliver`, and checks their queues as they are configured."""

    def send_event(account_id: str, event_name: str, bucket: Any, key: Any) -> None:
        if _name(event_name) == _PUT and getattr(key, "multipart", None) is not None:
            return  # moto completes a multipart upload by a PutObject of its own
        original_event(account_id, event_name, bucket, key)

    def describe(event_name: str, bucket: Any, key: Any, notification_id: str) -> dict[str, Any]:
        return bucket_notifications.event(context, _name(event_name), bucket, key, notification_id, _principal())

    def send(account_id: str, event_body: dict[str, Any], queue_name: str, region_name: str) -> None:
        bucket_notifications.send(context, event_body, f"arn:aws:sqs:{region_name}:{account_id}:{queue_name}")

    def configure(bucket: models.FakeBucket, notification_config: dict[str, Any] | None) -> None:
        for each in (notification_config or {}).get("QueueConfiguration") or []:
            bucket_notifications.check_destination(context, bucket.arn, each["Queue"])
        original_configure(bucket, notification_config)

    original_event = patches.replace(notifications, "send_event", send_event)
    patches.replace(notifications, "_get_s3_event", describe)
    patches.replace(notifications, "_send_sqs_message", send)
    original_configure = patches.replace(models.FakeBucket, "set_notification_configuration", configure)


def _name(event_name: str) -> str:
    return str(getattr(event_name, "value", event_name))


def _principal() -> str:
    """The principal that signed the request under way; empty outside of one."""
    return str(flask.request.environ.get(PRINCIPAL, "")) if flask.has_request_context() else ""


def _without_content(key: models.FakeKey, _memo: dict[int, Any]) -> Any:
    """A copy for a list of versions: all but the content, which is the original's alone to close."""
    copied: Any = object.__new__(models.FakeKey)
    empty = tempfile.SpooledTemporaryFile()  # noqa: SIM115 - the copy closes it
    copied.__dict__.update(key.__dict__, lock=threading.Lock(), multipart=None, disposed=True, _value_buffer=empty)
    return copied


_AFTER_HASH_KEY = tuple(signature(Table.query).parameters)[2:]
CALLS = ("get_item", "query", "scan", "put_item", "update_item", "delete_item", "transact_write_items")


def install_tables(patches: Patches) -> None:
    """Runs the calls on tables one at a time. A query of a table reads the items of its partition alone."""
    lock = threading.RLock()

    def serial(call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def locked(*args: Any, **kwargs: Any) -> Any:
            with lock:
                return call(*args, **kwargs)

        return locked

    for name in CALLS:
        patches.replace(DynamoDBBackend, name, serial(getattr(DynamoDBBackend, name)))

    def query(table: Table, hash_key: Any, *args: Any, **kwargs: Any) -> Any:
        named = dict(zip(_AFTER_HASH_KEY, args, strict=False)) | kwargs
        if named.get("index_name") or hash_key not in table.items:
            return every(table, hash_key, *args, **kwargs)
        partition = copy.copy(table)
        partition.items = {hash_key: _begun(table.items[hash_key], named)}  # type: ignore[assignment]
        return every(partition, hash_key, *args, **kwargs)

    every = patches.replace(Table, "query", query)


def _begun(items: Any, named: dict[str, Any]) -> Any:
    """The items of a partition whose sort key begins with the text that a query names; all where it names none."""
    prefix = next(iter(named.get("range_objs") or ()), None)
    if named.get("range_comparison") != "BEGINS_WITH" or prefix is None or prefix.type != "S":
        return items
    return {key: item for key, item in items.items() if key.value.startswith(prefix.value)}
