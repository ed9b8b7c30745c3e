"""Validation of requests before moto: invalid parameters are answered as AWS answers them."""

import functools
import io
import logging
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.model import OperationModel, ServiceModel
from moto.core.serialize import get_serializer_class

from embedded.rules.requests import RULES
from embedded.rules.rule import NOTHING
from embedded.validation.constraints import Check, Compiler, Findings
from embedded.validation.parsing import CALL, Call, UnreadableError, read

LOG = logging.getLogger(__name__)
_MOST = 10  # faults in one answer
# The code of a request with invalid parameters, if it is not ValidationException.
_CODES = {
    "cloudwatch": "ValidationError",
    "ec2": "InvalidParameterValue",
    "logs": "InvalidParameterException",
    "s3": "InvalidRequest",
    "sagemaker-runtime": "ValidationError",
    "sns": "InvalidParameter",
    "sqs": "InvalidParameterValue",
}


REFUSED = "embedded.refused"  # in the WSGI environment of a request that the service's model refuses


class Refusal(ServiceException):
    """A request that is refused, by code and message; moto writes it in the protocol of the call."""


Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


class RequestCheck:
    """A WSGI application that validates each request by its service's model before it is passed to `application`."""

    def __init__(self, application: Application) -> None:
        self._application = application
        # The models have no SerializationException, and some have no ValidationException.
        warnings.filterwarnings("ignore", message=r"Exception\(Refusal\) with code", category=UserWarning)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers a request; called by the server."""
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = io.BytesIO(body)
        answer = _refusal(environ, body)
        environ["wsgi.input"] = io.BytesIO(body)
        environ.pop("werkzeug.request", None)
        if answer is None:
            return self._application(environ, start_response)
        environ[REFUSED] = True
        status, headers, content = answer
        start_response(f"{status} Bad Request", list(headers.items()))
        return [content]


def faults(check: Check, parameters: Any) -> Findings:
    """All faults of an operation's parameters."""
    found = Findings()
    check(parameters, "", found)
    return found


def message(found: Findings) -> str:
    """The sentence of AWS's refusal."""
    count, named = len(found.sentences), found.sentences[:_MOST]
    return f"{count} validation error{'s' * (count > 1)} detected: {'; '.join(named)}"


def check_of(service: ServiceModel, operation: OperationModel, *, raw: bool) -> Check | None:
    """The compiled check of an operation's input; None for an operation without one."""
    shape = operation.input_shape
    return _compiler(service.service_name, raw).check(shape) if shape is not None else None


@functools.cache
def _compiler(_service: str, raw: bool) -> Compiler:
    return Compiler(raw=raw)


def _refusal(environ: dict[str, Any], body: bytes) -> tuple[int, dict[str, str], bytes] | None:
    try:
        call = read(environ, body)
    except UnreadableError as error:
        return _error(error.call, Refusal("SerializationException", str(error)))
    if call is None:
        return None
    environ[CALL] = call  # for the next WSGI application
    check = check_of(call.service, call.operation, raw=call.raw)
    found = faults(check, call.parameters) if check is not None else Findings()
    if found.misshapen is not None:
        return _error(call, Refusal("SerializationException", found.misshapen))
    if found.sentences:
        code = _CODES.get(call.service.service_name)
        code = code or ("ValidationError" if call.protocol in ("query", "rest-xml") else "ValidationException")
        LOG.info("%s %s refused: %s", call.service.service_name, call.operation.name, code)
        return _error(call, Refusal(code, message(found)))
    for rule in RULES.get(call.service.service_name, ()):
        sentence = rule.refusal(call.parameters, NOTHING) if rule.operation == call.operation.name else None
        if sentence is not None:
            return _error(call, Refusal(rule.code, sentence))
    return None


def _error(call: Call, error: ServiceException) -> tuple[int, dict[str, str], bytes]:
    serializer = get_serializer_class(call.service.service_name, call.protocol)(operation_model=call.operation)
    answer = serializer.serialize(error)
    body = answer["body"]
    headers = {name: str(value) for name, value in answer["headers"].items()}
    return answer["status_code"], headers, body.encode() if isinstance(body, str) else body
