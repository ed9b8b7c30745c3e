"""The cost of the server alone: an app that reads the body and always gives the same answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

_BODY = b'{"predictions": [{"label": false, "probability": 0.12345678901234567}]}'


def app(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The WSGI app."""
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(_BODY)))])
    return [_BODY]
