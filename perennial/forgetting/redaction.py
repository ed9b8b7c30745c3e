"""Takes a subject's values out of texts and JSON documents that are kept: verdicts, results, records of the ledger."""

from __future__ import annotations

import json
from typing import Any

from perennial.forgetting import contents
from perennial.forgetting.tracing import Tracer


def redacted(body: bytes, tracer: Tracer) -> bytes:
    """The document with MARK in place of the subject's values, and without its rows; the same bytes where none is.

    Numbers in JSON stay: they are not told from other numbers.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return body
    return redacted_text(text, tracer).encode()


def redacted_text(text: str, tracer: Tracer) -> str:
    """The same for a text, which may be JSON or JSON lines."""
    documents = contents.documents(text)
    if documents is None:
        return tracer.redacted(text)
    cleaned = [_without(document, tracer) for document in documents]
    if cleaned == documents:
        return text
    return "\n".join(json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in cleaned)


def _without(document: Any, tracer: Tracer) -> Any:
    if isinstance(document, str):
        return tracer.redacted(document)
    if isinstance(document, list):
        return [_without(item, tracer) for item in document if not tracer.is_row(item)]
    if isinstance(document, dict):
        return {tracer.redacted(name): _without(value, tracer) for name, value in document.items()}
    return document
