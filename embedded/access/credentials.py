"""The credentials of one run of the cloud: random, and each of one principal."""

import base64
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

LONG_TERM, TEMPORARY = "AKIA", "ASIA"  # the prefixes of AWS's access key ids


@dataclass(frozen=True)
class Credentials:
    """A key pair of the principal with that ARN; temporary credentials have a session token as well."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(repr=False)
    principal: str

    def arguments(self) -> dict[str, str | None]:
        """The arguments of boto3's sessions."""
        return {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_session_token": self.session_token,
        }

    def exports(self) -> dict[str, str]:
        """The environment variables of an AWS client; an empty token replaces one that is set already."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.session_token or "",
        }


class Registry:
    """Issues credentials and finds them by their access key; thread-safe. They are never written to a file."""

    def __init__(self, account_id: str) -> None:
        self._lock = threading.Lock()
        self._by_key: dict[str, Credentials] = {}
        self._by_principal: dict[str, Credentials] = {}
        self._others: list[Callable[[str], Credentials | None]] = []
        self.developer = self._issue(f"arn:aws:iam::{account_id}:user/developer", LONG_TERM)
        self.cloud = self._issue(f"arn:aws:iam::{account_id}:role/aws-service-role/embedded-cloud", TEMPORARY)

    def issue(self, principal: str) -> Credentials:
        """The temporary credentials of a principal, for example of a role's ARN: the same ones for each call."""
        with self._lock:
            known = self._by_principal.get(principal)
            return known or self._issue(principal, TEMPORARY)

    def find(self, access_key: str) -> Credentials | None:
        """The credentials with that access key, or None."""
        known = self._by_key.get(access_key)
        if known is not None:
            return known
        return next((found for other in self._others if (found := other(access_key))), None)

    def issued(self, access_key: str) -> Credentials | None:
        """The credentials with that access key that were issued here, or None."""
        return self._by_key.get(access_key)

    def ask(self, other: Callable[[str], Credentials | None]) -> None:
        """Sets `other` as the lookup of keys that are not issued here."""
        self._others.append(other)

    def _issue(self, principal: str, prefix: str) -> Credentials:
        token = secrets.token_urlsafe(64) if prefix == TEMPORARY else None
        issued = Credentials(_access_key(prefix), secrets.token_urlsafe(30), token, principal)
        self._by_key[issued.access_key] = self._by_principal[principal] = issued
        return issued


def _access_key(prefix: str) -> str:
    return prefix + base64.b32encode(secrets.token_bytes(10)).decode()
