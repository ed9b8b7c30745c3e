"""Requests to a variant's server: metrics, data capture and logs are recorded in the background."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from embedded.context import Clients, Context
from embedded.sagemaker.connections import Reply, UnreachableError
from embedded.sagemaker.data_capture import CapturedInvocation, DataCapture
from embedded.sagemaker.endpoint_metrics import Metrics, invocation_values
from embedded.sagemaker.fleets import Fleet
from embedded.sagemaker.hosting import Hosting
from embedded.sagemaker.variants import Variant

FLUSH_SECONDS = 5.0  # of the cloud's time
ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
Kept = tuple[bytes, dict[str, Any], Reply]  # a request's body and headers, and the reply
INFERENCE_ID = "x-amzn-sagemaker-inference-id"


class VariantInvoker:
    """Sends requests to the servers of variants; thread-safe.

    Args:
        context: the cloud.
        clients: its own clients.
        hosting: the endpoints, whose logs are shipped.
    """

    def __init__(self, context: Context, clients: Clients, hosting: Hosting) -> None:
        self._hosting = hosting
        self._capture = DataCapture(clients)
        self._metrics = Metrics(clients)
        self._writer = BackgroundWriter(self._write, max(0.2, context.clock.scaled(FLUSH_SECONDS)))

    def invoke(self, endpoint: str, variant: Variant, body: bytes, sent: dict[str, str], start: float) -> Reply:
        """Sends one request. Returns the container's reply, whatever its status.

        Args:
            endpoint: its name.
            variant: the variant.
            body: of the request.
            sent: the headers.
            start: when the invocation came in, on time.perf_counter.

        Raises:
            UnreachableError: the server did not answer; it is started again if its process has ended.
            ThrottledError: a serverless variant is at its MaxConcurrency.
        """
        called = time.perf_counter()
        status = 500
        try:
            reply = variant.server.invoke(body, sent)
            status = reply.status
        except UnreachableError:
            variant.server.restart_if_ended()
            raise
        finally:
            values = invocation_values(status, time.perf_counter() - called, called - start)
            while variant.server.setup_seconds:
                values["ModelSetupTime"] = variant.server.setup_seconds.pop() * 1e6
            self._metrics.add(endpoint, variant.name, values)
            self._writer.request_write()
        return reply

    def capture(self, endpoint: str, fleet: Fleet, variant: Variant, exchange: Kept) -> None:
        """Captures an invocation if the fleet's DataCaptureConfig samples it."""
        body, sent, reply = exchange
        seen = CapturedInvocation(
            input=body,
            input_type=sent.get("content-type", ""),
            output=reply.body,
            output_type=reply.headers.get("content-type", ""),
            inference_id=sent.get(INFERENCE_ID),
            custom_attributes=sent.get(ATTRIBUTES),
        )
        self._capture.add(fleet.capture, endpoint, (variant.name, variant.server.principal), seen)

    def stop(self) -> None:
        """Writes pending captures and metrics."""
        self._writer.stop()

    def _write(self) -> None:
        self._capture.flush()
        self._metrics.flush()
        for endpoint in list(self._hosting.endpoints.values()):
            for variant in [variant for fleet in endpoint.fleets for variant in fleet.all_variants]:
                variant.server.log.ship()


logger = logging.getLogger(__name__)


class BackgroundWriter:
    """A thread that calls `write` after `request_write`, at most once per `interval` seconds on the wall."""

    def __init__(self, write: Callable[[], None], interval: float) -> None:
        self._write = write
        self._interval = interval
        self._requested = threading.Event()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def request_write(self) -> None:
        """Requests a write. The first call starts the thread."""
        if self._requested.is_set():
            return
        self._requested.set()
        with self._lock:
            if self._thread is None and not self._end.is_set():
                self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Writes once more and ends the thread."""
        self._end.set()
        self._requested.set()
        if self._thread is not None:
            self._thread.join(timeout=10)
        self._attempt()

    def _run(self) -> None:
        while not self._end.is_set():
            self._requested.wait()
            self._end.wait(self._interval)
            self._requested.clear()
            self._attempt()

    def _attempt(self) -> None:
        try:
            self._write()
        except Exception:
            logger.exception("captures or metrics could not be written")
