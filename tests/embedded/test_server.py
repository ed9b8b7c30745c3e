"""The HTTP server before moto: kept connections, every way of sending a body, and nothing but the loopback."""

import http.client
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from embedded.cloud import AlreadyRunningError, Cloud
from embedded.port import PortTakenError, listen
from tests.embedded.conftest import World


@pytest.fixture
def connection(world: World) -> Iterator[http.client.HTTPConnection]:
    opened = http.client.HTTPConnection(urlsplit(world.cloud.endpoint_url).netloc, timeout=10)
    yield opened
    opened.close()


def ask(connection: http.client.HTTPConnection, method: str, path: str, **given: Any) -> None:
    scope = "embedded/20260101/us-east-1/s3/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"}
    connection.request(method, path, headers=headers, **given)


def answer(connection: http.client.HTTPConnection) -> tuple[int, bytes]:
    response = connection.getresponse()
    return response.status, response.read()


def test_one_connection_serves_many_requests(connection: http.client.HTTPConnection) -> None:
    ask(connection, "PUT", "/server-tests")
    assert answer(connection)[0] == 200
    kept = connection.sock
    ask(connection, "PUT", "/server-tests/key", body=b"one")
    assert answer(connection)[0] == 200
    ask(connection, "HEAD", "/server-tests/key")
    head = connection.getresponse()
    assert (head.status, head.headers["Content-Length"], head.read()) == (200, "3", b"")
    ask(connection, "GET", "/server-tests/key")
    assert answer(connection) == (200, b"one")
    ask(connection, "DELETE", "/server-tests/key")
    assert answer(connection) == (204, b"")
    ask(connection, "GET", "/server-tests/key")
    assert answer(connection)[0] == 404
    assert connection.sock is kept


def test_a_body_in_chunks_is_put_together(connection: http.client.HTTPConnection) -> None:
    ask(connection, "PUT", "/server-tests")
    answer(connection)
    ask(connection, "PUT", "/server-tests/chunks", body=iter([b"one,", b"two"]), encode_chunked=True)
    assert answer(connection)[0] == 200
    ask(connection, "GET", "/server-tests/chunks")
    assert answer(connection) == (200, b"one,two")


def test_a_client_that_asks_first_is_told_to_go_on(world: World) -> None:
    place = urlsplit(world.cloud.endpoint_url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as plain:
        plain.sendall(
            b"PUT /server-tests/asked HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
        )
        assert plain.recv(100).startswith(b"HTTP/1.1 100 Continue")
        plain.sendall(b"abc")
        assert plain.recv(100).startswith(b"HTTP/1.1 200")


def test_it_listens_at_the_loopback_only(world: World) -> None:
    assert urlsplit(world.cloud.endpoint_url).hostname == "127.0.0.1"


def test_a_taken_port_and_a_second_cloud_are_refused(world: World) -> None:
    port = urlsplit(world.cloud.endpoint_url).port or 0
    with pytest.raises(PortTakenError, match=f"cannot listen at 127.0.0.1:{port}"):
        listen(port)
    with pytest.raises(PortTakenError, match="choose another port"):
        listen(70000)
    with pytest.raises(AlreadyRunningError):
        Cloud.start()
