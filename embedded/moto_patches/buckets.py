"""moto's S3 events on EventBridge have a constant sequencer, a wrong reason and no order: they are made anew here.

And a bucket policy that denies requests without TLS would deny all of them.
"""

import logging
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3 import models, notifications

from embedded.context import Context
from embedded.events.objects import object_event
from embedded.moto_patches.patches import Patches

_PUT = "s3:ObjectCreated:Put"
LOG = logging.getLogger(__name__)


def install(patches: Patches, context: Context) -> None:
    """Buckets with an EventBridge configuration tell about their objects through `context.emit`."""

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

    # moto denies by a policy's statements without looking at their conditions; access is not imitated here
    patches.replace(models.FakeBucket, "get_permission", lambda *_: PermissionResult.NEUTRAL)
    patches.replace(notifications, "_send_event_bridge_message", send)
