"""The HTTP server before moto: kept connections, every way of sending a body, and nothing but the loopback."""

import http.client
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from embedded.cloud import AlreadyRunningError, Cloud
from embedded.port import PortTakenError, listen
from tests.embedded.conftest import World


class Signing(http.client.HTTPConnection):
    """A connection with the keys by which its requests are signed."""

    keys: Credentials


@pytest.fixture
def connection(world: World) -> Iterator[Signing]:
    opened = Signing(urlsplit(world.cloud.endpoint_url).netloc, timeout=10)
    developer = world.cloud.context.access.developer
    opened.keys = Credentials(developer.access_key, developer.secret_key)
    yield opened
    opened.close()


def ask(connection: Signing, method: str, path: str, **given: Any) -> None:
    """Sends a signed request; the hash of a body in chunks is not known before."""
    body = given.get("body", b"")
    unsigned = {} if isinstance(body, bytes) else {"client_config": Config(s3={"payload_signing_enabled": False})}
    place = f"http://{connection.host}:{connection.port}"
    request = AWSRequest(method, f"{place}{path}", {}, body if isinstance(body, bytes) else b"")
    request.context |= unsigned
    S3SigV4Auth(connection.keys, "s3", "us-east-1").add_auth(request)
    connection.request(method, path, headers=dict(request.headers.items()), **given)


def answer(connection: http.client.HTTPConnection) -> tuple[int, bytes]:
    response = connection.getresponse()
    return response.status, response.read()


def test_one_connection_serves_many_requests(connection: Signing) -> None:
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


def test_a_body_in_chunks_is_put_together(connection: Signing) -> None:
    ask(connection, "PUT", "/server-tests")
    answer(connection)
    ask(connection, "PUT", "/server-tests/chunks", body=iter([b"one,", b"two"]), encode_chunked=True)
    assert answer(connection)[0] == 200
    ask(connection, "GET", "/server-tests/chunks")
    assert answer(connection) == (200, b"one,two")


def test_a_client_that_asks_first_is_told_to_go_on(world: World) -> None:
    place = urlsplit(world.cloud.endpoint_url)
    developer = world.cloud.context.access.developer
    request = AWSRequest("PUT", f"{world.cloud.endpoint_url}/server-tests/asked", {}, b"abc")
    S3SigV4Auth(Credentials(developer.access_key, developer.secret_key), "s3", "us-east-1").add_auth(request)
    signed = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=10) as plain:
        head = f"PUT /server-tests/asked HTTP/1.1\r\nHost: {place.netloc}\r\n{signed}"
        plain.sendall(f"{head}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n".encode())
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
