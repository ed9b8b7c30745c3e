"""Notifications that S3 itself sends to queues, and the check of their destinations when they are configured.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html.
"""

import json
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from moto.s3.exceptions import S3ClientError

from embedded.context import Context
from embedded.events.service_events import sequencer
from embedded.permissions import unique_ids
from embedded.permissions.authorizer import NotAuthorizedError
from embedded.permissions.principals import service
from embedded.permissions.sessions import S3

TEST_EVENT = "s3:TestEvent"


class UnreachableDestinationError(S3ClientError):
    """S3 may not send to the queue of a notification."""

    def __init__(self) -> None:
        super().__init__("InvalidArgument", "Unable to validate the following destination configurations")


def check_destination(context: Context, bucket_arn: str, queue_arn: str) -> None:
    """Raises UnreachableDestinationError unless there is the queue and its policy lets S3 send to it."""
    parameters = {"QueueUrl": f"{context.endpoint_url}/{context.account_id}/{queue_arn.rpartition(':')[2]}"}
    resources = context.authorizer.resources
    try:
        context.authorizer.call(service(S3, bucket_arn), "sqs", "SendMessage", parameters)
    except NotAuthorizedError as error:
        raise UnreachableDestinationError from error
    if not resources.has_queue(queue_arn):
        raise UnreachableDestinationError


def event(context: Context, name: str, bucket: Any, key: Any, configuration: str, principal: str) -> dict[str, Any]:
    """The notification of an event of moto's `key`; `principal` is who made the request."""
    described: dict[str, Any] = {"key": quote_plus(key.name, safe="/"), "sequencer": sequencer()}
    if name.startswith("s3:ObjectCreated:"):
        described |= {"size": key.size, "eTag": key.etag.strip('"')}
    if key.version_id is not None and str(key.version_id) != "null":
        described["versionId"] = key.version_id
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": context.region,
        "eventTime": _now(),
        "eventName": name.removeprefix("s3:"),
        "userIdentity": {"principalId": f"AWS:{unique_ids.of(principal, context.authorizer.resources)}"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": _request(), "x-amz-id-2": uuid.uuid4().hex},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {
                "name": bucket.name,
                "ownerIdentity": {"principalId": f"A{context.account_id}"},
                "arn": bucket.arn,
            },
            "object": described,
        },
    }
    return {"Records": [record]}


def send(context: Context, body: dict[str, Any], queue_arn: str) -> None:
    """Sends a notification, or the test of one, in the background; the queue's policy decides at each delivery."""
    if body.get("Event") == TEST_EVENT:
        source = f"arn:aws:s3:::{body['Bucket']}"
        body = body | {"RequestId": _request(), "HostId": uuid.uuid4().hex}
    else:
        source = body["Records"][0]["s3"]["bucket"]["arn"]
    context.deliver(source, queue_arn, json.dumps(body))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _request() -> str:
    return uuid.uuid4().hex[:16].upper()
