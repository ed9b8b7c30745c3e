"""The account that the embedded cloud is: its quotas, and those that were raised."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from awsrules.quotas import KINDS, Kind, Quota, find


class AccountError(ValueError):
    """There is no such kind of account, or no such quota."""


class Account:
    """A new or a used account. Thread-safe.

    Args:
        kind: 'new' or 'grown'.
        raised: quotas that differ from the account's defaults, by name. Raises AccountError for an unknown one.
    """

    def __init__(self, kind: str = "grown", raised: Mapping[str, float] | None = None) -> None:
        kinds: dict[str, Kind] = {known: known for known in KINDS}
        if kind not in kinds:
            raise AccountError(f"there is no account {kind!r}: {' or '.join(KINDS)}")
        self.kind: Kind = kinds[kind]
        self._lock = threading.Lock()
        self._raised: dict[str, float] = {}
        for name, value in (raised or {}).items():
            quota = find(name)
            if quota is None:
                raise AccountError(f"there is no quota {name!r}; one is, for example, 'ml.m5.large for endpoint usage'")
            self.grant(quota, value)

    def granted(self, quota: Quota) -> float:
        """The value of a quota in this account."""
        with self._lock:
            return self._raised.get(quota.name, quota.value(self.kind))

    def grant(self, quota: Quota, value: float) -> None:
        """Sets the value of a quota."""
        with self._lock:
            self._raised[quota.name] = value
