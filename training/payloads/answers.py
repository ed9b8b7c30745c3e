"""Requests and responses of the server, in WSGI's terms."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from training.predictions import Predictions

MOST_BYTES = 6 * 1024**2
WRITERS: dict[str, Callable[[Predictions], str]] = {
    "application/json": Predictions.as_json,
    "text/csv": Predictions.as_csv,
    "application/jsonlines": Predictions.as_jsonlines,
}


@dataclass
class Answer:
    """A response, and its line in the log."""

    status: HTTPStatus
    body: str
    kind: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)


class RefusedError(Exception):
    """A request that is refused with a status and a sentence."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def refusal(status: HTTPStatus, sentence: str, row: int | None = None, name: str | None = None) -> Answer:
    """A response with the fault and its place."""
    content = {"error": sentence, "row": row, "field": name}
    # In ASCII, because the fault may be text that UTF-8 cannot encode.
    return Answer(status, json.dumps(content), notes={"reason": status.phrase})


def body_of(environ: Mapping[str, Any]) -> bytes:
    """The whole body. Without a length only a chunked body is read. Raises RefusedError."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit():
        # "0" * 30 + "9" is a length too, but no client sends it
        if len(length) > 20 or int(length) > MOST_BYTES:
            raise _too_large()
        content = bytes(environ["wsgi.input"].read(int(length)))
        if len(content) < int(length):
            raise RefusedError(HTTPStatus.BAD_REQUEST, "the body ended before its length was reached")
        return content
    if "chunked" not in str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower():
        return b""
    content = bytes(environ["wsgi.input"].read(MOST_BYTES + 1))
    if len(content) > MOST_BYTES:
        raise _too_large()
    return content


def _too_large() -> RefusedError:
    return RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request holds at most {MOST_BYTES} bytes")


def wants_explanation(environ: Mapping[str, Any]) -> bool:
    """True for `explain=true` in the custom attributes, which SageMaker forwards, or in the query."""
    asked = f"{environ.get('HTTP_X_AMZN_SAGEMAKER_CUSTOM_ATTRIBUTES') or ''}&{environ.get('QUERY_STRING') or ''}"
    if "explain" not in asked:
        return False
    for separator in ";,":
        asked = asked.replace(separator, "&")
    return any(part.strip().lower() in ("explain=true", "explain=1") for part in asked.split("&"))
