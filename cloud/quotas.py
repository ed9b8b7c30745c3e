"""Quotas and throttling: refusals of AWS that time resolves, and those that only a request to AWS resolves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from botocore.exceptions import ClientError

from awsrules import quotas
from cloud import CloudError

PATIENCE = timedelta(hours=6)  # for instances or calls that others use up
PAUSE = timedelta(minutes=2)  # between two tries
WAITS = PATIENCE // PAUSE
_LIMIT = "ResourceLimitExceeded"
_THROTTLING = (
    "ThrottlingException",
    "ThrottledException",
    "Throttling",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "ProvisionedThroughputExceededException",
)
_SENTENCE = re.compile(
    r"service limit '(?P<name>[^']+)' is (?P<limit>[\d.]+)\b.*?current utilization of (?P<used>[\d.]+)\b.*?"
    r"request delta of (?P<delta>[\d.]*\d)"
)


class QuotaError(CloudError):
    """A quota is smaller than what a request needs: no waiting helps. The hint is the request to AWS."""


class BusyError(CloudError):
    """AWS refused for now: a quota is used up by others, or calls come too fast."""


@dataclass(frozen=True)
class Shortage:
    """A quota that a request would exceed: its value, what is in use, and what the request adds."""

    name: str
    limit: float
    used: float
    delta: float

    @classmethod
    def of(cls, message: str) -> Shortage | None:
        """The shortage that SageMaker's message tells of; None for another message."""
        found = _SENTENCE.search(message)
        if found is None:
            return None
        return cls(found["name"], *(float(found[part]) for part in ("limit", "used", "delta")))

    def error(self, own: float = 0) -> QuotaError | BusyError:
        """The error to raise: QuotaError where waiting does not help.

        Args:
            own: what the resource to be updated itself uses, and keeps until the update has ended.
        """
        needed = own + self.delta
        known = f"the quota '{self.name}' of this account and region is {quotas.plain(self.limit)}"
        if needed > self.limit:
            return QuotaError(f"{known}, and {quotas.plain(needed)} are needed", self.request(needed))
        return BusyError(
            f"{known}; {quotas.plain(self.used)} are in use and {quotas.plain(self.delta)} more are needed",
            self.request(needed),
        )

    def request(self, needed: float) -> str:
        """The command by which the account asks AWS for more: enough for what is in use and what is needed."""
        quota = quotas.find(self.name) or quotas.Quota("sagemaker", self.name, 0, 0, "")
        return quotas.request(quota, max(needed, self.used + self.delta))


@contextmanager
def told(own: float = 0) -> Iterator[None]:
    """Raises refusals of AWS for quotas and throttling as QuotaError and BusyError; other errors as they are."""
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        found = refusal(code, message, own)
        if found is None:
            raise
        raise found from error


def refusal(code: str, message: str, own: float = 0) -> QuotaError | BusyError | None:
    """The error for a refusal; None for one that is about neither quotas nor throttling.

    Args:
        code: of the error, also with the prefix and suffix that Step Functions gives it.
        message: of the error; that of Step Functions has the code of the service in it.
        own: as for `Shortage.error`.
    """
    if _LIMIT in code:
        shortage = Shortage.of(message)
        return shortage.error(own) if shortage else QuotaError(message)
    if code in _THROTTLING or any(f"Error Code: {word};" in message for word in _THROTTLING):
        return BusyError(f"AWS throttles calls ({message.partition(' (Service')[0]})")
    return None
