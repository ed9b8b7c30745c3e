"""AWS Signature Version 4 on the server: the claim of a request, and its signature computed again.

botocore's signers take ten times as long; the tests compare the two. See
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import calendar
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from botocore.utils import normalize_url_path

from embedded.access.refusals import DeniedError, Reason

ALGORITHM = "AWS4-HMAC-SHA256"
_CREDENTIAL = r"([A-Za-z0-9]+)/(\d{8})/([\w-]+)/([\w.-]+)/aws4_request"
_HEADER = re.compile(rf"{ALGORITHM} +Credential={_CREDENTIAL}, *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{{64}})")
_SCOPE = re.compile(_CREDENTIAL)
_PLAIN = re.compile(r"/|(?:/[A-Za-z0-9_~-]+)+/?")  # a path that neither encoding nor normalisation changes
_PLAIN_KEY = re.compile(r"/[A-Za-z0-9/_.~-]*")  # the same for S3, which does not normalise
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Claim:
    """The members of a request's signature."""

    access_key: str
    date: str
    region: str
    service: str
    signed: tuple[str, ...]
    signature: str
    stamp: str
    token: str | None
    lifetime: int | None = None  # seconds, only of a presigned request

    @property
    def scope(self) -> str:
        """The credential scope."""
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def read_claim(target: str, headers: Mapping[str, str]) -> Claim:
    """The claim in a request's header or query. Raises DeniedError if there is none, or it is malformed.

    Args:
        target: path and query, as they came.
        headers: names in lower case, values without surplus space.
    """
    stated = headers.get("authorization")
    if stated is None:
        return _presigned(target.partition("?")[2])
    match = _HEADER.fullmatch(stated)
    stamp = headers.get("x-amz-date") or _stamp_of(headers.get("date", ""))
    if match is None or not stamp.startswith(match[2]):
        raise DeniedError(Reason.MALFORMED, f"The Authorization header or the date is not of {ALGORITHM}.")
    names = tuple(match[5].split(";"))
    return Claim(match[1], match[2], match[3], match[4], names, match[6], stamp, headers.get("x-amz-security-token"))


def signature(claim: Claim, secret: str, method: str, target: str, headers: Mapping[str, str], payload: str) -> str:
    """The signature that the request must have; `payload` is the hash of the body, or its substitute."""
    path, _, query = target.partition("?")
    lines = [method, _path(path, claim.service), _query(query, presigned=claim.lifetime is not None)]
    lines += [f"{name}:{headers.get(name, '')}" for name in claim.signed]
    lines += ["", ";".join(claim.signed), payload]
    digest = sha256("\n".join(lines).encode("latin-1")).hexdigest()
    text = f"{ALGORITHM}\n{claim.stamp}\n{claim.scope}\n{digest}"
    return hmac.digest(signing_key(secret, claim), text.encode("latin-1"), "sha256").hex()


def signing_key(secret: str, claim: Claim) -> bytes:
    """The key of a day, a region and a service."""
    return _derived(secret, claim.date, claim.region, claim.service)


@lru_cache(maxsize=512)
def seconds_of(stamp: str) -> float:
    """A time such as 20261126T120000Z as seconds of the system's clock. Raises DeniedError for another text."""
    try:
        return float(calendar.timegm(time.strptime(stamp, _STAMP)))
    except ValueError as error:
        raise DeniedError(Reason.MALFORMED, "The request's date is no time of the form 20261126T120000Z.") from error


@lru_cache(maxsize=512)
def _derived(secret: str, *scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (*scope, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _presigned(query: str) -> Claim:
    if "X-Amz-Signature=" not in query:
        raise DeniedError(Reason.UNSIGNED, f"The request is not signed with {ALGORITHM}.")
    values = dict(parse_qsl(query, keep_blank_values=True))
    match = _SCOPE.fullmatch(values.get("X-Amz-Credential", ""))
    lifetime, stamp = values.get("X-Amz-Expires", ""), values.get("X-Amz-Date", "")
    sound = values.get("X-Amz-Algorithm") == ALGORITHM and lifetime.isascii() and lifetime.isdigit()
    if match is None or not sound or not stamp.startswith(match[2]) or int(lifetime[:9]) > 7 * 86400:
        raise DeniedError(Reason.MALFORMED, f"The query's parameters are not of {ALGORITHM}, or it lasts over a week.")
    names = tuple(values.get("X-Amz-SignedHeaders", "").split(";"))
    token = values.get("X-Amz-Security-Token")
    given = values.get("X-Amz-Signature", "")
    return Claim(match[1], match[2], match[3], match[4], names, given, stamp, token, int(lifetime[:9]))


def _stamp_of(date: str) -> str:
    """The stamp of a Date header, or ""."""
    try:
        return parsedate_to_datetime(date).strftime(_STAMP)
    except ValueError:
        return ""


def _path(path: str, service: str) -> str:
    if service == "s3":
        return path if _PLAIN_KEY.fullmatch(path) else _encoded(path, "/")
    if _PLAIN.fullmatch(path):
        return path
    return quote(normalize_url_path(path), safe="/~", encoding="latin-1")


def _query(query: str, *, presigned: bool) -> str:
    if not query:
        return ""
    pairs = [part.partition("=") for part in query.split("&") if part]
    encoded = sorted((_encoded(name), _encoded(value)) for name, _, value in pairs)
    return "&".join(f"{name}={value}" for name, value in encoded if not presigned or name != "X-Amz-Signature")


def _encoded(text: str, safe: str = "") -> str:
    if _UNRESERVED.fullmatch(text):
        return text
    return quote(unquote_to_bytes(text.encode("latin-1")), safe=f"{safe}~")
