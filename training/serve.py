"""The inference server: a WSGI app, the same in SageMaker's container and on a laptop.

    GET  /ping           200 once the model is loaded and has proved itself, 503 with the reason otherwise
    POST /invocations    rows in, predictions out

gunicorn asks this module for `app`; only then is the model loaded.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from training.model import Model
from training.negotiation import NotAcceptableError, UnsupportedTypeError, accepted, content_type
from training.payloads import READERS, PayloadError, Schema, rows_of_csv
from training.predictions import Predictions

MOST_BYTES = 6 * 1024**2
_WRITERS: dict[str, Callable[[Predictions], str]] = {
    "application/json": Predictions.as_json,
    "text/csv": Predictions.as_csv,
    "application/jsonlines": Predictions.as_jsonlines,
}
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


@dataclass
class Answer:
    """A response, and what the log says of it."""

    status: HTTPStatus
    body: str
    kind: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)


class App:
    """One loaded model behind WSGI. Where loading fails, it lives on to say why, and serves nothing."""

    def __init__(self, folder: Path, version: str | None = None, digest: str | None = None) -> None:
        """`version` and `digest` say which model the endpoint was made for; another one is not served."""
        started = time.perf_counter()
        self.model: Model | None = None
        self.fault = ""
        try:
            model = Model.load(folder, digest or (version or "").partition("@")[2] or None)
            golden = model.check_golden()
        except Exception as error:  # noqa: BLE001  (whatever a broken model raises, /ping must be able to say it)
            self.fault = f"{type(error).__name__}: {error}"
            self.version = version or "none"
            _log({"event": "load", "ok": False, "model": self.version, "reason": self.fault})
            return
        self.model = model
        self.version = version or f"{model.manifest['model']}@{model.digest[:12]}"
        self.schema = _schema(model)
        seconds = round(time.perf_counter() - started, 3)
        _log({"event": "load", "ok": True, "model": self.version, "golden_rows": golden, "seconds": seconds})

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        started = time.perf_counter()
        answer = self._answer(environ)
        content = answer.body.encode()
        charset = "; charset=utf-8" if answer.kind == "text/csv" else ""
        headers = [
            ("Content-Type", answer.kind + charset),
            ("Content-Length", str(len(content))),
            ("X-Amzn-SageMaker-Custom-Attributes", f"model={self.version}"),
            *answer.headers,
        ]
        start_response(f"{answer.status.value} {answer.status.phrase}", headers)
        if environ.get("PATH_INFO") != "/ping":
            self._log_request(environ, answer, started)
        return [content]

    def _answer(self, environ: Mapping[str, Any]) -> Answer:
        route = _ROUTES.get(str(environ.get("PATH_INFO", "")))
        if route is None:
            return _refusal(HTTPStatus.NOT_FOUND, f"there is nothing here; expected {' or '.join(_ROUTES)}")
        method, handle = route
        if environ["REQUEST_METHOD"] != method:
            answer = _refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"expected {method}")
            answer.headers = [("Allow", method)]
            return answer
        if self.model is None:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"the model is not served: {self.fault}")
        try:
            return handle(self, environ)
        except Exception as error:  # noqa: BLE001  (ours: what a caller can get wrong is a PayloadError)
            _log({"event": "error", "model": self.version, "reason": f"{type(error).__name__}: {error}"})
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "the model failed on these rows; see the endpoint's log")

    def ping(self, environ: Mapping[str, Any]) -> Answer:
        """The model is loaded and proved, or we would not be here."""
        return Answer(HTTPStatus.OK, json.dumps({"model": self.version}))

    def invoke(self, environ: Mapping[str, Any]) -> Answer:
        """Rows in, predictions out."""
        assert self.model is not None
        try:
            kind, parameters = content_type(environ.get("CONTENT_TYPE") or "")
            answer_kind = accepted(environ.get("HTTP_ACCEPT") or "")
        except UnsupportedTypeError as error:
            return _refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error))
        except NotAcceptableError as error:
            return _refusal(HTTPStatus.NOT_ACCEPTABLE, str(error))
        body = _body(environ)
        if body is None:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request holds at most {MOST_BYTES} bytes")
        try:
            header = {"present": True, "absent": False}.get(parameters.get("header", ""))
            text = _decoded(body)
            rows = rows_of_csv(text, self.schema, header) if kind == "text/csv" else READERS[kind](text, self.schema)
        except PayloadError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, str(error), error.row, error.field)
        predictions = self.model.predict(rows)
        return Answer(HTTPStatus.OK, _WRITERS[answer_kind](predictions), answer_kind, notes={"rows": len(predictions)})

    def _log_request(self, environ: Mapping[str, Any], answer: Answer, started: float) -> None:
        """One line per request, without what was in it."""
        line = {
            "event": "request",
            "model": self.version,
            "path": str(environ.get("PATH_INFO", ""))[:80],
            "status": answer.status.value,
            "milliseconds": round(1000 * (time.perf_counter() - started), 3),
            "type": str(environ.get("CONTENT_TYPE") or "")[:80],
            "answer": answer.kind,
            **answer.notes,
        }
        inference = environ.get("HTTP_X_AMZN_SAGEMAKER_INFERENCE_ID")
        _log({**line, "inference_id": inference} if inference else line)


_ROUTES: dict[str, tuple[str, Callable[[App, Mapping[str, Any]], Answer]]] = {
    "/ping": ("GET", App.ping),
    "/invocations": ("POST", App.invoke),
}


def _schema(model: Model) -> Schema:
    ignored = frozenset(model.manifest.get("ignored", ()))
    return Schema(model.features, ignored, tuple(model.manifest.get("null_marks", ("",))))


def _body(environ: Mapping[str, Any]) -> bytes | None:
    """The whole body, None where it is too large. Without a length only a chunked body is read: there is no other."""
    length = str(environ.get("CONTENT_LENGTH") or "")
    if length.isascii() and length.isdigit():
        if int(length[:20]) > MOST_BYTES:
            return None
        return bytes(environ["wsgi.input"].read(int(length)))
    if "chunked" not in str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower():
        return b""
    content = bytes(environ["wsgi.input"].read(MOST_BYTES + 1))
    return content if len(content) <= MOST_BYTES else None


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PayloadError(f"the body is not UTF-8: {error.reason} at byte {error.start}") from None


def _refusal(status: HTTPStatus, sentence: str, row: int | None = None, name: str | None = None) -> Answer:
    content = {"error": sentence, "row": row, "field": name}
    # In ASCII, because what is wrong with a request may be that no UTF-8 can hold it.
    return Answer(status, json.dumps(content), notes={"reason": status.phrase})


def _log(line: Mapping[str, Any]) -> None:
    print(json.dumps(line), file=sys.stdout, flush=True)


@cache
def _app() -> App:
    folder = os.environ.get("SM_MODEL_DIR") or "/opt/ml/model"
    version = os.environ.get("PERENNIAL_MODEL_VERSION") or None
    return App(Path(folder), version, os.environ.get("PERENNIAL_MODEL_DIGEST") or None)


def __getattr__(name: str) -> App:
    """`training.serve:app`, made when a server first asks for it, so that importing this module loads nothing."""
    if name == "app":
        return _app()
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
