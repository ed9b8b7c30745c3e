"""InvokeEndpoint: from the request to the container's answer, with the capture and the metrics of it."""

import time
from dataclasses import dataclass
from typing import Any

from embedded.clients import Clients
from embedded.context import Context
from embedded.sagemaker.capture import Capture, Exchange
from embedded.sagemaker.connections import Reply, UnreachableError
from embedded.sagemaker.errors import RefusedError
from embedded.sagemaker.fleets import Fleet, Variant
from embedded.sagemaker.hosting import Hosting
from embedded.sagemaker.metrics import Metrics, invocation_values
from embedded.sagemaker.recorder import Recorder

MAX_BODY_BYTES = 6 * 1024 * 1024
FLUSH_SECONDS = 5.0  # of the cloud's time
_FORWARDED = ("content-type", "accept", "x-amzn-sagemaker-custom-attributes", "x-amzn-sagemaker-inference-id")
ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"


class ModelError(RefusedError):
    """The container answered with an error, or not at all: ModelError, HTTP 424."""

    def __init__(self, message: str, status: int, original: str, log_stream: str) -> None:
        super().__init__("ModelError", message)
        self.status = status
        self.original = original
        self.log_stream = log_stream


class ThrottledError(RefusedError):
    """More invocations at once than a serverless variant takes: ThrottlingException, HTTP 429."""

    def __init__(self) -> None:
        super().__init__("ThrottlingException", "Rate exceeded")


class TooLargeError(RefusedError):
    """The request's body is above 6 MB: HTTP 413."""


@dataclass(frozen=True)
class Answer:
    """What a client of InvokeEndpoint is answered."""

    body: bytes
    content_type: str
    variant: str
    custom_attributes: str | None


class Invocations:
    """Invokes endpoints.

    Args:
        context: the cloud.
        clients: its own clients.
        hosting: the endpoints.
    """

    def __init__(self, context: Context, clients: Clients, hosting: Hosting) -> None:
        self._context = context
        self._hosting = hosting
        self._capture = Capture(clients)
        self._metrics = Metrics(clients)
        self._recorder = Recorder(self._write, max(0.2, context.clock.scaled(FLUSH_SECONDS)))

    def invoke(self, name: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Forwards one request to a server of the endpoint.

        Args:
            name: the endpoint's.
            body: the payload, 6 MB at most.
            headers: of the request, names in lower case.

        Raises:
            RefusedError: ValidationError when no such endpoint or variant is in service; TooLargeError; ModelError.
        """
        start = time.perf_counter()
        if len(body) > MAX_BODY_BYTES:
            raise TooLargeError("413", f"HTTP content length exceeded {MAX_BODY_BYTES} bytes.")
        endpoint = self._hosting.endpoints.get(name)
        if endpoint is None:
            raise self._not_found(name)
        with endpoint.lease() as fleet:
            if fleet is None:
                raise self._not_found(name)
            return self._ask(name, fleet, body, headers, start)

    def _ask(self, name: str, fleet: Fleet, body: bytes, headers: dict[str, str], start: float) -> Answer:
        wanted = headers.get("x-amzn-sagemaker-target-variant")
        variant = fleet.choose(wanted)
        if variant is None:
            raise RefusedError("ValidationError", f"Variant {wanted} not found for endpoint {name}.")
        sent = {header: headers[header] for header in _FORWARDED if headers.get(header)}
        called = time.perf_counter()
        try:
            reply = variant.server.request("POST", "/invocations", body, sent)
        except UnreachableError as error:
            variant.server.revive()
            self._measure(name, variant, 500, called - start, time.perf_counter() - called)
            raise self._model_error(name, variant, Reply(500, {}, b""), f"{error}") from error
        self._measure(name, variant, reply.status, called - start, time.perf_counter() - called)
        if reply.status >= 400:
            raise self._model_error(name, variant, reply, reply.body.decode(errors="replace"))
        if len(reply.body) > MAX_BODY_BYTES:
            raise self._model_error(name, variant, reply, f"the answer exceeded {MAX_BODY_BYTES} bytes")
        answer = _answer(reply, variant)
        self._capture.add(fleet.capture, name, variant.name, _exchange(body, sent, answer))
        return answer

    def _not_found(self, name: str) -> RefusedError:
        return RefusedError("ValidationError", f"Endpoint {name} of account {self._context.account_id} not found.")

    def stop(self) -> None:
        """Writes captures and metrics that wait."""
        self._recorder.stop()

    def _measure(self, name: str, variant: Variant, status: int, overhead: float, model: float) -> None:
        self._metrics.add(name, variant.name, invocation_values(status, model, overhead))
        self._recorder.wake()

    def _model_error(self, name: str, variant: Variant, reply: Reply, said: str) -> ModelError:
        region, account = self._context.region, self._context.account_id
        status = reply.status if reply.status >= 400 else 500
        kind = "client" if status < 500 else "server"
        group = f"/aws/sagemaker/Endpoints/{name}"
        message = (
            f'Received {kind} error ({status}) from primary with message "{said}". See https://{region}.console.aws.amazon.com/'
            f"cloudwatch/home?region={region}#logEventViewer:group={group} in account {account} for more information."
        )
        variant.server.log.ship()
        return ModelError(message, status, said, f"arn:aws:logs:{region}:{account}:log-group:{group}")

    def _write(self) -> None:
        self._capture.flush()
        self._metrics.flush()
        for endpoint in list(self._hosting.endpoints.values()):
            for variant in [variant for fleet in endpoint.fleets for variant in fleet.all_variants]:
                variant.server.log.ship()


def _answer(reply: Reply, variant: Variant) -> Answer:
    headers = reply.headers
    return Answer(reply.body, headers.get("content-type", ""), variant.name, headers.get(ATTRIBUTES))


def _exchange(body: bytes, sent: dict[str, Any], answer: Answer) -> Exchange:
    return Exchange(
        input=body,
        input_type=sent.get("content-type", ""),
        output=answer.body,
        output_type=answer.content_type,
        inference_id=sent.get("x-amzn-sagemaker-inference-id"),
        custom_attributes=sent.get(ATTRIBUTES),
    )
