"""The client of the zygote: starts function processes as forks of it, or as new processes without it."""

import itertools
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path

from embedded.context import Context
from embedded.lambdas import zygote
from embedded.permissions.principals import session
from embedded.processes import Child

LOG = logging.getLogger(__name__)
_BOOTSTRAP = Path(zygote.__file__).with_name("bootstrap.py")
_CONNECT_SECONDS = 60.0
_ANSWER_SECONDS = 60.0


class ForkedProcess:
    """A process forked by the zygote, with the part of subprocess.Popen that ProcessGroup uses."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended = threading.Event()

    def poll(self) -> int | None:
        """The return code, or None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end; raises TimeoutExpired."""
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return self.returncode or 0

    def end(self, code: int) -> None:
        """Sets the return code that the zygote has sent."""
        self.returncode = code
        self._ended.set()


class ZygoteClient:
    """Starts processes by the zygote; thread-safe. The cloud's ProcessGroup ends them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._ids = itertools.count()
        self._answers: dict[int, Future[ForkedProcess]] = {}
        self._running: dict[int, ForkedProcess] = {}
        self._prepared: set[Path] = set()
        self._connected: Future[socket.socket] = Future()

    def start(self) -> None:
        """Starts the zygote in the background."""
        if sys.platform != "linux":  # a fork after imports is not safe on macOS
            self._connected.set_exception(OSError("no zygote on this system"))
            return
        threading.Thread(target=self._run, name="zygote", daemon=True).start()

    def prepare(self, code: Path) -> None:
        """Imports the packages that the code imports into the zygote, before the first fork."""
        if code not in self._prepared:
            self._prepared.add(code)
            self._send({"prepare": str(code)})

    def spawn(self, handler: str, environment: dict[str, str], code: Path, log: Path) -> Child:
        """Starts awslambdaric for a handler. Raises OSError if no process can be started."""
        self.prepare(code)
        number = next(self._ids)
        answer: Future[ForkedProcess] = Future()
        self._answers[number] = answer
        request = {
            "id": number,
            "handler": handler,
            "environment": environment,
            "directory": str(code),
            "log": str(log),
        }
        if self._send(request):
            try:
                fork = answer.result(_ANSWER_SECONDS)
                self._context.processes.register(fork)
                return fork
            except (OSError, TimeoutError) as error:
                LOG.warning("a function's process could not be forked; a new process is started instead: %s", error)
        command = [sys.executable, "-P", str(_BOOTSTRAP), handler]
        return self._context.processes.spawn(command, environment, code, log)

    def _send(self, request: dict[str, object]) -> bool:
        try:
            with self._lock:
                self._connected.result(_CONNECT_SECONDS).sendall(json.dumps(request).encode() + b"\n")
        except (OSError, TimeoutError):
            return False
        return True

    def _run(self) -> None:
        try:
            self._read(self._connect())
        except OSError as error:
            if not self._connected.done():
                self._connected.set_exception(error)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(OSError("the zygote has ended"))
        for fork in list(self._running.values()):
            fork.end(-9)

    def _connect(self) -> socket.socket:
        context = self._context
        path = context.workdir / "zygote.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen(1)
            listener.settimeout(_CONNECT_SECONDS)
            environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
            # Packages read these variables on import; they have the same values in the forks.
            nobody = session(context.account_id, "nobody", "zygote")  # it passes no rights on
            environment |= context.exports(nobody) | {
                "LAMBDA_TASK_ROOT": str(context.workdir),
                "AWS_XRAY_SDK_ENABLED": "false",
            }
            command = [sys.executable, "-I", zygote.__file__, str(path)]
            context.processes.spawn(command, environment, context.workdir, context.workdir / "zygote.log")
            connection, _ = listener.accept()
        connection.settimeout(None)
        self._connected.set_result(connection)
        return connection

    def _read(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                if "pid" in message:
                    fork = self._running[message["pid"]] = ForkedProcess(message["pid"])
                    self._answers.pop(message["id"]).set_result(fork)
                elif message["ended"] in self._running:
                    self._running.pop(message["ended"]).end(message["code"])
