"""Requests from web pages: refused by the headers that a browser adds, and by their host."""

from collections.abc import Mapping

from embedded.access.refusals import DeniedError, Reason
from embedded.port import HOST

_SITES = ("none", "same-origin")


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
