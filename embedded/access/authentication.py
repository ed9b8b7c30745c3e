"""Authentication of each request to the cloud, in two steps: before its body is read, and with it."""

import hmac
import time
from collections.abc import Mapping
from urllib.parse import unquote

from embedded.access import bodies, signatures
from embedded.access.credentials import Credentials, Registry
from embedded.access.refusals import Answer, DeniedError, Reason
from embedded.access.signatures import Claim
from embedded.port import HOST

PRINCIPAL = "perennial.principal"  # the key of the principal's ARN in a WSGI environment
SKEW_SECONDS = 15 * 60
_SITES = ("none", "same-origin")
_CLOSED = ("/moto-api", "/latest/meta-data", "/latest/api", "/favicon.ico")  # moto's own path, which AWS does not have
_NEXT = 'Take the keys of this start: eval "$(perennial up --detach)"'


class Origins:
    """The hosts of the server at a port, and the check of a request against them.

    Only these names are accepted: under DNS rebinding a browser sends the page's host.
    """

    def __init__(self, port: int) -> None:
        self._hosts = (f"{HOST}:{port}", f"localhost:{port}")

    def check(self, method: str, target: str, headers: Mapping[str, str]) -> None:
        """Raises DeniedError for a request from a web page, or to another host; header names are in lower case."""
        host = headers.get("host", "")
        if host not in self._hosts:
            raise DeniedError(
                Reason.FOREIGN, f"The Host header is {host[:100]!r}; the embedded cloud answers to {self._hosts[0]}."
            )
        if not target.startswith("/"):
            raise DeniedError(Reason.FOREIGN, "The request's target is no path.")
        if method == "OPTIONS":
            raise DeniedError(Reason.FOREIGN, "CORSResponse: the embedded cloud allows no other origin.")
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            raise DeniedError(Reason.FOREIGN, f"The request comes from a page of {origin[:100]!r}.")
        if headers.get("sec-fetch-site", "none") not in _SITES:
            raise DeniedError(Reason.FOREIGN, "The request comes from a page of another site.")


class Authenticator:
    """Authenticates requests to the server at a port by the credentials of the registry."""

    def __init__(self, port: int, registry: Registry) -> None:
        self._origins = Origins(port)
        self._registry = registry

    def examine(self, method: str, target: str, headers: Mapping[str, str]) -> Claim:
        """The claim of a request whose body is not read yet. Raises DeniedError.

        Args:
            method: of the request.
            target: path and query, as they came.
            headers: names in lower case; values without surplus space, those of one name joined by commas.
        """
        self._origins.check(method, target, headers)
        claim = signatures.read_claim(target, headers)
        if f"/{unquote(target).lstrip('/')}".startswith(_CLOSED):
            raise DeniedError(Reason.FOREIGN, "The embedded cloud does not serve this path.")
        if claim.lifetime is not None and claim.service != "s3":
            raise DeniedError(Reason.MALFORMED, "The embedded cloud takes presigned requests to S3 alone.")
        self._credentials(claim)
        _check_time(claim)
        _check_names(claim, headers)
        return claim

    def admit(self, claim: Claim, method: str, target: str, headers: Mapping[str, str], body: bytes) -> str:
        """The ARN of the principal that signed the request with this body. Raises DeniedError."""
        found = self._credentials(claim)
        payload = bodies.payload(claim, headers, body)
        made = signatures.signature(claim, found.secret_key, method, target, headers, payload)
        if not hmac.compare_digest(made.encode(), claim.signature.encode("latin-1", "replace")):
            raise DeniedError(
                Reason.SIGNATURE,
                f"The request signature we calculated does not match the signature you provided. {_NEXT}",
            )
        bodies.check_chunks(claim, signatures.signing_key(found.secret_key, claim), headers, body)
        return found.principal

    def refusal(self, error: DeniedError, target: str, headers: Mapping[str, str]) -> Answer:
        """The response to a request that was refused, in the protocol of its service."""
        try:
            service = signatures.read_claim(target, headers).service
        except DeniedError:
            service = ""
        return error.answer(headers, service)

    def _credentials(self, claim: Claim) -> Credentials:
        found = self._registry.find(claim.access_key)
        if found is None:
            raise DeniedError(Reason.KEY, f"The AWS access key id you provided does not exist in our records. {_NEXT}")
        if not hmac.compare_digest((found.session_token or "").encode(), (claim.token or "").encode()):
            raise DeniedError(Reason.TOKEN, f"The security token included in the request is invalid. {_NEXT}")
        return found


def _check_time(claim: Claim) -> None:
    age = time.time() - signatures.seconds_of(claim.stamp)
    if claim.lifetime is not None and age > claim.lifetime:
        raise DeniedError(Reason.EXPIRED, "Request has expired")
    if age < -SKEW_SECONDS or (claim.lifetime is None and age > SKEW_SECONDS):
        raise DeniedError(
            Reason.TIME, "The difference between the request time and the current time is over 15 minutes."
        )


def _check_names(claim: Claim, headers: Mapping[str, str]) -> None:
    if "host" not in claim.signed:
        raise DeniedError(Reason.MALFORMED, "The Host header is not signed.")
    loose = [name for name in headers if name.startswith("x-amz-") and name not in claim.signed]
    if loose:
        raise DeniedError(
            Reason.HEADERS, f"There were headers present in the request which were not signed: {', '.join(loose)}"
        )
