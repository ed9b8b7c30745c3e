"""Capture records: the JSON lines that an endpoint's data capture writes, read back into requests and answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


class CaptureError(ValueError):
    """A capture record is malformed, or its data cannot be decoded."""


class NoRequestError(CaptureError):
    """The record has an answer only: the endpoint captures no requests."""


@dataclass(frozen=True)
class Request:
    """A request as the server received it, and the server's answer, if it was captured.

    `event` is SageMaker's id of the invocation, `inference` the caller's, if the caller gave one.
    """

    content_type: str
    body: bytes
    at: datetime
    event: str
    inference: str | None = None
    answer_type: str = ""
    answer: bytes | None = None


def read(line: bytes) -> Request:
    """The request of one record. Raises CaptureError, for a record without a request NoRequestError.

    SageMaker writes a body as base64, or as text where the endpoint's CaptureContentTypeHeader names its content type.
    """
    try:
        record = json.loads(line)
        if "endpointInput" not in record["captureData"] and "endpointOutput" in record["captureData"]:
            raise NoRequestError("the endpoint captures answers only")
        given, metadata = record["captureData"]["endpointInput"], record["eventMetadata"]
        at = datetime.fromisoformat(metadata["inferenceTime"])
        answer = record["captureData"].get("endpointOutput")
        return Request(
            content_type=_text(given["observedContentType"]),
            body=_body(given),
            at=at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC),
            event=_text(metadata["eventId"]),
            inference=None if metadata.get("inferenceId") is None else _text(metadata["inferenceId"]),
            answer_type="" if answer is None else _text(answer["observedContentType"]),
            answer=None if answer is None else _body(answer),
        )
    except CaptureError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise CaptureError(f"the line is no capture record: {type(error).__name__}") from None


def _text(value: Any) -> str:
    """The value as text. Raises UnicodeEncodeError for half of a character, such as JSON's "\\ud800"."""
    text = str(value)
    text.encode()
    return text


def _body(side: Mapping[str, Any]) -> bytes:
    data = str(side["data"])
    is_base64 = str(side.get("encoding", "")).upper() == "BASE64"
    return base64.b64decode(data, validate=True) if is_base64 else data.encode()
