"""One real inference server: a model's archive unpacked and served by gunicorn, as the prebuilt image would.

SAGEMAKER_SERVING_MODULE names the WSGI application, as in the image; the image's own stock server is not imitated, nor
are its nginx, its Python and its instance: one process of this machine's interpreter serves each production variant.
"""

import http.client
import re
import socket
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass

from botocore.exceptions import ClientError

from embedded.clients import Clients
from embedded.context import Context
from embedded.sagemaker.container import Container, unpack
from embedded.sagemaker.errors import ModelDataError
from embedded.sagemaker.logs import LogStream, last_lines
from embedded.sagemaker.models import ServedModel
from embedded.sagemaker.processes import base_environment
from embedded.sagemaker.standby import Standby

HEALTH_SECONDS = 60.0
INVOCATION_SECONDS = 60.0
SERVING_MODULE = "SAGEMAKER_SERVING_MODULE"
_STARTS = 3  # another process may take the port between its choice and its use
_APPLICATION = re.compile(r"[\w.]+:\w+(\(\))?")


class StartError(Exception):
    """The server did not come up; the message is the endpoint's FailureReason."""


class UnreachableError(Exception):
    """The server did not answer; the message says why."""


@dataclass(frozen=True)
class Reply:
    """What the container answered."""

    status: int
    headers: dict[str, str]
    body: bytes


class InferenceServer:
    """A server of one production variant, from `start` to `stop`; requests from many threads."""

    def __init__(
        self,
        context: Context,
        clients: Clients,
        endpoint: str,
        variant: str,
        model: ServedModel,
        standby: Standby,
    ) -> None:
        self._context = context
        self._standby = standby
        self._clients = clients
        self._variant = variant
        self._model = model
        self.instance = f"i-{uuid.uuid4().hex[:17]}"
        self._container = Container(
            (context.workdir / "sagemaker" / "hosting" / endpoint / self.instance / "ml").resolve()
        )
        directory = context.workdir / "logs" / "endpoints"
        directory.mkdir(parents=True, exist_ok=True)
        self.log_path = directory / f"{endpoint}-{variant}-{self.instance}.log"
        self.log = LogStream(
            clients, f"/aws/sagemaker/Endpoints/{endpoint}", f"{variant}/{self.instance}", self.log_path
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._idle: list[http.client.HTTPConnection] = []
        self.abandoned = threading.Event()  # set when nobody waits for its health any more
        self._lock = threading.Lock()

    def start(self, limit: float = HEALTH_SECONDS) -> None:
        """Unpacks the model, starts the server, waits until /ping answers 200. Raises StartError; then nothing runs.

        Args:
            limit: seconds on the wall until it must be healthy.
        """
        try:
            self._unpack()
            for _ in range(_STARTS):
                self._spawn()
                if self._is_healthy(time.monotonic() + limit):
                    self.log.ship()
                    return
                if "Address already in use" not in last_lines(self.log_path):
                    break
            raise StartError(self._ping_failure())
        except (StartError, ModelDataError) as error:
            self.stop()
            raise StartError(str(error)) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the process and deletes the model's directory."""
        self.abandoned.set()
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:  # first: gunicorn waits for those it keeps alive
            connection.close()
        if self._process is not None:
            self._context.processes.stop(self._process)
        self.log.ship(everything=True)
        self._container.remove()

    def revive(self) -> None:
        """Starts the server again if its process has died, as AWS replaces an instance; returns at once."""
        with self._lock:
            if self._process is None or self._process.poll() is None or self.abandoned.is_set():
                return
            self._spawn()

    def request(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        """One HTTP exchange. Raises UnreachableError when there is no answer within 60 s."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is not None:
            try:
                return self._exchange(connection, method, path, body, headers)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                pass  # an idle connection that the server has closed meanwhile: once more on a new one
            except (OSError, http.client.HTTPException) as error:
                raise UnreachableError(f"{type(error).__name__}: {error}") from error
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=INVOCATION_SECONDS)
        try:
            return self._exchange(connection, method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(f"{type(error).__name__}: {error}") from error

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
        if connection.sock is not None:  # else the server asked to close it
            with self._lock:
                self._idle.append(connection)
        return reply

    def _unpack(self) -> None:
        self._container.prepare()
        location = self._model.archive
        archive = self._container.base / "model.tar.gz"
        try:
            self._clients("s3").download_file(location.bucket, location.key, str(archive))
        except ClientError as error:
            raise StartError(
                f'Failed to download model data for container "{self._variant}" from URL: "{location.uri}". '
                f"Please ensure that there is an object located at the URL: {error}"
            ) from error
        unpack(archive, self._container.model)
        archive.unlink()

    def _spawn(self) -> None:
        environment = base_environment(self._context, isolated=self._model.isolated)
        environment |= {"SAGEMAKER_BASE_DIR": str(self._container.base), "SM_MODEL_DIR": str(self._container.model)}
        environment |= self._container.mapped_values(self._model.environment)
        application = environment.get(SERVING_MODULE, "")
        if not _APPLICATION.fullmatch(application):
            raise StartError(
                f"The embedded cloud serves models whose environment sets {SERVING_MODULE} to module:application; "
                f"model {self._model.name} has {application!r}."
            )
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._process = self._standby.spawn(
            self._command(application, environment), environment, self._container.base, self.log_path
        )

    def _command(self, application: str, environment: dict[str, str]) -> list[str]:
        workers = environment.get("SAGEMAKER_MODEL_SERVER_WORKERS", "1")
        timeout = environment.get("SAGEMAKER_MODEL_SERVER_TIMEOUT", str(int(INVOCATION_SECONDS)))
        # One thread that keeps connections open: the image's gevent worker also runs a model's code one call at a time.
        options = f"--worker-class gthread --threads 1 --workers {workers} --timeout {timeout} --keep-alive 75"
        options += f" --graceful-timeout 2 --no-control-socket --bind 127.0.0.1:{self._port}"
        return [sys.executable, "-m", "gunicorn", *options.split(), application]

    def _is_healthy(self, deadline: float) -> bool:
        pause = 0.02
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            if self.abandoned.is_set():
                raise StartError("The endpoint was deleted.")
            try:
                if self.request("GET", "/ping", b"", {}).status == http.client.OK:
                    return True
            except UnreachableError:
                pass  # not listening yet
            time.sleep(pause)
            pause = min(pause * 1.2, 0.1)
        return False

    def _ping_failure(self) -> str:
        said = last_lines(self.log_path, count=8)[-700:]
        return (
            f"The primary container for production variant {self._variant} did not pass the ping health check. "
            f"Please check CloudWatch logs for this endpoint. Its log ends: {said}"
        )
