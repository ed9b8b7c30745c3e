"""Connections to one container, kept open between requests."""

import http.client
import threading
from dataclasses import dataclass

LONGEST = 60.0  # seconds that an invocation may take, by InvokeEndpoint's rule


class UnreachableError(Exception):
    """The server did not answer; the message says why."""


@dataclass(frozen=True)
class Reply:
    """What the container answered."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connections:
    """HTTP to a port of this machine; from many threads, one connection for each request under way."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._closed = False

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str], longest: float = LONGEST) -> Reply:
        """One exchange. Raises UnreachableError when there is no answer within `longest` seconds."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is not None:
            try:
                return self._exchange(connection, method, path, body, headers)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                pass  # an idle connection that the server has closed meanwhile: once more on a new one
            except (OSError, http.client.HTTPException) as error:
                raise UnreachableError(f"{type(error).__name__}: {error}") from error
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=longest)
        try:
            return self._exchange(connection, method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"{type(error).__name__}: {error}") from error

    def close(self) -> None:
        """Closes those that are idle, and from now on each as soon as it is."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _exchange(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> Reply:
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            reply = Reply(answer.status, dict(answer.getheaders()), answer.read())
        except BaseException:
            connection.close()
            raise
        with self._lock:
            kept = connection.sock is not None and not self._closed  # else the server asked to close it
            if kept:
                self._idle.append(connection)
        if not kept:
            connection.close()
        return reply
