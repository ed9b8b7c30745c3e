"""InvokeEndpoint: routes a request to a variant, with shadow traffic, data capture and errors."""

import time
from dataclasses import dataclass

from embedded.context import Clients, Context
from embedded.sagemaker.connections import Reply, UnreachableError
from embedded.sagemaker.errors import RefusedError
from embedded.sagemaker.fleets import Fleet
from embedded.sagemaker.hosting import Hosting
from embedded.sagemaker.shadow_variants import ShadowTraffic
from embedded.sagemaker.variant_invoker import ATTRIBUTES, INFERENCE_ID, VariantInvoker
from embedded.sagemaker.variants import Variant

_FORWARDED = ("content-type", "accept", ATTRIBUTES, INFERENCE_ID)


class ModelError(RefusedError):
    """The container answered with an error, or not at all: ModelError, HTTP 424."""

    def __init__(self, message: str, status: int, original: str, log_stream: str) -> None:
        super().__init__("ModelError", message)
        self.status = status
        self.original = original
        self.log_stream = log_stream


class TooLargeError(RefusedError):
    """The request's body is above 6 MB, or 4 MB for a serverless variant: HTTP 413."""


@dataclass(frozen=True)
class Answer:
    """The response of InvokeEndpoint."""

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
        self._invoker = VariantInvoker(context, clients, hosting)
        self._shadow_traffic = ShadowTraffic(self._invoker)

    def invoke(self, name: str, body: bytes, headers: dict[str, str]) -> Answer:
        """Forwards one request to a server of the endpoint.

        Args:
            name: the endpoint's.
            body: the payload, 6 MB at most (4 MB for a serverless variant).
            headers: of the request, names in lower case.

        Raises:
            RefusedError: ValidationError when no such endpoint or variant is in service; TooLargeError;
                ThrottledError; ModelError.
        """
        start = time.perf_counter()
        endpoint = self._hosting.endpoints.get(name)
        if endpoint is None:
            raise self._not_found(name)
        with endpoint.acquire_fleet() as fleet:
            if fleet is None:
                raise self._not_found(name)
            return self._ask(name, fleet, body, headers, start)

    def _ask(self, name: str, fleet: Fleet, body: bytes, headers: dict[str, str], start: float) -> Answer:
        wanted = headers.get("x-amzn-sagemaker-target-variant")
        variant = fleet.choose(wanted)
        if variant is None:
            raise RefusedError("ValidationError", f"Variant {wanted} not found for endpoint {name}.")
        limit = variant.server.max_body_bytes
        if len(body) > limit:
            raise TooLargeError("413", f"HTTP content length exceeded {limit} bytes.")
        sent = {header: headers[header] for header in _FORWARDED if headers.get(header)}
        self._shadow_traffic.copy(name, fleet, variant, body, sent)
        try:
            reply = self._invoker.invoke(name, variant, body, sent, start)
        except UnreachableError as error:
            raise self._model_error(name, variant, Reply(500, {}, b""), f"{error}") from error
        if reply.status >= 400:
            raise self._model_error(name, variant, reply, reply.body.decode(errors="replace"))
        if len(reply.body) > limit:
            raise self._model_error(name, variant, reply, f"the answer exceeded {limit} bytes")
        self._invoker.capture(name, fleet, variant, (body, sent, reply))
        kind, attributes = reply.headers.get("content-type", ""), reply.headers.get(ATTRIBUTES)
        return Answer(reply.body, kind, variant.name, attributes)

    def _not_found(self, name: str) -> RefusedError:
        return RefusedError("ValidationError", f"Endpoint {name} of account {self._context.account_id} not found.")

    def stop(self) -> None:
        """Writes pending captures and metrics."""
        self._shadow_traffic.stop()
        self._invoker.stop()

    def _model_error(self, name: str, variant: Variant, reply: Reply, message: str) -> ModelError:
        region, account = self._context.region, self._context.account_id
        status = reply.status if reply.status >= 400 else 500
        kind = "client" if status < 500 else "server"
        group = f"/aws/sagemaker/Endpoints/{name}"
        text = (
            f'Received {kind} error ({status}) from primary with message "{message}". See https://{region}.console.aws.amazon.com/'
            f"cloudwatch/home?region={region}#logEventViewer:group={group} in account {account} for more information."
        )
        variant.server.log.ship()
        return ModelError(text, status, message, f"arn:aws:logs:{region}:{account}:log-group:{group}")
