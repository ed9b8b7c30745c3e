"""Identities that AWS vouches for, by a signed request for STS's GetCallerIdentity.

A person's command signs the request with the person's credentials and hands on its headers. Who wants to know sends the
request to STS, which verifies the signature and answers the identity. The request bears the digest of a statement, so
that it proves nothing else; AWS takes it for 15 minutes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from cloud import CloudError
from cloud.platform import client

STATEMENT = "x-perennial-statement"  # the header with the statement's SHA-256
AUTHORIZATION, DATE, TOKEN = "authorization", "x-amz-date", "x-amz-security-token"
LONGEST = 16_384  # characters of a header; a session token has some 1,500
_BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=[A-Za-z0-9]{1,128}/\d{8}/[a-z0-9-]+/sts/aws4_request, SignedHeaders=([a-z0-9;-]+), "
    r"Signature=[0-9a-f]{64}"
)
_NEEDED = {"host", DATE, STATEMENT}  # of the headers, those that the signature covers
_GLOBAL = "https://sts.amazonaws.com"
_REFUSALS = (
    *("SignatureDoesNotMatch", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException", "RequestExpired"),
    *("IncompleteSignature", "AccessDenied", "MissingAuthenticationToken"),
)


class UnprovenError(CloudError):
    """AWS does not vouch for the identity of a caller; the message states the reason."""


@dataclass(frozen=True)
class Identity:
    """The principal as STS names it. `user_id` is unique and never used again: AIDA..., or AROA...:SESSION."""

    arn: str
    account: str
    user_id: str


def prove(statement: bytes) -> dict[str, str]:
    """The headers of a request for the caller's identity, signed and bound to a statement."""
    import boto3
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    headers = {"Content-Type": _TYPE, STATEMENT: _digest(statement)}
    request = AWSRequest("POST", f"{_endpoint()}/", data=_BODY, headers=headers)
    SigV4Auth(boto3.Session().get_credentials(), "sts", client("sts").meta.region_name).add_auth(request)
    signed = {name.lower(): str(value) for name, value in request.headers.items()}
    return {name: signed[name] for name in (AUTHORIZATION, DATE, TOKEN, STATEMENT) if name in signed}


def proven(headers: object, statement: bytes) -> Identity:
    """The identity that STS answers to the headers of `prove`, of this account and for this statement.

    The request goes to this account's own STS: nothing in the headers names another place. Raises UnprovenError.
    """
    given = _checked(headers, statement)
    try:
        found = _asking(given).get_caller_identity()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _REFUSALS:
            raise
        raise UnprovenError(f"STS refuses its signature ({error.response['Error']['Code']})") from None
    identity = Identity(found["Arn"], found["Account"], found["UserId"])
    if identity.account != client("sts").get_caller_identity()["Account"]:
        raise UnprovenError(f"{identity.arn} is of another account")
    return identity


def _asking(given: Mapping[str, str]) -> Any:
    """A client of STS that sends the given headers in place of a signature of its own."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    settings = Config(signature_version=UNSIGNED, retries={"mode": "standard", "total_max_attempts": 5})
    sts = boto3.client("sts", endpoint_url=_endpoint(), config=settings)
    sts.meta.events.register("before-call.sts.GetCallerIdentity", lambda params, **_: params["headers"].update(given))
    return sts


def _checked(headers: object, statement: bytes) -> dict[str, str]:
    """The headers, if they have the form of `prove` and name the statement. Raises UnprovenError."""
    names = {AUTHORIZATION, DATE, STATEMENT}
    if not isinstance(headers, Mapping) or set(headers) - {TOKEN} != names:
        raise UnprovenError("the answer bears no signature of its sender")
    given = {str(name): value for name, value in headers.items()}
    if not all(isinstance(value, str) and value.isprintable() and len(value) <= LONGEST for value in given.values()):
        raise UnprovenError("the answer bears no signature of its sender")
    match = _SIGNED.fullmatch(given[AUTHORIZATION])
    if match is None or not set(match[1].split(";")) >= _NEEDED:
        raise UnprovenError("the signature of the answer does not cover what it says")
    if given[STATEMENT] != _digest(statement):
        raise UnprovenError("the signature is of another answer")
    return given


def _digest(statement: bytes) -> str:
    return hashlib.sha256(statement).hexdigest()


def _endpoint() -> str:
    """The STS of the region, also for who is set to use the global one: the signature covers its name."""
    sts = client("sts")
    found = str(sts.meta.endpoint_url).rstrip("/")
    return f"https://sts.{sts.meta.region_name}.amazonaws.com" if found == _GLOBAL else found
