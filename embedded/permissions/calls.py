"""Counts of the calls that the embedded cloud answered: by principal, operation and outcome."""

import re
import threading
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from embedded.permissions import principals

MODEL = "service model"  # the outcome of a request that its service's model refuses
_CODE = re.compile(rb'"__type"\s*:\s*"(?:[^"#]*#)?(\w+)|<Code>([\w.]+)</Code>')
_HEADER = "x-amzn-errortype"
_SUCCESS = 400  # the statuses below it


class CallCount(NamedTuple):
    """One kind of calls.

    Args:
        principal: a role's name, a service's host, or `developer`.
        operation: the service and the operation, `s3:GetObject`.
        outcome: `ok`, an error code of AWS, or `service model`.
    """

    principal: str
    operation: str
    outcome: str


class CallCounter:
    """Counts calls; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[CallCount] = Counter()

    def add(self, principal: str, operation: str, outcome: str) -> None:
        """Counts one call; the embedded cloud's own are left out."""
        if principals.is_cloud(principal):
            return
        with self._lock:
            self._counts[CallCount(_short(principal), operation, outcome)] += 1

    def rows(self) -> list[tuple[str, str, str, int]]:
        """The kinds of calls with their numbers, sorted."""
        with self._lock:
            return sorted((*kind, number) for kind, number in self._counts.items())


def outcome(status: int, headers: Mapping[str, str], body: bytes) -> str:
    """The outcome of a call by its answer. Names of `headers` are in lower case."""
    if status < _SUCCESS:
        return "ok"
    named = headers.get(_HEADER, "").partition(":")[0].rpartition("#")[2]
    found = _CODE.search(body[:4096])
    return named or (next(one for one in found.groups() if one).decode() if found else str(status))


def _short(principal: str) -> str:
    if principal.startswith("service:"):
        return principal.removeprefix("service:").partition(" ")[0]
    return principals.role_name(principal) or principal.rsplit("/", 1)[-1]
