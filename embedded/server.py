"""The HTTP server before moto: loopback only, a thread per connection, connections kept alive.

werkzeug's own handler closes every connection and writes a reply in several packets; that costs about half of a call.
"""

import contextlib
import io
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from embedded.port import HOST, listen
from embedded.validation.requests import RequestCheck

DirectHandler = Callable[[str, dict[str, str], bytes], tuple[int, dict[str, str], bytes] | None]
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
        """Runs the application once; called by werkzeug for each request of the connection."""
        self._continue()
        environ = self.make_environ()
        environ["wsgi.input"] = io.BytesIO(self._body(environ))
        status, headers, body = _call(self.server.app, environ)
        self._reply(status, headers, body)

    def do_POST(self) -> None:  # noqa: N802 - the name http.server looks for
        """Answers InvokeEndpoint directly and passes other requests to moto; called by http.server."""
        direct: DirectHandler | None = self.server.direct  # type: ignore[attr-defined]
        length = self.headers.get("Content-Length")
        if direct is None or not self.path.startswith("/endpoints/"):
            self.run_wsgi()
            return
        self._continue()
        body = self.rfile.read(int(length)) if length else self._body(self.make_environ())
        answer = direct(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        if answer is None:
            answer = 404, {"Content-Type": "text/plain"}, b"There is no such operation of SageMaker's runtime here."
        status, headers, content = answer
        self._send(status, "", list(headers.items()), content)

    def _continue(self) -> None:
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()

    def _body(self, environ: dict[str, Any]) -> bytes:
        length = environ.get("CONTENT_LENGTH")
        if length:
            return self.rfile.read(int(length))
        if environ.get("wsgi.input_terminated"):  # chunked
            data: bytes = environ["wsgi.input"].read()
            environ["CONTENT_LENGTH"] = str(len(data))
            return data
        return b""

    def _reply(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        code, _, message = status.partition(" ")
        self._send(int(code), message, headers, body)

    def _send(self, code: int, message: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(code, message or None)
        named = {key.lower() for key, _ in headers}
        for key, value in headers:
            if key.lower() not in ("connection", "transfer-encoding"):
                self.send_header(key, value)
        bodiless = self.command == "HEAD" or code in (204, 304)
        if "content-length" not in named and not bodiless:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not bodiless:
            self.wfile.write(body)
        self.wfile.flush()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs nothing: the handlers have their own logs."""


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
    """moto behind one loopback port, served from threads of this process."""

    def __init__(self, port: int) -> None:
        application = RequestCheck(DomainDispatcherApplication(create_backend_app))
        self._socket = listen(port)  # bound here, because werkzeug prints and exits when the port is taken
        self._server: BaseWSGIServer = make_server(
            HOST, port, application, threaded=True, request_handler=KeepAliveHandler, fd=self._socket.fileno()
        )
        self._server.daemon_threads = True  # type: ignore[attr-defined]
        self._server.block_on_close = False  # type: ignore[attr-defined]
        self._server.connections = set()  # type: ignore[attr-defined]
        self._server.direct = None  # type: ignore[attr-defined]
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
        """Lets `direct` (path, headers in lower case, body) answer POST requests below /endpoints/ instead of moto."""
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
