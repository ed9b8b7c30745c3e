"""Capture records: the JSON lines that an endpoint's data capture writes, read back into requests."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime


class CaptureError(ValueError):
    """A capture record is malformed, or its data cannot be decoded."""


@dataclass(frozen=True)
class Request:
    """A request as the server received it."""

    content_type: str
    body: bytes
    at: datetime


def read(line: bytes) -> Request:
    """The request of one record. Raises CaptureError.

    SageMaker writes a body as base64, or as text where the endpoint's CaptureContentTypeHeader names its content type.
    """
    try:
        record = json.loads(line)
        given, at = (
            record["captureData"]["endpointInput"],
            datetime.fromisoformat(record["eventMetadata"]["inferenceTime"]),
        )
        data = str(given["data"])
        is_base64 = str(given.get("encoding", "")).upper() == "BASE64"
        body = base64.b64decode(data, validate=True) if is_base64 else data.encode()
        return Request(str(given["observedContentType"]), body, at)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CaptureError(f"the line is no capture record: {type(error).__name__}") from None
