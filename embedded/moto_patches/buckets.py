"""moto's S3 events on EventBridge have a constant sequencer, a wrong reason and no order: they are made anew here."""

import logging
from typing import Any

from moto.s3 import notifications

from embedded.context import Context
from embedded.events.objects import object_event
from embedded.moto_patches.patches import Patches

LOG = logging.getLogger(__name__)


def install(patches: Patches, context: Context) -> None:
    """Buckets with an EventBridge configuration tell about their objects through `context.emit`."""

    def send(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        event = object_event(context, getattr(event_name, "value", event_name), bucket.name, key)
        if event is None:
            return
        detail_type, detail = event
        try:
            context.emit("aws.s3", detail_type, detail, [bucket.arn])
        except Exception:  # the upload itself has succeeded
            LOG.exception("the event of s3://%s/%s could not be put on the bus", bucket.name, key.name)

    patches.replace(notifications, "_send_event_bridge_message", send)
