"""Container output: a file while the container runs, shipped to CloudWatch Logs."""

import logging
import threading
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from embedded.context import Clients

logger = logging.getLogger(__name__)

_BATCH = 1_000  # PutLogEvents takes 10,000 events or 1 MB
_LONGEST = 262_118  # bytes of one event, by AWS's rule; counted as characters


class LogStream:
    """A CloudWatch log stream fed from a growing file; thread-safe."""

    def __init__(self, clients: Clients, group: str, stream: str, path: Path) -> None:
        self._clients = clients
        self.group = group
        self.stream = stream
        self.path = path
        self._position = 0
        self._made = False
        self._lock = threading.Lock()

    def ship(self, *, everything: bool = False) -> None:
        """Sends the complete lines written since the last time; with `everything` also an unfinished last line."""
        with self._lock:
            self._ship(everything)

    def _ship(self, everything: bool) -> None:
        try:
            with self.path.open("rb") as file:
                file.seek(self._position)
                content = file.read()
        except FileNotFoundError:
            return
        end = len(content) if everything else content.rfind(b"\n") + 1
        if end == 0:
            return
        self._position += end
        lines = [line for line in content[:end].decode(errors="replace").splitlines() if line.strip()]
        try:
            self._put(lines)
        except (ClientError, BotoCoreError) as error:
            # The file has all lines; a job does not fail because of its log.
            logger.warning("the log stream %s of %s lacks lines: %s", self.stream, self.group, error)

    def _put(self, lines: list[str]) -> None:
        client = self._clients("logs")
        if not self._made:
            for operation, names in (
                (client.create_log_group, {"logGroupName": self.group}),
                (client.create_log_stream, {"logGroupName": self.group, "logStreamName": self.stream}),
            ):
                try:
                    operation(**names)
                except client.exceptions.ResourceAlreadyExistsException:
                    continue
            self._made = True
        now = int(time.time() * 1000)
        for start in range(0, len(lines), _BATCH):
            events = [{"timestamp": now, "message": line[:_LONGEST]} for line in lines[start : start + _BATCH]]
            client.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=events)


def last_lines(path: Path, count: int = 30, size: int = 16_384) -> str:
    """The end of a log: its last traceback, or else its last lines; empty without a log."""
    try:
        with path.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - size))
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    for index in range(len(lines) - 1, -1, -1):
        if lines[index].startswith("Traceback (most recent call last)"):
            return "\n".join(lines[index:]).strip()
    return "\n".join(lines[-count:]).strip()
