"""Authorization of requests before moto: a call that its principal may not make is answered as AWS answers it.

It follows the check of signatures, which determines the principal, and the check of the request's parameters.
"""

from collections.abc import Callable, Iterable
from typing import Any

from moto.core.serialize import get_serializer_class

from embedded.access import PRINCIPAL
from embedded.permissions.authorizer import Authorizer, NotAuthorizedError
from embedded.permissions.evaluation import Access
from embedded.validation.parsing import CALL, Call
from embedded.validation.requests import Refusal

# The code of a refusal if it is not AccessDeniedException; the others answer with the status 400.
_CODES = {
    "cloudwatch": "AccessDenied",
    "iam": "AccessDenied",
    "s3": "AccessDenied",
    "sns": "AuthorizationError",
    "sqs": "AccessDenied",
    "sts": "AccessDenied",
}
_FORBIDDEN = 403
_BY_STATUS = frozenset({*_CODES, "lambda", "sagemaker-runtime", "scheduler"})
_ABSENT = ("GetObject", "HeadObject")  # S3 answers 404 only to principals who may list the bucket

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
Answer = tuple[int, dict[str, str], bytes]


class Gate:
    """A WSGI application that authorizes each request before it is passed to `application`."""

    def __init__(self, application: Application, authorizer: Authorizer) -> None:
        self._application = application
        self._authorizer = authorizer

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answers a request; called by the server."""
        call, principal = environ.get(CALL), str(environ.get(PRINCIPAL, ""))
        if call is None:  # no operation of a service: moto answers with its own error
            return self._application(environ, start_response)
        service, operation = call.service.service_name, call.operation.name
        try:
            self._authorizer.call(principal, service, operation, call.parameters)
        except NotAuthorizedError as error:
            return _refuse(call, str(error), start_response)
        if service == "s3" and operation in _ABSENT:
            return self._hiding(call, principal, environ, start_response)
        return self._application(environ, start_response)

    def _hiding(self, call: Call, principal: str, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """The answer, with 403 instead of 404 for a principal who may not list the bucket."""
        started: list[tuple[str, Any]] = []
        parts = self._application(environ, lambda status, headers, *_: started.append((status, headers)))
        status, headers = started[-1]
        if status.startswith("404"):
            bucket = f"arn:aws:s3:::{call.parameters['Bucket']}"
            try:
                self._authorizer.require(principal, [Access("s3:ListBucket", bucket)])
            except NotAuthorizedError as error:
                return _refuse(call, str(error), start_response)
        start_response(status, headers)
        return parts


def _refuse(call: Call, message: str, start_response: Any) -> Iterable[bytes]:
    status, headers, body = refusal(call, message)
    start_response(f"{status} Forbidden", list(headers.items()))
    return [body]


def refusal(call: Call, message: str) -> Answer:
    """The answer of a service that refuses a call."""
    service = call.service.service_name
    error = Refusal(_CODES.get(service, "AccessDeniedException"), message)
    serializer = get_serializer_class(service, call.protocol)(operation_model=call.operation)
    answer = serializer.serialize(error)
    status = _FORBIDDEN if service in _BY_STATUS else int(answer["status_code"])
    headers = {name: str(value) for name, value in answer["headers"].items()}
    body = answer["body"]
    return status, headers, body.encode() if isinstance(body, str) else body
