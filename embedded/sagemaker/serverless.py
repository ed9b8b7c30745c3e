"""The server of a serverless variant: it stops when idle and starts again at the next invocation.

The memory size is not emulated. A cold start is a start of the process, without an image download. AWS does not
document the idle time; here it is five minutes at the cloud's speed.
"""

import threading
import time
from typing import Any

from embedded.context import Clients, Context
from embedded.sagemaker.connections import Reply, UnreachableError
from embedded.sagemaker.errors import RefusedError
from embedded.sagemaker.models import ServedModel, ServerOwner
from embedded.sagemaker.prewarmed import PrewarmedInterpreter
from embedded.sagemaker.server import HEALTH_SECONDS, InferenceServer

IDLE_SECONDS = 300.0
MAX_BODY_BYTES = 4 * 1024 * 1024


class ThrottledError(RefusedError):
    """More concurrent invocations than MaxConcurrency: ThrottlingException, HTTP 429."""

    def __init__(self) -> None:
        super().__init__("ThrottlingException", "Rate exceeded")


class ServerlessServer(InferenceServer):
    """An InferenceServer with MaxConcurrency and cold starts."""

    max_body_bytes = MAX_BODY_BYTES

    def __init__(
        self,
        context: Context,
        clients: Clients,
        owner: ServerOwner,
        request: dict[str, Any],
        model: ServedModel,
        prewarmed: PrewarmedInterpreter,
    ) -> None:
        super().__init__(context, clients, owner, request["VariantName"], model, prewarmed)
        config = request["ServerlessConfig"]
        self._free = threading.Semaphore(int(config["MaxConcurrency"]))
        self._provisioned = bool(config.get("ProvisionedConcurrency"))
        self._idle_after = context.clock.scaled(IDLE_SECONDS)
        self._busy = 0
        self._last = time.monotonic()
        self._turn = threading.RLock()  # held while the server starts or stops

    def start(self, limit: float = HEALTH_SECONDS) -> None:
        """Starts the server once, to check it; it is suspended when idle."""
        super().start(limit)
        self._schedule_suspend()

    def invoke(self, body: bytes, headers: dict[str, str]) -> Reply:
        """POST /invocations, after a cold start if need be. Raises ThrottledError, UnreachableError."""
        if not self._free.acquire(blocking=False):
            raise ThrottledError
        try:
            self._ensure_started()
            return super().invoke(body, headers)
        finally:
            with self._turn:
                self._busy -= 1
                self._last = time.monotonic()
            self._free.release()

    def _ensure_started(self) -> None:
        with self._turn:
            self._busy += 1
            if self.alive:
                return
            begin = time.monotonic()
            if not self.restart():
                raise UnreachableError("the container did not pass the ping health check")
            self.setup_seconds.append(time.monotonic() - begin)
            self._schedule_suspend()

    def _schedule_suspend(self) -> None:
        if not self._provisioned and not self.cancelled.is_set():
            timer = threading.Timer(self._idle_after / 4, self._suspend_if_idle)
            timer.daemon = True
            timer.start()

    def _suspend_if_idle(self) -> None:
        with self._turn:
            if not self.alive:
                return
            if not self._busy and time.monotonic() - self._last >= self._idle_after:
                self.suspend()
                return
        self._schedule_suspend()
