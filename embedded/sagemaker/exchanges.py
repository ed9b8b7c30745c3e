"""One request to one variant's server: measured, captured, and its log shipped."""

import time
from typing import Any

from embedded.clients import Clients
from embedded.context import Context
from embedded.sagemaker.capture import Capture, Exchange
from embedded.sagemaker.connections import Reply, UnreachableError
from embedded.sagemaker.fleets import Fleet
from embedded.sagemaker.hosting import Hosting
from embedded.sagemaker.metrics import Metrics, invocation_values
from embedded.sagemaker.recorder import Recorder
from embedded.sagemaker.variants import Variant

FLUSH_SECONDS = 5.0  # of the cloud's time
ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
Kept = tuple[bytes, dict[str, Any], Reply]  # a request's body and headers, and the reply
INFERENCE_ID = "x-amzn-sagemaker-inference-id"


class Exchanges:
    """Asks servers; thread-safe.

    Args:
        context: the cloud.
        clients: its own clients.
        hosting: the endpoints, whose logs are shipped.
    """

    def __init__(self, context: Context, clients: Clients, hosting: Hosting) -> None:
        self._hosting = hosting
        self._capture = Capture(clients)
        self._metrics = Metrics(clients)
        self._recorder = Recorder(self._write, max(0.2, context.clock.scaled(FLUSH_SECONDS)))

    def ask(self, endpoint: str, variant: Variant, body: bytes, sent: dict[str, str], start: float) -> Reply:
        """The container's reply, whatever its status.

        Args:
            endpoint: its name.
            variant: who is asked.
            body: of the request.
            sent: the headers.
            start: when the invocation came in, on time.perf_counter.

        Raises:
            UnreachableError: the server did not answer; it is started again if its process has ended.
            ThrottledError: a serverless variant has enough to do.
        """
        called = time.perf_counter()
        status = 500
        try:
            reply = variant.server.invoke(body, sent)
            status = reply.status
        except UnreachableError:
            variant.server.revive()
            raise
        finally:
            values = invocation_values(status, time.perf_counter() - called, called - start)
            while variant.server.setup_seconds:
                values["ModelSetupTime"] = variant.server.setup_seconds.pop() * 1e6
            self._metrics.add(endpoint, variant.name, values)
            self._recorder.wake()
        return reply

    def keep(self, endpoint: str, fleet: Fleet, variant: Variant, exchange: Kept) -> None:
        """Captures an exchange if the fleet's configuration says so."""
        body, sent, reply = exchange
        seen = Exchange(
            input=body,
            input_type=sent.get("content-type", ""),
            output=reply.body,
            output_type=reply.headers.get("content-type", ""),
            inference_id=sent.get(INFERENCE_ID),
            custom_attributes=sent.get(ATTRIBUTES),
        )
        self._capture.add(fleet.capture, endpoint, variant.name, seen)

    def stop(self) -> None:
        """Writes captures and metrics that wait."""
        self._recorder.stop()

    def _write(self) -> None:
        self._capture.flush()
        self._metrics.flush()
        for endpoint in list(self._hosting.endpoints.values()):
            for variant in [variant for fleet in endpoint.fleets for variant in fleet.all_variants]:
                variant.server.log.ship()
