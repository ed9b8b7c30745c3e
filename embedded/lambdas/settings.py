"""What a deployed function is, as far as running it is concerned."""

from dataclasses import dataclass
from pathlib import Path

DEFAULT_CONCURRENCY = 4


@dataclass(frozen=True)
class FunctionSettings:
    """One function as deployed; two that are equal may share warm processes.

    `timeout` in seconds, `memory` in MB, `code` the directory of its code, `reserved` its reserved concurrency.
    """

    name: str
    arn: str
    handler: str
    code: Path
    timeout: float
    memory: int
    environment: tuple[tuple[str, str], ...]
    log_group: str
    log_format: str = "Text"
    version: str = "$LATEST"
    reserved: int | None = None

    @property
    def concurrency(self) -> int:
        """How many processes may run it at once; without a reservation a small number, for one machine."""
        return DEFAULT_CONCURRENCY if self.reserved is None else self.reserved


class StoppedError(RuntimeError):
    """The cloud is ending: no function runs any more."""


class ThrottledError(RuntimeError):
    """The function's reserved concurrency is used up (Lambda's TooManyRequestsException)."""
