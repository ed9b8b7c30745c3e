"""Notices reach a real HTTP server in each format; one that is not taken is tried again and then kept."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
import pytest

from cloud import messaging
from functions.webhook import UnsentNoticeError, handler
from perennial.records import Notice
from perennial.webhooks import WebhookError


class Receiver(HTTPServer):
    """A server on loopback that keeps the bodies it is sent, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keep)
        self.bodies: list[dict] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook/geheim"


class _Keep(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Writes nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def secret(world, monkeypatch: pytest.MonkeyPatch):
    """`secret(text)` stores the secret that the function reads."""

    def store(text: str) -> None:
        made = boto3.client("secretsmanager").create_secret(Name="webhook", SecretString=text)
        monkeypatch.setenv("PERENNIAL_WEBHOOK_SECRET", made["ARN"])

    return store


def event(world, notice: Notice) -> dict:
    """The event by which SNS calls the function for a notice, from what it delivers to a queue."""
    messaging.notify_people(world.platform, notice)
    (message,) = boto3.client("sqs").receive_message(QueueUrl=world.inbox)["Messages"]
    body = json.loads(message["Body"])
    given = {name: body.get(name) for name in ("Subject", "Message", "MessageAttributes")}
    return {"Records": [{"EventSource": "aws:sns", "Sns": given}]}


NOTICE = Notice(subject="flights: failed (run-1)", text="The run failed.", severity="warning", key="run-1")


def test_a_notice_arrives_with_its_severity_and_key(world, context, receiver, secret):
    secret(json.dumps({"format": "pagerduty", "url": receiver.url, "routing_key": "key"}))
    assert handler(event(world, NOTICE), context) == {"sent": 1}
    (body,) = receiver.bodies
    assert (body["dedup_key"], body["payload"]["severity"]) == ("Perennial/run-1", "warning")


@pytest.mark.parametrize("kind", ["slack", "teams"])
def test_other_formats_arrive(world, context, receiver, secret, kind):
    secret(json.dumps({"format": kind, "url": receiver.url}))
    handler(event(world, NOTICE), context)
    assert "flights: failed (run-1)" in json.dumps(receiver.bodies)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_notice_that_is_not_taken_is_an_error_that_keeps_the_url_secret(world, context, receiver, secret, status):
    secret(json.dumps({"format": "slack", "url": receiver.url}))
    receiver.status = status
    with pytest.raises(UnsentNoticeError, match=f"answered {status}") as caught:
        handler(event(world, NOTICE), context)
    assert "geheim" not in str(caught.value)
    assert len(receiver.bodies) == 1  # no redirect is followed


def test_a_server_that_is_down_is_told_without_its_url(world, context, receiver, secret):
    receiver.shutdown()
    receiver.server_close()
    secret(json.dumps({"format": "slack", "url": receiver.url}))
    with pytest.raises(UnsentNoticeError, match="cannot be reached") as caught:
        handler(event(world, NOTICE), context)
    assert "geheim" not in str(caught.value)


def test_a_secret_that_is_no_webhook_is_told(world, context, secret):
    secret("nonsense")
    with pytest.raises(WebhookError, match="not JSON"):
        handler(event(world, NOTICE), context)
