"""Refusals in AWS's words: the error code and status of a reason, in the protocol of the service."""

import json
from collections.abc import Mapping
from enum import Enum, auto
from xml.sax.saxutils import escape

Answer = tuple[int, dict[str, str], bytes]


class Reason(Enum):
    """The reason of a refusal."""

    FOREIGN = auto()
    UNSIGNED = auto()
    MALFORMED = auto()
    KEY = auto()
    TOKEN = auto()
    SIGNATURE = auto()
    HEADERS = auto()
    BODY = auto()
    TIME = auto()
    EXPIRED = auto()


# The codes of S3, of the JSON protocols and of the query protocol; S3's status.
_WORDS = {
    Reason.FOREIGN: ("AccessDenied", "AccessDeniedException", "AccessDenied", 403),
    Reason.UNSIGNED: ("AccessDenied", "MissingAuthenticationTokenException", "MissingAuthenticationToken", 403),
    Reason.MALFORMED: ("AuthorizationHeaderMalformed", "IncompleteSignatureException", "IncompleteSignature", 400),
    Reason.KEY: ("InvalidAccessKeyId", "UnrecognizedClientException", "InvalidClientTokenId", 403),
    Reason.TOKEN: ("InvalidToken", "UnrecognizedClientException", "InvalidClientTokenId", 400),
    Reason.SIGNATURE: ("SignatureDoesNotMatch", "InvalidSignatureException", "SignatureDoesNotMatch", 403),
    Reason.HEADERS: ("AccessDenied", "InvalidSignatureException", "SignatureDoesNotMatch", 403),
    Reason.BODY: ("XAmzContentSHA256Mismatch", "InvalidSignatureException", "SignatureDoesNotMatch", 400),
    Reason.TIME: ("RequestTimeTooSkewed", "InvalidSignatureException", "SignatureDoesNotMatch", 403),
    Reason.EXPIRED: ("AccessDenied", "InvalidSignatureException", "SignatureDoesNotMatch", 403),
}


class DeniedError(Exception):
    """A request is refused; the message states the reason."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    def answer(self, headers: Mapping[str, str], service: str) -> Answer:
        """The refusal for a request with these headers (names in lower case); `service` is "" if unknown."""
        s3, json_code, query, status = _WORDS[self.reason]
        if "x-amz-target" in headers:  # JSON 1.0 and 1.1
            return _json(json_code, self.message, 403 if self.reason is Reason.FOREIGN else 400)
        if service not in ("s3", ""):
            if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
                return _query(query, self.message, 400 if self.reason is Reason.MALFORMED else 403)
            return _json(json_code, self.message, 403)  # REST and JSON
        return _xml(f"<Error>{_members(s3, self.message)}</Error>", status)


def _members(code: str, message: str) -> str:
    return f"<Code>{code}</Code><Message>{escape(message)}</Message>"


def _query(code: str, message: str, status: int) -> Answer:
    members = f"<Type>Sender</Type>{_members(code, message)}"
    return _xml(f"<ErrorResponse><Error>{members}</Error><RequestId>refused</RequestId></ErrorResponse>", status)


def _xml(text: str, status: int) -> Answer:
    content = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
    return status, {"Content-Type": "application/xml"}, content


def _json(code: str, message: str, status: int) -> Answer:
    content = json.dumps({"__type": code, "message": message}).encode()
    return status, {"Content-Type": "application/json", "X-Amzn-ErrorType": code}, content
