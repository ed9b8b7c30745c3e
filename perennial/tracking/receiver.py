"""The server that runs are told to: its URL, and the headers that authenticate the caller."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from perennial import PerennialError

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ReceiverError(PerennialError):
    """The URL or the credentials of a server cannot be used. The message holds no credentials."""


@dataclass(frozen=True)
class Receiver:
    """A server: `url` without a slash at its end, and the headers of each request, which are secret."""

    url: str
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, url: str, *, token: str = "", user: str = "", password: str = "") -> Receiver:
        """The server at a URL, with a bearer token, or a user with a password, or neither.

        Raises ReceiverError for a URL that is not http or https, or holds credentials, and for credentials over http
        to another machine.
        """
        headers: dict[str, str] = {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        elif user:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        try:
            parts = urlsplit(url)
            scheme, host = parts.scheme, parts.hostname or ""
        except ValueError:
            raise ReceiverError(f"'{url[:200]}' is no URL; expected https://HOST") from None
        if "@" in parts.netloc:
            raise ReceiverError("the URL of a tracking server holds credentials; give a token or a user apart from it")
        if scheme not in ("http", "https") or not host:
            raise ReceiverError(f"'{url[:200]}' is no URL of a tracking server; expected https://HOST")
        if headers and scheme == "http" and host not in _LOOPBACK:
            raise ReceiverError(f"credentials are sent over https only; {url[:200]} is http")
        return cls(url.rstrip("/"), headers)

    @classmethod
    def read(cls, url: str, secret: str) -> Receiver:
        """The server at a URL, with the credentials of a secret: {"token": ...} or {"user": ..., "password": ...}.

        An empty `secret` is none. Raises ReceiverError.
        """
        if not secret:
            return cls.of(url)
        try:
            given: dict[str, Any] = json.loads(secret)
            known = {name: given[name] for name in ("token", "user", "password") if name in given}
        except (ValueError, TypeError, RecursionError):
            known = {}
        if not all(isinstance(text, str) for text in known.values()) or not ({"token", "user"} & known.keys()):
            raise ReceiverError(
                'the secret of a tracking server is not JSON of the form {"token": "..."} or '
                '{"user": "...", "password": "..."}'
            )
        return cls.of(url, **known)
