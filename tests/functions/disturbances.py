"""Disturbances of a function's calls to AWS, beneath the real clients: its process ends, a response is lost, a call is
made twice, AWS refuses for a while.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError
from moto.core.botocore_stubber import BotocoreStubber

from cloud.ledger import Ledger
from cloud.platform import client

How = Literal["killed", "lost", "twice"]
SERVICES = (
    *("application-autoscaling", "cloudwatch", "kms", "logs", "s3", "sagemaker", "sagemaker-runtime"),
    *("sns", "sqs", "stepfunctions"),
)


class KilledError(BaseException):
    """The end of the function's process: no handler of errors sees it."""


class _Disturbance:
    """Counts the calls, and disturbs one of them."""

    def __init__(self, which: int | str, how: How) -> None:
        self.calls: list[str] = []
        self.dead = False
        self._which, self._how, self._lock = which, how, threading.Lock()

    def begin(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        if self.dead:
            raise KilledError("a dead process makes no call")
        with self._lock:
            self.calls.append(model.name)
            context["disturbed"] = self._which in (len(self.calls), model.name)

    def answered(self, request_dict: dict[str, Any], attempts: int, **_: Any) -> int | None:
        """The seconds after which botocore sends the request again; None for no second time."""
        if not request_dict["context"].get("disturbed"):
            return None
        if self._how == "lost":
            raise ConnectionClosedError(endpoint_url=request_dict["url"])
        return 0 if self._how == "twice" and attempts == 1 else None

    def end(self, model: Any, context: dict[str, Any], **_: Any) -> None:
        if self._how == "killed" and context.get("disturbed"):
            self.dead = True
            raise KilledError(model.name)


@contextmanager
def disturbed(ledger: Ledger, which: int | str, how: How = "killed") -> Iterator[list[str]]:
    """Disturbs the call of that number, or of that operation; gives the operations called. Number 0 disturbs none.

    killed: the process ends after the call, and makes no other. lost: the call is done, and each of its responses is
    lost, so that the client raises an error. twice: the first response is lost, and the client sends the call again.
    """
    found = _Disturbance(which, how)
    watched = [client(service).meta.events for service in SERVICES] + [ledger.table.meta.client.meta.events]
    handlers = {"before-call": found.begin, "needs-retry": found.answered, "after-call": found.end}
    for events in watched:
        for name, handler in handlers.items():
            events.register_first(name, handler, unique_id=f"disturbance {name}")
    try:
        yield found.calls
    finally:
        for events in watched:
            for name in handlers:
                events.unregister(name, unique_id=f"disturbance {name}")
    if found.dead:  # in a thread whose exception nobody looked at
        raise KilledError("the process ended")


class Body(io.BytesIO):
    """The body of a response, as urllib3 reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


@contextmanager
def answered(answer: Callable[[str, Any], AWSResponse | None]) -> Iterator[None]:
    """Lets `answer(event name, request)` answer the requests of all clients before moto sees them; None leaves them."""
    of_moto = BotocoreStubber.__call__

    def call(stubber: BotocoreStubber, event_name: str, request: Any, **more: Any) -> Any:
        return answer(event_name, request) or of_moto(stubber, event_name, request, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BotocoreStubber, "__call__", call)
        yield


@contextmanager
def refused(operation: str, times: int, status: int, body: str) -> Iterator[list[str]]:
    """Answers an operation that many times with a status and a body, and then lets it through; gives the refusals.

    `operation`: a service and an operation, for example `s3.PutObject`. The retries are those of the clients, and do
    not sleep.
    """
    seen: list[str] = []

    def answer(event_name: str, request: Any) -> AWSResponse | None:
        if event_name != f"before-send.{operation}" or len(seen) >= times:
            return None
        seen.append(operation)
        return AWSResponse(request.url, status, {}, Body(body.encode()))

    with answered(answer), pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.endpoint.time.sleep", lambda _: None)
        yield seen
