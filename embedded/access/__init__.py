"""Access to the embedded cloud: which requests are admitted, and as which principal."""

from embedded.access.credentials import Credentials, Registry
from embedded.access.door import PRINCIPAL, Door
from embedded.access.refusals import DeniedError

__all__ = ["PRINCIPAL", "Credentials", "DeniedError", "Door", "Registry"]
