"""A load generator: a closed loop of keep-alive connections; each sends its next request after its answer.

One thread and plain sockets, so that it uses little time beside the server: `python -m bench.serving.load JOB`, where
JOB is JSON of `Job`; the metrics are printed as JSON. Only answers with status 200 count; any other raises an error.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Job:
    """The load: the file's bytes as the body, over `connections` connections, for `seconds` after the warm-up."""

    port: int
    path: str
    kind: str
    body: str
    connections: int
    seconds: float
    warm_up: float = 1.0

    def as_json(self) -> str:
        return json.dumps(asdict(self))


class Connection:
    """One keep-alive connection and the answer that it is receiving."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request
        self._read = b""
        self.sent = 0.0

    def send(self) -> None:
        """Sends the next request."""
        self.sent = time.perf_counter()
        self.socket.sendall(self._request)

    def has_answer(self) -> bool:
        """Reads the available bytes. Raises ConnectionError for a status other than 200, or a closed connection."""
        more = self.socket.recv(1 << 18)
        if not more:
            raise ConnectionError("the server closed the connection")
        self._read += more
        head, found, body = self._read.partition(b"\r\n\r\n")
        if not found:
            return False
        if not head.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
            raise ConnectionError(self._read[:400].decode(errors="replace"))
        lines = head.lower().split(b"\r\ncontent-length:")
        if len(lines) < 2:
            raise ConnectionError("an answer without a length")
        if len(body) < int(lines[1].split(b"\r\n")[0]):
            return False
        self._read = b""
        return True


def run(job: Job) -> dict[str, Any]:
    """Latencies in seconds: p50, p99, mean, and answers per second."""
    body = Path(job.body).read_bytes()
    head = f"POST {job.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {job.kind}\r\nAccept: application/json\r\n"
    request = head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    connections = [Connection(job.port, request) for _ in range(job.connections)]
    _loop(connections, job.warm_up)
    began = time.perf_counter()
    taken = sorted(_loop(connections, job.seconds))
    elapsed = time.perf_counter() - began
    for connection in connections:
        connection.socket.close()
    places = {"p50": 0.5, "p99": 0.99}
    metrics = {name: taken[min(len(taken) - 1, int(share * len(taken)))] for name, share in places.items()}
    metrics["mean"] = sum(taken) / len(taken)
    return {**metrics, "throughput": len(taken) / elapsed, "requests": len(taken)}


def _loop(connections: list[Connection], seconds: float) -> list[float]:
    """Sends requests until the time is up, then receives the answers that are still due."""
    taken: list[float] = []
    end = time.perf_counter() + seconds
    with selectors.DefaultSelector() as waiting:
        for connection in connections:
            waiting.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        asking = len(connections)
        while asking:
            for key, _ in waiting.select(60):
                connection = key.data
                if connection.has_answer():
                    now = time.perf_counter()
                    taken.append(now - connection.sent)
                    if now < end:
                        connection.send()
                    else:
                        asking -= 1
    return taken


if __name__ == "__main__":
    print(json.dumps(run(Job(**json.loads(sys.argv[1])))))
