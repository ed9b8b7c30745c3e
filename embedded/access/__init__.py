"""Access to the embedded cloud: the check of signatures and of hosts, and the principal of each request."""

from embedded.access.authentication import PRINCIPAL, Authenticator
from embedded.access.credentials import Credentials, Registry
from embedded.access.refusals import DeniedError

__all__ = ["PRINCIPAL", "Authenticator", "Credentials", "DeniedError", "Registry"]
