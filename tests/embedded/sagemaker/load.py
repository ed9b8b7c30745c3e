"""Run as a script: a steady stream of signed InvokeEndpoint requests, each sent when it is due, answered or not.

Usage: python load.py URL ENDPOINT RATE FILE, with the keys in the environment. Sends RATE requests a second over
connections kept open, each signed as boto3 signs, none repeated, until its standard input is closed. Then writes one
JSON line per request to FILE:
[due, sent, answered (seconds on the system's monotonic clock), status, model of the header, body, error].
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

LONGEST = 60.0  # seconds to wait for an answer
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Load:
    """The stream of requests."""

    def __init__(self, url: str, endpoint: str) -> None:
        self._host = urlsplit(url).netloc
        self._url = f"{url}/endpoints/{endpoint}/invocations"
        self._idle: list[Connection] = []
        keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
        self._signer = SigV4Auth(keys, "sagemaker", "us-east-1")
        self.records: list[list[Any]] = []

    async def run(self, rate: float) -> None:
        """Sends until standard input ends."""
        ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        start, count = time.monotonic(), 0
        tasks: set[asyncio.Task[None]] = set()
        while not ended.done():
            due = start + count / rate
            if due > time.monotonic():
                await asyncio.sleep(due - time.monotonic())
            task = asyncio.create_task(self._send(due, count))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            count += 1
        await asyncio.gather(*tasks)

    async def _send(self, due: float, count: int) -> None:
        body = f"{count}".encode()
        message = self._message(body)
        sent = time.monotonic()
        try:
            connection = self._idle.pop() if self._idle else await self._connect()
            status, headers, answer = await asyncio.wait_for(self._exchange(connection, message), LONGEST)
            self._idle.append(connection)
            model = headers.get("x-amzn-sagemaker-custom-attributes", "")
            self.records.append([due, sent, time.monotonic(), status, model, answer.decode(), ""])
        except (OSError, ValueError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.records.append([due, sent, time.monotonic(), 0, "", "", f"{type(error).__name__}: {error}"])

    async def _connect(self) -> Connection:
        host, port = self._host.split(":")
        return await asyncio.open_connection(host, int(port))

    async def _exchange(self, connection: Connection, message: bytes) -> tuple[int, dict[str, str], bytes]:
        reader, writer = connection
        writer.write(message)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, body

    def _message(self, body: bytes) -> bytes:
        request = AWSRequest("POST", self._url, {"Host": self._host, "Content-Type": "text/csv"}, body)
        self._signer.add_auth(request)
        head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
        path = urlsplit(self._url).path
        return f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def main() -> None:
    """Sends, then writes."""
    url, endpoint, rate, target = sys.argv[1:]
    load = Load(url, endpoint)
    asyncio.run(load.run(float(rate)))
    Path(target).write_text("".join(f"{json.dumps(record)}\n" for record in sorted(load.records)))


if __name__ == "__main__":
    main()
