"""Notifications that S3 itself sends to a queue: they name the principal of an upload, as EventBridge does not.

See https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html. They come at least once
and in any order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from cloud.handovers import BucketName, CreatedObject, ObjectCreated, ObjectCreatedDetail
from cloud.typed_json import TypedJson, named

TEST = "s3:TestEvent"  # S3 sends it when the notification is configured
LONGEST = 97  # characters of a principal's id: up to 32 of the user or role, a colon, up to 64 of the session's name
_CREATED = "ObjectCreated:"
_PRINCIPAL = re.compile(r"(?:AWS:)?(?P<id>A[A-Z0-9]{3}[A-Za-z0-9]{8,28}(?::[\w+=,.@-]{1,64})?)", re.ASCII)


@dataclass(frozen=True)
class _Identity(TypedJson):
    principal: str = named("principalId", default="")


@dataclass(frozen=True)
class _Object(TypedJson):
    key: str
    version_id: str = named("versionId", default="")
    size: int = 0
    sequencer: str = ""
    etag: str = named("eTag", default="")


@dataclass(frozen=True)
class _Stored(TypedJson):
    bucket: BucketName
    object: _Object


@dataclass(frozen=True)
class _Record(TypedJson):
    event: str = named("eventName")
    time: str = named("eventTime")
    stored: _Stored = named("s3")  # noqa: RUF009
    identity: _Identity = named("userIdentity", default=_Identity())  # noqa: RUF009


@dataclass(frozen=True)
class _Notification(TypedJson):
    records: tuple[_Record, ...] = named("Records")


def is_notification(body: Mapping[str, Any]) -> bool:
    """True for a message of S3 itself."""
    return "Records" in body or body.get("Event") == TEST


def created(body: Mapping[str, Any], reader: str = "") -> tuple[ObjectCreated, ...]:
    """The created objects of a message; none for the message that tests the notification. Raises MalformedJsonError."""
    if body.get("Event") == TEST:
        return ()
    records = _Notification.from_json(body, reader).records
    return tuple(_read(record) for record in records if record.event.startswith(_CREATED))


def principal(stated: str) -> str:
    """The unique id as STS names the principal; empty where S3 states none of this form, as for the account itself."""
    found = _PRINCIPAL.fullmatch(stated)
    return found["id"] if found else ""


def _read(record: _Record) -> ObjectCreated:
    item = record.stored.object
    described = CreatedObject(unquote_plus(item.key), item.version_id, item.size, item.sequencer, item.etag)
    detail = ObjectCreatedDetail(record.stored.bucket, described)
    return ObjectCreated(detail, record.time, principal(record.identity.principal))
