"""The context that every part of the embedded cloud is given: settings, clock, processes, boto3 clients, event bus."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from embedded.access import Registry
from embedded.account import Account
from embedded.permissions.authorizer import Authorizer
from embedded.permissions.usage import Usage
from embedded.processes import ProcessGroup

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"

Emit = Callable[[str, str, dict[str, object], list[str]], None]
Deliver = Callable[[str, str, str], None]


class SpeedError(ValueError):
    """The speed is not above 0."""


@dataclass(frozen=True)
class Clock:
    """Time that runs `speed` times as fast as on the wall: waits, retry intervals and schedules are shortened.

    Args:
        speed: a factor above 0; 20 makes a wait of 10 s take 0.5 s.
    """

    speed: float = 1.0

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise SpeedError(f"speed must be above 0, got {self.speed}")

    def scaled(self, seconds: float) -> float:
        """The seconds on the wall for `seconds` of the cloud."""
        return seconds / self.speed


class NotStartedError(RuntimeError):
    """A part of the cloud was used before the cloud was started."""


def _not_started(source: str, detail_type: str, detail: dict[str, object], resources: list[str]) -> None:
    raise NotStartedError(f"the embedded cloud is not up: the event {detail_type!r} of {source} has no event bus")


def _undelivered(source_arn: str, target_arn: str, body: str) -> None:
    raise NotStartedError(f"the embedded cloud is not up: nothing of {source_arn} can be delivered to {target_arn}")


def _no_alarms(now: float) -> bool:
    return False


@dataclass
class Context:
    """Shared by all parts of one embedded cloud; `emit` and `endpoint_url` are set once the server is up.

    `without_capacity` names instance types for which SageMaker has no capacity: training jobs on them fail as on AWS.
    `account` has the quotas.
    `emit(source, detail_type, detail, resources)` puts an event on the default EventBridge bus and returns at once.
    `deliver(source_arn, target_arn, body)` sends a text of a service that acts for a resource, and returns at once.
    `evaluate_alarms(now)` evaluates one minute of each alarm that is due, and returns whether any was due.
    """

    speed: float
    workdir: Path
    processes: ProcessGroup
    account_id: str = ACCOUNT_ID
    region: str = REGION
    without_capacity: frozenset[str] = frozenset()
    endpoint_url: str = ""
    emit: Emit = field(default=_not_started)
    deliver: Deliver = field(default=_undelivered)
    evaluate_alarms: Callable[[float], bool] = field(default=_no_alarms)
    account: Account = field(default_factory=Account)
    access: Registry = field(default_factory=lambda: Registry(ACCOUNT_ID))
    authorizer: Authorizer = field(default_factory=lambda: Authorizer(ACCOUNT_ID, REGION, Usage()))

    @property
    def clock(self) -> Clock:
        """The clock that shortens waits by `speed`."""
        return Clock(self.speed)

    def exports(self, principal: str | None = None) -> dict[str, str]:
        """The environment variables that point any AWS client at this cloud, as the developer or another principal."""
        credentials = self.access.issue(principal) if principal else self.access.developer
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            **credentials.exports(),
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


_CONFIG = Config(max_pool_connections=16, retries={"mode": "standard", "total_max_attempts": 2}, proxies={})


class Clients:
    """boto3 clients of the cloud itself or of a principal, one per service, made when first needed; thread-safe."""

    def __init__(self, context: Context, principal: str = "") -> None:
        credentials = context.access.issue(principal) if principal else context.access.cloud
        self._context = context
        self._others: dict[str, Clients] = {}
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}
        self._session = boto3.session.Session(region_name=context.region, **credentials.arguments())

    def __call__(self, service: str) -> Any:
        """The client of `service`, for example "s3"."""
        with self._lock:  # making clients is not thread-safe in boto3
            if service not in self._clients:
                self._clients[service] = self._session.client(
                    service, endpoint_url=self._context.endpoint_url, config=_CONFIG
                )
            return self._clients[service]

    def acting_as(self, principal: str) -> "Clients":
        """The clients of another principal, whose rights its calls need."""
        with self._lock:
            if principal not in self._others:
                self._others[principal] = Clients(self._context, principal)
            return self._others[principal]
