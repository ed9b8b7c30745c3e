"""An inference server: unpacks a model archive and serves it with gunicorn, as the prebuilt image does.

SAGEMAKER_SERVING_MODULE names the WSGI application, as in the image. The image's stock server, nginx, Python and
instances are not emulated: one process of this interpreter serves each variant.
"""

import re
import secrets
import subprocess
import sys
import threading
import time
import uuid

from botocore.exceptions import ClientError

from embedded.context import Clients, Context
from embedded.permissions.authorizer import NotAuthorizedError
from embedded.permissions.needs.watching import image_pull
from embedded.permissions.sessions import of_sagemaker
from embedded.sagemaker.connections import LONGEST as INVOCATION_SECONDS
from embedded.sagemaker.connections import Connections, Reply, UnreachableError
from embedded.sagemaker.container import Container, base_environment, unpack
from embedded.sagemaker.errors import ModelDataError
from embedded.sagemaker.logs import LogStream, last_lines
from embedded.sagemaker.models import ServedModel, ServerOwner
from embedded.sagemaker.prewarmed import PrewarmedInterpreter

HEALTH_SECONDS = 60.0
MAX_BODY_BYTES = 6 * 1024 * 1024
SERVING_MODULE = "SAGEMAKER_SERVING_MODULE"
_APPLICATION = re.compile(r"[\w.]+:\w+(\(\))?")


class StartError(Exception):
    """A server that does not start; the message is the endpoint's FailureReason."""


class InferenceServer:
    """A server of one production variant, from `start` to `stop`; requests from many threads."""

    max_body_bytes = MAX_BODY_BYTES

    def __init__(
        self,
        context: Context,
        clients: Clients,
        owner: ServerOwner,
        variant: str,
        model: ServedModel,
        prewarmed: PrewarmedInterpreter,
    ) -> None:
        self._context = context
        self._prewarmed = prewarmed
        arn = f"arn:aws:sagemaker:{context.region}:{context.account_id}:model/{model.name.lower()}"
        self.principal = of_sagemaker(context.authorizer, model.role, arn)
        self._clients = clients.acting_as(self.principal)
        self._variant = variant
        self._model = model
        self.instance = f"i-{uuid.uuid4().hex[:17]}"
        self._container = Container(
            (context.workdir / "sagemaker" / owner.kind / owner.name / self.instance / "ml").resolve()
        )
        directory = context.workdir / "logs" / ("endpoints" if owner.kind == "hosting" else owner.kind)
        directory.mkdir(parents=True, exist_ok=True)
        self.log_path = directory / f"{owner.name}-{variant}-{self.instance}.log"
        self.log = LogStream(self._clients, owner.log_group, f"{variant}/{self.instance}", self.log_path)
        self._process: subprocess.Popen[bytes] | None = None
        self._connections = self._new_connections()
        self.cancelled = threading.Event()  # set when its health no longer matters
        self.setup_seconds: list[float] = []  # of cold starts without a metric yet
        self._lock = threading.Lock()

    def start(self, limit: float = HEALTH_SECONDS) -> None:
        """Unpacks the model, starts the server, waits until /ping answers 200. Raises StartError; then nothing runs.

        Args:
            limit: seconds on the wall until it must be healthy.
        """
        try:
            self._unpack()
            self._spawn()
            if not self._is_healthy(time.monotonic() + limit):
                raise StartError(self._ping_failure())
            self.log.ship()
        except (StartError, ModelDataError) as error:
            self.stop()
            raise StartError(str(error)) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the process and deletes the model's directory."""
        self.cancelled.set()
        self.suspend()  # connections first: gunicorn waits for keep-alive connections
        self._container.remove()

    def restart_if_ended(self) -> None:
        """Starts the server again if its process has ended, as AWS replaces an instance; returns at once."""
        with self._lock:
            if self.alive or self.cancelled.is_set() or not self._container.model.is_dir():
                return
            self._spawn()

    @property
    def alive(self) -> bool:
        """True if its process runs."""
        return self._process is not None and self._process.poll() is None

    def restart(self, limit: float = HEALTH_SECONDS) -> bool:
        """Starts the process again if it has ended. Returns whether the server is healthy."""
        self.restart_if_ended()
        return self._is_healthy(time.monotonic() + limit)

    def suspend(self) -> None:
        """Ends the process and keeps the model's directory, for `restart`."""
        with self._lock:
            process, self._process = self._process, None
            connections = self._connections
        connections.close()
        if process is not None:
            self._context.processes.stop(process)
        connections.path.unlink(missing_ok=True)
        self.log.ship(everything=True)

    def invoke(self, body: bytes, headers: dict[str, str]) -> Reply:
        """POST /invocations. Raises UnreachableError when there is no answer within 60 s."""
        return self.request("POST", "/invocations", body, headers)

    def request(
        self, method: str, path: str, body: bytes, headers: dict[str, str], longest: float = INVOCATION_SECONDS
    ) -> Reply:
        """One HTTP exchange. Raises UnreachableError when there is no answer within `longest` seconds."""
        return self._connections.request(method, path, body, headers, longest)

    def _unpack(self) -> None:
        self._container.prepare()
        try:
            self._context.authorizer.require(self.principal, image_pull(self._model.image))
        except NotAuthorizedError as error:
            raise StartError(f"Access denied for repository of the image {self._model.image}. {error}") from error
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
        environment = base_environment(self._context, isolated=self._model.isolated, principal=self.principal)
        environment |= {"SAGEMAKER_BASE_DIR": str(self._container.base), "SM_MODEL_DIR": str(self._container.model)}
        environment |= self._container.mapped_values(self._model.environment)
        application = environment.get(SERVING_MODULE, "")
        if not _APPLICATION.fullmatch(application):
            raise StartError(
                f"The embedded cloud serves models whose environment sets {SERVING_MODULE} to module:application; "
                f"model {self._model.name} has {application!r}."
            )
        self._connections = self._new_connections()
        self._process = self._prewarmed.spawn(
            self._command(application, environment), environment, self._container.base, self.log_path
        )

    def _new_connections(self) -> Connections:
        """Connections to a socket that no other process has had, in the cloud's directory, which is its user's alone.

        The path is short: a system may allow 104 characters.
        """
        return Connections(self._context.workdir / f"{secrets.token_hex(4)}.sock")

    def _command(self, application: str, environment: dict[str, str]) -> list[str]:
        workers = environment.get("SAGEMAKER_MODEL_SERVER_WORKERS", "1")
        timeout = environment.get("SAGEMAKER_MODEL_SERVER_TIMEOUT", str(int(INVOCATION_SECONDS)))
        # One thread with keep-alive: the image's gevent worker, too, runs a model's code one call at a time.
        options = f"--worker-class gthread --threads 1 --workers {workers} --timeout {timeout} --keep-alive 75"
        options += f" --graceful-timeout 2 --no-control-socket --bind unix:{self._connections.path}"
        return [sys.executable, "-m", "gunicorn", *options.split(), application]

    def _is_healthy(self, deadline: float) -> bool:
        pause = 0.02
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            if self.cancelled.is_set():
                raise StartError("The endpoint was deleted.")
            try:
                if self.request("GET", "/ping", b"", {}).status == 200:
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
