"""The Lambda Runtime API of one execution environment.

See https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Each process has a listening port of its own and a
random token in front of each path, which authenticates it: the protocol has no signatures.
"""

import asyncio
import hmac
import re
import secrets
import time
from dataclasses import dataclass, field

from embedded.lambdas.result import InvocationResult

_PREFIX = "/2018-06-01/runtime/"
_RESULT = re.compile(re.escape(_PREFIX) + r"invocation/([^/]+)/(response|error)$")
_EVENT_LIMIT = 8 * 1024 * 1024


@dataclass
class Invocation:
    """One invocation; `result` is set once."""

    request_id: str
    event: bytes
    arn: str
    timeout: float
    trace_id: str
    result: asyncio.Future[InvocationResult]
    delivered: asyncio.Event = field(default_factory=asyncio.Event)

    def complete(self, result: InvocationResult) -> None:
        """Sets the result unless it is set."""
        if not self.result.done():
            self.result.set_result(result)


class RuntimeApi:
    """Serves one function process; all methods run on the event loop."""

    def __init__(self) -> None:
        self._token = secrets.token_urlsafe(32)
        self._queue: asyncio.Queue[Invocation] = asyncio.Queue()
        self._current: Invocation | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.ready = asyncio.Event()
        self.init_error: bytes | None = None

    async def start(self) -> str:
        """Listens; returns "127.0.0.1:PORT/TOKEN"."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_EVENT_LIMIT)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}/{self._token}"

    def close(self) -> None:
        """Stops listening, and ends the connections: one that waits for an event would wait for good."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()

    def enqueue(self, invocation: Invocation) -> None:
        """Adds an event for the process."""
        self._queue.put_nowait(invocation)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None, "a server's callback runs in a task"
        self._connections.add(connection)
        try:
            while request := await reader.readline():
                method, path, _ = request.decode("latin-1").split(" ", 2)
                path = self._admitted(path)  # before the body: a request without the token costs little
                writer.write(await self._answer(method, path, await _body(reader)))
                await writer.drain()
        except PermissionError:
            writer.write(_reply("403 Forbidden", b'{"errorType":"Forbidden"}', {"Connection": "close"}))
        except (ConnectionError, ValueError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the process has ended, or this is no HTTP
        finally:
            self._connections.discard(connection)
            writer.close()

    def _admitted(self, path: str) -> str:
        """The path behind the token. Raises PermissionError for another token, or none."""
        token, rest = path[1 : 1 + len(self._token)], path[1 + len(self._token) :]
        if not hmac.compare_digest(token.encode("latin-1"), self._token.encode()):
            raise PermissionError
        return rest

    async def _answer(self, method: str, path: str, body: bytes) -> bytes:
        if (method, path) == ("GET", _PREFIX + "invocation/next"):
            return await self._next()
        if (method, path) == ("POST", _PREFIX + "init/error"):
            self.init_error = body
            self.ready.set()
            return _reply("202 Accepted", b'{"status":"OK"}')
        result = _RESULT.match(path)
        if method == "POST" and result and self._current and self._current.request_id == result[1]:
            failed = result[2] == "error"
            self._current.complete(InvocationResult(body, "Unhandled" if failed else None))
            return _reply("202 Accepted", b'{"status":"OK"}')
        return _reply(
            "403 Forbidden", b'{"errorType":"InvalidStateTransition","errorMessage":"State transition is not allowed"}'
        )

    async def _next(self) -> bytes:
        self.ready.set()
        self._current = invocation = await self._queue.get()
        invocation.delivered.set()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + invocation.timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        return _reply("200 OK", invocation.event, headers)


async def _body(reader: asyncio.StreamReader) -> bytes:
    headers: dict[str, str] = {}
    while (line := await reader.readline()) not in (b"\r\n", b"\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    return await reader.readexactly(int(headers.get("content-length", "0")))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readline()
    await reader.readline()
    return b"".join(parts)


def _reply(status: str, body: bytes, headers: dict[str, str] | None = None) -> bytes:
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body))} | (headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body
