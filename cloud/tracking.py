"""Reads what a tracking server is told of a run, and speaks HTTP with such a server."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import Retry, Timeout

from cloud import CloudError, s3
from cloud.ledger import Ledger, MissingRecordError
from cloud.platform import Platform
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.contract.part import ContractError
from perennial.former_keys import spec_with_current_keys, with_current_keys
from perennial.records import DatasetVersion, Run
from perennial.tracking.account import Account
from perennial.tracking.receiver import Receiver

_CONNECT, _READ = 5, 60  # seconds
_LONGEST = 300  # characters of a server's message that are shown


class TrackingError(CloudError):
    """A tracking server did not take a request. `code` is MLflow's error code, or ''."""

    def __init__(self, message: str, code: str = "", hint: str = "") -> None:
        super().__init__(message, hint)
        self.code = code


def account(platform: Platform, ledger: Ledger, run: Run) -> Account:
    """The account of a run so far. Raises MissingRecordError if the ledger has lost a record of its model."""
    version = ledger.version(run.version) if run.version else None
    used = run.trained_on or (version.datasets if version else ())
    return Account(
        environment=platform.environment,
        models_bucket=platform.models_bucket,
        run=run,
        spec=_spec(platform, run),
        evaluation=_document(platform, run, layout.EVALUATION),
        decision=_document(platform, run, layout.DECISION),
        version=version,
        read=_dataset(ledger, run.dataset),
        trained_on=tuple(found for name in used if (found := _dataset(ledger, name)) is not None),
        champion=ledger.champion(run.model),
    )


def _spec(platform: Platform, run: Run) -> ModelSpec | None:
    try:
        stored = s3.read_json(platform.models_bucket, layout.spec(run.model, run.spec_digest))
        return ModelSpec.from_json(spec_with_current_keys(stored))
    except (ContractError, s3.MissingObjectError):
        return None


def _document(platform: Platform, run: Run, name: str) -> dict[str, Any]:
    try:
        found = with_current_keys(s3.read_json(platform.models_bucket, layout.run(run.id, name)))
    except (s3.MissingObjectError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _dataset(ledger: Ledger, identity: str) -> DatasetVersion | None:
    try:
        return ledger.dataset(identity) if identity else None
    except MissingRecordError:
        return None


def call(receiver: Receiver, method: str, path: str, body: Any = None, query: dict[str, str] | None = None) -> Any:
    """Sends JSON, and gives the JSON of the answer, {} where it has no body. Raises TrackingError.

    No redirect is followed, because credentials go to the URL that they were given for.
    """
    content = None if body is None else json.dumps(body).encode()
    headers = receiver.headers | {"Content-Type": "application/json", "Accept": "application/json"}
    text = _request(receiver, method, path, {"body": content, "headers": headers, "fields": query})
    try:
        return json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        raise TrackingError(f"{receiver.url} answers {path} with something else than JSON") from None


def put_file(receiver: Receiver, path: str, file: Path) -> None:
    """Sends a file's bytes. Raises TrackingError."""
    with file.open("rb") as opened:
        size = str(file.stat().st_size)
        headers = receiver.headers | {"Content-Type": "application/octet-stream", "Content-Length": size}
        _request(receiver, "PUT", path, {"body": opened, "headers": headers})


def get_file(receiver: Receiver, path: str, file: Path, most: int) -> None:
    """Writes the bytes at a path to a file. Raises TrackingError, also for more than `most` bytes."""
    try:
        answer = _pool().request(
            "GET", f"{receiver.url}/{path}", headers=receiver.headers, redirect=False, preload_content=False
        )
        try:
            _check(receiver, path, answer.status, b"" if answer.status < 300 else answer.read(_LONGEST * 10))
            taken = 0
            with file.open("wb") as opened:
                for chunk in answer.stream(1 << 20):
                    taken += len(chunk)
                    if taken > most:
                        raise TrackingError(f"{receiver.url} answers {path} with more than {most:,} bytes")
                    opened.write(chunk)
        finally:
            answer.close()
    except HTTPError as error:
        raise _unreachable(receiver, error) from None


def _request(receiver: Receiver, method: str, path: str, given: dict[str, Any]) -> bytes:
    fields = given.pop("fields", None)
    given |= {"fields": fields} if fields else {}
    try:
        answer = _pool().request(method, f"{receiver.url}/{path}", redirect=False, **given)
    except HTTPError as error:
        raise _unreachable(receiver, error) from None
    _check(receiver, path, answer.status, answer.data)
    return bytes(answer.data)


def _check(receiver: Receiver, path: str, status: int, body: bytes) -> None:
    if status >= 300:
        code, message = _fault(body)
        raise TrackingError(f"{receiver.url} answered {status} to {path}: {message}", code)


def _unreachable(receiver: Receiver, error: HTTPError) -> TrackingError:
    message = f"{receiver.url} cannot be reached: {_cause(error)}"
    return TrackingError(message, hint=f"curl -sS {receiver.url}")


def _cause(error: HTTPError) -> str:
    reason = getattr(error, "reason", None) or error
    return type(reason).__name__ if not str(reason) else str(reason).split(": ", 1)[-1][:_LONGEST]


def _fault(body: bytes) -> tuple[str, str]:
    """The error code and the message in an answer, as MLflow gives them."""
    try:
        found = json.loads(body)
        return str(found.get("error_code", "")), " ".join(str(found.get("message", "")).split())[:_LONGEST]
    except (ValueError, AttributeError, RecursionError):
        return "", " ".join(body.decode(errors="replace").split())[:_LONGEST]


@cache
def _pool() -> urllib3.PoolManager:
    """One pool of connections. A request that is safe to repeat is sent three times."""
    retry = Retry(total=2, backoff_factor=0.5, status_forcelist=(429, 502, 503, 504), raise_on_status=False, redirect=0)
    return urllib3.PoolManager(retries=retry, timeout=Timeout(connect=_CONNECT, read=_READ))
