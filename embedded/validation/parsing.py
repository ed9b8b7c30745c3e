"""The operation of a request and its parameters, parsed by the protocol of its service."""

import functools
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import botocore.session
from botocore.loaders import create_loader
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import ServiceOperationRouter, get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

_SCOPE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/aws4_request")
_QUERY_SCOPE = re.compile(
    r"X-Amz-Credential=[^&]*?(?:%2F|/)[^&]*?(?:%2F|/)[^&]*?(?:%2F|/)([^&]*?)(?:%2F|/)aws4_request"
)
CALL = "perennial.call"  # the key of the parsed call in a WSGI environment
_LARGEST = 64 << 20  # bytes of a compressed body once unpacked
# Services whose signing name differs from botocore's, or is shared by several services.
_SIGNED_AS = {
    "states": ("stepfunctions",),
    "monitoring": ("cloudwatch",),
    "sagemaker": ("sagemaker", "sagemaker-runtime", "sagemaker-metrics"),
    "dynamodb": ("dynamodb", "dynamodbstreams"),
    "servicequotas": ("service-quotas",),
}


@dataclass(frozen=True)
class Call:
    """One call of an operation; `raw` parameters are JSON without conversion."""

    service: ServiceModel
    operation: OperationModel
    protocol: str
    parameters: Any
    raw: bool


class UnreadableError(Exception):
    """The body does not follow the protocol; `call` has no parameters."""

    def __init__(self, call: Call, what: str) -> None:
        super().__init__(f"The request's body {what}.")
        self.call = call


def read(environ: dict[str, Any], body: bytes) -> Call | None:
    """The call of a signed request; None if no service's model has such an operation. Raises UnreadableError.

    Args:
        environ: of WSGI.
        body: the whole of it.
    """
    for name in _services(environ):
        service = _model(name)
        call = _targeted(service, environ, body) if _has_target(service, environ) else _routed(service, environ, body)
        if call is not None:
            return call
    return None


def _services(environ: dict[str, Any]) -> Iterator[str]:
    found = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", "")) or _QUERY_SCOPE.search(environ.get("QUERY_STRING", ""))
    if found is None:  # presigned with S3's former signature, or not signed
        yield "s3"
        return
    signed = found[1].lower()
    first = _SIGNED_AS.get(signed) or ((signed,) if signed in _available() else ())
    yield from first
    if signed not in _SIGNED_AS:
        yield from (name for name in _signing_names().get(signed, ()) if name not in first)


@functools.cache
def _model(service: str) -> ServiceModel:
    if service != "s3":
        return get_service_model(service)
    # botocore's clients remove the bucket from the paths of the model that they share with moto.
    return ServiceModel(create_loader().load_service_model(service, "service-2"), service)


@functools.cache
def _router(service: str) -> ServiceOperationRouter:
    return get_service_router(service) if service != "s3" else ServiceOperationRouter(_model(service))


@functools.cache
def _available() -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_available_services())


@functools.cache
def _signing_names() -> dict[str, list[str]]:
    """All services by their signing name; read for the first request that the table above does not have."""
    names: dict[str, list[str]] = {}
    for service in sorted(_available()):
        names.setdefault(get_service_model(service).signing_name, []).append(service)
    return names


def _has_target(service: ServiceModel, environ: dict[str, Any]) -> bool:
    return "HTTP_X_AMZ_TARGET" in environ and bool(service.metadata.get("targetPrefix"))


def _targeted(service: ServiceModel, environ: dict[str, Any], body: bytes) -> Call | None:
    prefix, _, name = environ["HTTP_X_AMZ_TARGET"].rpartition(".")
    if prefix != service.metadata["targetPrefix"] or name not in service.operation_names:
        return None
    call = Call(service, service.operation_model(name), "json", None, raw=True)
    try:
        return replace(call, parameters=json.loads(_unpacked(call, environ, body) or b"{}"))
    except ValueError as error:
        raise UnreadableError(call, "is no JSON") from error


def _routed(service: ServiceModel, environ: dict[str, Any], body: bytes) -> Call | None:
    request = Request(environ)
    try:
        protocol = determine_request_protocol(service, request.content_type)
        operation, labels = _router(service.service_name).match(request)
    except (NotFound, NotImplementedError):
        return None
    call = Call(service, operation, protocol, None, raw=False)
    shape = operation.input_shape
    payload = shape.members.get(shape.serialization.get("payload", "")) if shape else None
    streamed = payload is not None and payload.type_name in ("blob", "string")
    try:
        parameters = PROTOCOL_PARSERS[protocol](operation).parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": b"-" if streamed and body else _unpacked(call, environ, body),
                "url_path": request.path,
                "url_params": labels,
            }
        )
    except (ValueError, TypeError, KeyError, AttributeError, SyntaxError) as error:
        raise UnreadableError(call, f"cannot be read as {operation.name}") from error
    return replace(call, parameters=parameters)


def _unpacked(call: Call, environ: dict[str, Any], body: bytes) -> bytes:
    if environ.get("HTTP_CONTENT_ENCODING") != "gzip":
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        content = unpacker.decompress(body, _LARGEST)
    except zlib.error as error:
        raise UnreadableError(call, "is no gzip") from error
    if unpacker.unconsumed_tail:
        raise UnreadableError(call, f"is larger than {_LARGEST} bytes")
    return content
