"""What every part of the embedded cloud is given: its settings, its processes, the way to put an event on the bus."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from embedded.access import Registry
from embedded.clock import Clock
from embedded.processes import ProcessGroup

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"

Emit = Callable[[str, str, dict[str, object], list[str]], None]


class NotStartedError(RuntimeError):
    """A part of the cloud was used before the cloud was up."""


def _not_started(source: str, detail_type: str, detail: dict[str, object], resources: list[str]) -> None:
    raise NotStartedError(f"the embedded cloud is not up: the event {detail_type!r} of {source} has no bus to go to")


@dataclass
class Context:
    """Shared by all parts of one embedded cloud; `emit` and `endpoint_url` are set once the server is up.

    `lacking` names the instance types of which SageMaker has no machine: training jobs on them fail as on AWS.
    `emit(source, detail_type, detail, resources)` puts an event on the default EventBridge bus and returns at once.
    """

    speed: float
    workdir: Path
    processes: ProcessGroup
    account_id: str = ACCOUNT_ID
    region: str = REGION
    lacking: frozenset[str] = frozenset()
    endpoint_url: str = ""
    emit: Emit = field(default=_not_started)
    access: Registry = field(default_factory=lambda: Registry(ACCOUNT_ID))

    @property
    def clock(self) -> Clock:
        """The clock that shortens waits by `speed`."""
        return Clock(self.speed)

    def exports(self, principal: str | None = None) -> dict[str, str]:
        """The environment by which any AWS client talks to this cloud, as the developer or as a given principal."""
        credentials = self.access.issue(principal) if principal else self.access.developer
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            **credentials.exports(),
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
