"""The HTTP server before moto: loopback only, signed requests only, a thread per connection, connections kept alive.

werkzeug's own handler closes every connection and writes a reply in several packets; that costs about half of a call.
"""

import contextlib
import io
import logging
import socket
import threading
from collections.abc import Callable
from email.message import Message
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, DechunkedInput, make_server

from embedded.access import PRINCIPAL, Authenticator, DeniedError, Registry
from embedded.access.refusals import Answer
from embedded.permissions.authorizer import Authorizer
from embedded.permissions.calls import MODEL, outcome
from embedded.permissions.gate import Gate
from embedded.port import HOST, listen
from embedded.validation.parsing import CALL
from embedded.validation.requests import REFUSED, RequestCheck

DirectHandler = Callable[[str, dict[str, str], bytes, str], Answer | None]
DRAIN_BYTES = 16 * 2**20  # of a refused request's body that are read before the connection is closed
Headers = list[tuple[str, str]]
_NOT_SENT = ("connection", "transfer-encoding", "access-control-")  # no page of another origin can read a response
LOG = logging.getLogger(__name__)


class KeepAliveHandler(MotoRequestHandler):
    """Answers WSGI requests over HTTP/1.1: reads the whole request, sends the whole reply at once."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def setup(self) -> None:
        """Registers the connection, so that it is closed with the server."""
        super().setup()
        self.server.connections.add(self.connection)  # type: ignore[attr-defined]

    def finish(self) -> None:
        """Removes the connection."""
        self.server.connections.discard(self.connection)  # type: ignore[attr-defined]
        with contextlib.suppress(OSError):
            super().finish()

    def run_wsgi(self) -> None:
        """Answers one request of any method; called by werkzeug for each request of the connection."""
        headers = _joined(self.headers)
        authenticator: Authenticator = self.server.authenticator  # type: ignore[attr-defined]
        unread = True
        try:
            claim = authenticator.examine(self.command, self.path, headers)
            self._continue()
            body, unread = self._body(headers), False
            principal = authenticator.admit(claim, self.command, self.path, headers, body)
        except DeniedError as error:
            if unread:
                self._drain(headers)
            self._send(*authenticator.refusal(error, self.path, headers))
            return
        if claim.service == "sagemaker" and self.command == "POST" and self.path.startswith("/endpoints/"):
            self._send(*self._directly(headers, body, principal))
        else:
            self._send(*self._through_moto(body, principal))

    def _directly(self, headers: dict[str, str], body: bytes, principal: str) -> Answer:
        """The answer to a request that bypasses moto."""
        direct: DirectHandler | None = self.server.direct  # type: ignore[attr-defined]
        answer = direct(self.path, headers, body, principal) if direct is not None else None
        if answer is not None:
            lower = {name.lower(): value for name, value in answer[1].items()}
            self._count(principal, "sagemaker-runtime:InvokeEndpoint", outcome(answer[0], lower, answer[2]))
        missing = b"There is no such operation of SageMaker's runtime here."
        return answer or (404, {"Content-Type": "text/plain"}, missing)

    def _through_moto(self, body: bytes, principal: str) -> tuple[int, Headers, bytes]:
        """The answer of moto."""
        environ = self.make_environ()
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = io.BytesIO(body), str(len(body))
        environ[PRINCIPAL] = principal
        status, headers, content = _call(self.server.app, environ)
        call = environ.get(CALL)
        if call is not None:
            lower = {name.lower(): value for name, value in headers}
            found = MODEL if REFUSED in environ else outcome(int(status.partition(" ")[0]), lower, content)
            self._count(principal, f"{call.service.service_name}:{call.operation.name}", found)
        return int(status.partition(" ")[0]), headers, content

    def _count(self, principal: str, operation: str, found: str) -> None:
        self.server.calls.add(principal, operation, found)  # type: ignore[attr-defined]

    def _continue(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()

    def _body(self, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return DechunkedInput(self.rfile).read()  # type: ignore[arg-type]
        return self.rfile.read(int(headers.get("content-length") or 0))

    def _drain(self, headers: dict[str, str]) -> None:
        """Reads a refused request's body, so that its client receives the answer; then the connection is closed."""
        self.close_connection = True
        length = headers.get("content-length", "")
        if "expect" not in headers and length.isascii() and length.isdigit():
            left = min(int(length), DRAIN_BYTES)
            while left > 0 and (part := self.rfile.read(min(left, 65536))):
                left -= len(part)

    def _send(self, code: int, headers: Headers | dict[str, str], body: bytes) -> None:
        self.send_response(code)
        pairs = list(headers.items()) if isinstance(headers, dict) else headers
        for key, value in pairs:
            if not key.lower().startswith(_NOT_SENT):
                self.send_header(key, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        bodiless = self.command == "HEAD" or code in (204, 304)
        if not bodiless and all(key.lower() != "content-length" for key, _ in pairs):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs nothing: the handlers have their own logs."""


def _joined(headers: Message) -> dict[str, str]:
    """Headers by their names in lower case, without surplus space; those of one name are joined by commas."""
    joined: dict[str, str] = {}
    for name, value in headers.items():
        key, plain = name.lower(), " ".join(value.split())
        joined[key] = f"{joined[key]},{plain}" if key in joined else plain
    return joined


def _call(app: Any, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: object = None) -> Any:
        started.append((status, headers))
        return None

    try:
        parts = app(environ, start_response)
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
    except Exception:
        LOG.exception("moto failed at %s %s", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
        return "500 Internal Server Error", [("Content-Type", "text/plain")], b"The embedded cloud failed; see its log."
    status, headers = started[-1]
    return status, headers, body


class Server:
    """moto behind one loopback port, served from threads of this process to principals in `registry`."""

    def __init__(self, port: int, registry: Registry, authorizer: Authorizer) -> None:
        application = RequestCheck(Gate(DomainDispatcherApplication(create_backend_app), authorizer))
        self._socket = listen(port)  # bound here, because werkzeug prints and exits when the port is taken
        self._server: BaseWSGIServer = make_server(
            HOST, port, application, threaded=True, request_handler=KeepAliveHandler, fd=self._socket.fileno()
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._server.block_on_close = False  # type: ignore[attr-defined]
        self._server.connections = set()  # type: ignore[attr-defined]
        self._server.direct = None  # type: ignore[attr-defined]
        self._server.calls = authorizer.usage.calls  # type: ignore[attr-defined]
        self._server.authenticator = Authenticator(self.port, registry)  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="http", daemon=True)

    @property
    def endpoint_url(self) -> str:
        """http://127.0.0.1:PORT"""
        return f"http://{HOST}:{self._server.server_address[1]}"

    @property
    def port(self) -> int:
        """The port in use."""
        return int(self._server.server_address[1])

    def answer_directly(self, direct: DirectHandler) -> None:
        """Sets the function that answers POSTs below /endpoints/, given path, headers, body and principal."""
        self._server.direct = direct  # type: ignore[attr-defined]

    def start(self) -> None:
        """Starts to answer requests."""
        self._thread.start()

    def stop(self) -> None:
        """Closes all connections, also those with a request under way."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._server.connections):  # type: ignore[attr-defined]
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
