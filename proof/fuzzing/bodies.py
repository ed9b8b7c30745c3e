"""Bodies of requests: every content type, answered by the server of a trained model on its fast path."""

from __future__ import annotations

import io
import json
import tempfile
from functools import cache
from pathlib import Path

from perennial.contract.fields import PayloadError
from perennial.contract.requests import CSV, JSON, JSONLINES, PARQUET, UnsupportedTypeError
from proof.fuzzing.example import csv_of, frame, jsonl_of, model, parquet_of, rows, spec
from proof.fuzzing.harness import Harness
from training.payloads.answers import RefusedError
from training.payloads.negotiation import NotAcceptableError
from training.serve import App

_TYPES = (JSON, CSV, JSONLINES, PARQUET, f"{CSV}; header=present", f"{CSV}; header=absent")
_ACCEPTED = ("", CSV, JSONLINES, "*/*;q=0.5")
_JSON_WORDS = ('{"rows": [', '{"instances": [', '{"columns": {', "\\ud800", "NaN", "1e400", "[" * 70, "null", "true")


def answer(data: bytes) -> object:
    """Answers a request. Its first byte chooses the content type and what is accepted, the others are the body."""
    head, body = data[0] if data else 0, data[1:]
    kinds = len(_TYPES)
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/invocations",
        "CONTENT_TYPE": _TYPES[head % kinds],
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_ACCEPT": _ACCEPTED[head // kinds % len(_ACCEPTED)],
        "QUERY_STRING": "explain=true" if head >= 128 else "",
        "wsgi.input": io.BytesIO(body),
    }
    app = _app()
    if app.model is None or app.model.path != "fast":
        raise AssertionError(app.fault or "the model has no fast path")
    found = app.invoke(app.model, environ)
    return found.kind, found.body.encode()


@cache
def _app() -> App:
    folder = tempfile.TemporaryDirectory()
    app = App(model(Path(folder.name) / "ml"))
    _FOLDERS.append(folder)
    return app


_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []  # kept until the process ends


def _seeds() -> tuple[bytes, ...]:
    features = spec().features()
    given = [{name: row[name] for name in features} for row in rows(2)]
    typed = frame().head(3).select(features)
    explained = 128 + (-128 % len(_TYPES))  # JSON
    bodies = (
        (0, json.dumps(given[0])),
        (0, json.dumps({"rows": given})),
        (0, json.dumps({"columns": {name: [row[name] for row in given] for name in features}})),
        (explained, json.dumps([given[0]])),
        (1, ",".join(f'"{value.replace(chr(34), 2 * chr(34))}"' for value in given[1].values())),
        (1, typed.with_columns(typed["joined"].dt.to_string("%d/%m/%Y")).write_csv()),
        (2, "\n".join(json.dumps(list(row.values())) for row in given)),
    )
    return (
        *(bytes([head]) + body.encode() for head, body in bodies),
        bytes([3]) + parquet_of(typed),
        bytes([4]) + csv_of(2),
        bytes([2]) + jsonl_of(2),
    )


HARNESSES = {
    "bodies": Harness(
        answer,
        _seeds(),
        (PayloadError, RefusedError, UnsupportedTypeError, NotAcceptableError),
        words=(*_JSON_WORDS, '"', '""', "\r\n", "\ufeff", "NA", "nan", "inf", "9" * 20, "1,234 €", *spec().columns),
    ),
}
