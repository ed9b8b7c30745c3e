"""How an update's traffic goes over to the new fleet: at once, by a canary or in steps; and back, if an alarm rings."""

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded.clients import Clients
from embedded.context import Context
from embedded.sagemaker.errors import InvalidRequestError, NotImitatedError

if TYPE_CHECKING:
    from embedded.sagemaker.endpoints import Endpoint
    from embedded.sagemaker.fleets import Fleet

_MAX_CANARY = 0.5  # of the new fleet, by AWS's rule
_LOOK = 0.25  # seconds on the wall between two looks at the alarms


@dataclass(frozen=True)
class Step:
    """A share of the traffic (0 to 1) for the new fleet, and how long it stays so, in seconds of the cloud's time."""

    share: float
    seconds: float


@dataclass
class Rollout:
    """A DeploymentConfig.

    Args:
        context: the cloud.
        clients: its own clients.
        request: the DeploymentConfig of UpdateEndpoint, or nothing for all at once.
    """

    context: Context
    clients: Clients
    request: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.request.get("RollingUpdatePolicy"):
            raise NotImitatedError("a RollingUpdatePolicy")
        policy = self.request.get("BlueGreenUpdatePolicy") or {}
        self._routing: dict[str, Any] = policy.get("TrafficRoutingConfiguration") or {"Type": "ALL_AT_ONCE"}
        rollback = self.request.get("AutoRollbackConfiguration") or {}
        self._baking = float(policy.get("TerminationWaitInSeconds") or 0)
        self.alarms = [alarm["AlarmName"] for alarm in rollback.get("Alarms") or []]
        self.steps = self._steps()

    def shift_traffic(self, endpoint: "Endpoint", fleet: "Fleet") -> str | None:
        """Gives the fleet its shares, step by step. Returns the reason when an alarm rings, else None."""
        for step in self.steps:
            endpoint.shift(fleet, step.share)
            reason = self._watch(step.seconds, endpoint.deleted)
            if reason is not None or endpoint.deleted.is_set():
                return reason
        return None

    def _steps(self) -> list[Step]:
        kind = self._routing.get("Type")
        wait = float(self._routing.get("WaitIntervalInSeconds") or 0)
        if kind == "ALL_AT_ONCE":
            return [Step(1.0, self._baking)]
        if kind == "CANARY":
            share = _share(self._routing.get("CanarySize"), "CanarySize")
            return [Step(share, wait), Step(1.0, self._baking)]
        if kind == "LINEAR":
            size = _share(self._routing.get("LinearStepSize"), "LinearStepSize")
            count = round(1 / size)
            return [*(Step(size * index, wait) for index in range(1, count)), Step(1.0, self._baking)]
        raise InvalidRequestError(
            f"TrafficRoutingConfiguration: Type must be ALL_AT_ONCE, CANARY or LINEAR, got {kind}."
        )

    def _watch(self, seconds: float, deleted: threading.Event) -> str | None:
        deadline = time.monotonic() + self.context.clock.scaled(seconds)
        while True:
            ringing = self._ringing()
            if ringing:
                return f"One or more configured alarm(s) are in ALARM state: {', '.join(ringing)}"
            left = deadline - time.monotonic()
            if left <= 0 or deleted.wait(timeout=min(left, _LOOK)):
                return None

    def _ringing(self) -> list[str]:
        if not self.alarms:
            return []
        answer = self.clients("cloudwatch").describe_alarms(AlarmNames=self.alarms)
        alarms = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
        return sorted(alarm["AlarmName"] for alarm in alarms if alarm.get("StateValue") == "ALARM")


def _share(size: dict[str, Any] | None, member: str) -> float:
    if not size or size.get("Type") not in ("CAPACITY_PERCENT", "INSTANCE_COUNT"):
        raise InvalidRequestError(f"TrafficRoutingConfiguration: {member} is missing or has no Type.")
    if size["Type"] == "INSTANCE_COUNT":
        raise NotImitatedError(f"{member} by INSTANCE_COUNT: give CAPACITY_PERCENT")
    share = float(size["Value"]) / 100
    if not 0 < share <= _MAX_CANARY:
        raise InvalidRequestError(f"{member} must be above 0 and at most 50 percent, got {size['Value']}.")
    return share
