"""The inference server: a WSGI app, the same in SageMaker's container and on a laptop.

    GET  /ping           200 once the model is loaded and reproduces its golden rows, 503 with the reason otherwise
    POST /invocations    rows in, predictions out
    GET  /openapi.json   the description of requests and responses

gunicorn takes `app` from this module; only then is the model loaded.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from perennial.contract import requests, signed
from perennial.contract.fields import PayloadError
from perennial.contract.parquet import MOST_CELLS
from perennial.contract.requests import PARQUET, UnsupportedTypeError, content_type
from perennial.contract.schema import Rows, Schema
from perennial.contract.signed import SignatureError
from training.artifact import ArtifactError
from training.payloads.answers import WRITERS, Answer, RefusedError, body_of, refusal, wants_explanation
from training.payloads.inputs import Inputs
from training.payloads.negotiation import NotAcceptableError, accepted
from training.predictions import Predictions
from training.served import Served

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
# Clients send the same few headers with each request.
_content_type, _accepted = lru_cache(256)(content_type), lru_cache(256)(accepted)
# errors whose messages hold no values of rows
_PLAIN = (ArtifactError, SignatureError, ImportError, OSError)


class App:
    """One loaded model behind WSGI. If loading fails, it answers every request with the reason."""

    def __init__(
        self,
        folder: Path,
        version: str | None = None,
        digest: str | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`version` and `digest` are those of the model that the endpoint was made for; another model is not served.

        `settings`: the signed statement about that model with signature and key, which are verified first;
        PERENNIAL_OUT_OF_CONTRACT and PERENNIAL_REVEAL, which override the manifest's; those of
        `training.payloads.inputs`.
        """
        started = time.perf_counter()
        self.model: Served | None = None
        self.fault, self.version = "", version or "none"
        try:
            self._inputs = Inputs.of(settings or {})
            policy = (settings or {}).get("PERENNIAL_OUT_OF_CONTRACT") or None
            reveal = (settings or {}).get("PERENNIAL_REVEAL") or None
            model = Served(folder, _expected(version, digest, settings or {}), policy, reveal)
            golden = model.check_golden()
        except Exception as error:  # noqa: BLE001  (whatever a broken model raises, /ping must be able to say it)
            plain = isinstance(error, _PLAIN)
            self.fault = f"{type(error).__name__}: {error}" if plain else f"{type(error).__name__} at {_place(error)}"
            _log({"event": "load", "ok": False, "model": self.version, "reason": self.fault})
        else:
            self.model = model
            self.version = version or f"{model.manifest['model']}@{model.digest[:12]}"
            seconds = round(time.perf_counter() - started, 3)
            line = {"event": "load", "ok": True, "model": self.version, "golden_rows": golden, "seconds": seconds}
            _log(line | {"path": model.path})
        bound = "" if self.model is None or self.model.reveal == "all" else f",reveal={self.model.reveal}"
        self._named = ("X-Amzn-SageMaker-Custom-Attributes", f"model={self.version}{bound}")

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        started = time.perf_counter()
        answer = self._answer(environ)
        content = answer.body.encode()
        kind = answer.kind + "; charset=utf-8" if answer.kind == "text/csv" else answer.kind
        headers = [("Content-Type", kind), ("Content-Length", str(len(content))), self._named, *answer.headers]
        start_response(f"{answer.status.value} {answer.status.phrase}", headers)
        if environ.get("PATH_INFO") != "/ping":
            self._log_request(environ, answer, started)
        return [content]

    def _answer(self, environ: Mapping[str, Any]) -> Answer:
        route = _ROUTES.get(environ.get("PATH_INFO", ""))
        if route is None:
            return refusal(HTTPStatus.NOT_FOUND, f"there is nothing here; expected {' or '.join(_ROUTES)}")
        method, handle = route
        if environ["REQUEST_METHOD"] != method:
            answer = refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"expected {method}")
            answer.headers = [("Allow", method)]
            return answer
        if self.model is None:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, f"the model is not served: {self.fault}")
        try:
            return handle(self, self.model, environ)
        except PayloadError as error:
            answer = refusal(HTTPStatus.BAD_REQUEST, str(error), error.row, error.field)
            answer.notes["invalid"] = 1
        except RefusedError as error:
            answer = refusal(error.status, str(error))
        except UnsupportedTypeError as error:
            answer = refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(error))
        except NotAcceptableError as error:
            answer = refusal(HTTPStatus.NOT_ACCEPTABLE, str(error))
        except Exception as error:  # noqa: BLE001  (ours: what a caller can get wrong is a PayloadError)
            _log({"event": "error", "model": self.version, "reason": type(error).__name__, "place": _place(error)})
            sentence = "the model failed on these rows; see the endpoint's log"
            answer = refusal(HTTPStatus.INTERNAL_SERVER_ERROR, sentence)
        return answer

    def ping(self, model: Served, environ: Mapping[str, Any]) -> Answer:
        """Answers 200: the model is loaded and its golden rows are reproduced."""
        return Answer(HTTPStatus.OK, json.dumps({"model": self.version}))

    def describe(self, model: Served, environ: Mapping[str, Any]) -> Answer:
        """Answers with the OpenAPI description in the model's folder."""
        return Answer(HTTPStatus.OK, (model.folder / "openapi.json").read_text(encoding="utf-8"))

    def invoke(self, model: Served, environ: Mapping[str, Any]) -> Answer:
        """Answers rows with predictions."""
        kind, parameters = _content_type(environ.get("CONTENT_TYPE") or "")
        answer_kind = _accepted(environ.get("HTTP_ACCEPT") or "")
        rows = _rows(body_of(environ), kind, parameters, model.schema)
        _check_answer(rows, model)
        predictions = model.predict(rows)
        notes = _metrics(predictions, rows)
        kept = self._inputs.line(rows)
        if kept is not None:
            answers = predictions.entries()[: len(kept["rows"])]
            _log({"event": "inputs", "model": self.version, **_inference(environ), **kept, "answers": answers})
        if wants_explanation(environ):
            predictions = model.explain(rows, predictions)
        return Answer(HTTPStatus.OK, WRITERS[answer_kind](model.answer(predictions)), answer_kind, notes=notes)

    def _log_request(self, environ: Mapping[str, Any], answer: Answer, started: float) -> None:
        """Logs one line per request, without its values."""
        line = {
            "event": "request",
            "model": self.version,
            "path": environ.get("PATH_INFO", "")[:80],
            "status": answer.status.value,
            "milliseconds": round(1000 * (time.perf_counter() - started), 3),
            "type": (environ.get("CONTENT_TYPE") or "")[:80],
            "answer": answer.kind,
            **answer.notes,
        }
        _log({**line, **_inference(environ)})


_ROUTES: dict[str, tuple[str, Callable[[App, Served, Mapping[str, Any]], Answer]]] = {
    "/ping": ("GET", App.ping),
    "/invocations": ("POST", App.invoke),
    "/openapi.json": ("GET", App.describe),
}


def _expected(version: str | None, digest: str | None, settings: Mapping[str, str]) -> str | None:
    """The digest that the files must make, or its beginning: of the signed statement, where there is one.

    Raises SignatureError for a statement that is not signed, or is about another model than the endpoint's.
    """
    statement = signed.verified(settings)
    if statement is None:
        return digest or (version or "").partition("@")[2] or None
    if statement.version != version or digest not in (None, statement.digest):
        raise SignatureError(
            f"the signed statement is about {statement.version} ({statement.digest[:12]}), the endpoint was made for "
            f"{version} ({(digest or '')[:12]}); next: perennial rollback {statement.model}"
        )
    return statement.digest


def _rows(body: bytes, kind: str, parameters: Mapping[str, str], schema: Schema) -> Rows:
    if kind == PARQUET:
        from training.payloads.parquet import rows_of_parquet  # with pyarrow, which most servers never need

        return rows_of_parquet(body, schema)
    return requests.read(body, kind, parameters, schema)


def _check_answer(rows: Rows, model: Served) -> None:
    """Raises PayloadError for rows whose answers would hold too many numbers."""
    classes = len(model.manifest["classes"] or ())
    if model.manifest["problem"] == "multiclass" and rows.count * classes > MOST_CELLS:
        raise PayloadError(f"{rows.count} rows of {classes} probabilities; at most {MOST_CELLS} are answered")


def _inference(environ: Mapping[str, Any]) -> dict[str, str]:
    """The inference id of the request, by which the caller finds the prediction again."""
    given = environ.get("HTTP_X_AMZN_SAGEMAKER_INFERENCE_ID")
    return {"inference_id": given} if given else {}


def _metrics(predictions: Predictions, rows: Rows) -> dict[str, Any]:
    """The members of the log line about a response: rows, those beyond the contract, and the sum of the scores."""
    notes: dict[str, Any] = {"rows": rows.count, "invalid": rows.invalid}
    if rows.beyond:
        notes["out_of_contract"] = rows.beyond
    if predictions.problem != "multiclass":
        notes |= {"score_sum": float(predictions.values.sum()), "score_count": rows.count}
    return notes


def _place(error: BaseException) -> str:
    """The line at which an error was raised. Its message may hold values of the request."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def _log(line: Mapping[str, Any]) -> None:
    """Writes a line in one call, so that the lines of two workers do not mix."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


@cache
def _app() -> App:
    folder = os.environ.get("SM_MODEL_DIR") or "/opt/ml/model"
    version = os.environ.get("PERENNIAL_MODEL_VERSION") or None
    return App(Path(folder), version, os.environ.get("PERENNIAL_MODEL_DIGEST") or None, os.environ)


def __getattr__(name: str) -> App:
    """Makes `training.serve:app` on first access, so that importing this module loads nothing."""
    if name == "app":
        return _app()
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
