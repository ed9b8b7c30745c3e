"""The touch point with moto's SageMaker runtime: InvokeEndpoint goes to the real server."""

import json
from urllib.parse import unquote

from moto.core.common_types import TYPE_RESPONSE
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from embedded.sagemaker.api import backend_of
from embedded.sagemaker.errors import RefusedError
from embedded.sagemaker.invocations import ATTRIBUTES, ModelError, TooLargeError


def install() -> None:
    """Replaces the runtime's operations; bodies stay bytes."""
    SageMakerRuntimeResponse.use_raw_body = True
    for name, operation in (("invoke_endpoint", _invoke_endpoint), ("invoke_endpoint_async", _refuse_async)):
        setattr(SageMakerRuntimeResponse, name, operation)


def _invoke_endpoint(self: SageMakerRuntimeResponse) -> TYPE_RESPONSE:
    name = unquote(self.path.split("/")[2])
    headers = {header.lower(): value for header, value in self.headers.items()}
    invocations = backend_of(self.current_account, self.region).invocations
    try:
        answer = invocations.invoke(name, self.raw_body or b"", headers)
    except RefusedError as error:
        return _error(error)
    sent = {"Content-Type": answer.content_type, "x-Amzn-Invoked-Production-Variant": answer.variant}
    if answer.custom_attributes:
        sent[ATTRIBUTES] = answer.custom_attributes
    return 200, sent, answer.body


def _refuse_async(_: SageMakerRuntimeResponse) -> TYPE_RESPONSE:
    return _error(RefusedError("ValidationError", "The embedded cloud does not imitate asynchronous inference."))


def _error(error: RefusedError) -> TYPE_RESPONSE:
    members: dict[str, object] = {"Message": error.message, "message": error.message}
    status = 400
    if isinstance(error, ModelError):
        status = 424
        members |= {
            "OriginalStatusCode": error.status,
            "OriginalMessage": error.original,
            "LogStreamArn": error.log_stream,
        }
    elif isinstance(error, TooLargeError):
        status = 413
    headers = {"status": status, "Content-Type": "application/json", "X-Amzn-ErrorType": error.code}
    return status, headers, json.dumps(members)
