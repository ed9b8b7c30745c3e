"""How an update's traffic goes over to the new fleet: at once, by a canary or in steps; and back, if an alarm rings."""

import threading
import time
from typing import TYPE_CHECKING, Any

from embedded.context import Clients, Context
from embedded.sagemaker.deployment_config import MAX_EXECUTION, TrafficStep, check, steps

if TYPE_CHECKING:
    from embedded.sagemaker.endpoints import Endpoint
    from embedded.sagemaker.fleets import Fleet

_POLL = (2.0, 0.05, 0.25)  # seconds between two looks at the alarms: of the cloud's time; on the wall at least, at most


class TrafficShift:
    """A DeploymentConfig. Raises InvalidRequestError or NotEmulatedError for one that AWS, or this cloud, refuses.

    Args:
        context: the cloud.
        clients: its own clients.
        request: the DeploymentConfig of UpdateEndpoint, or nothing for all at once.
        instances: of the new fleet.
    """

    def __init__(self, context: Context, clients: Clients, request: dict[str, Any], instances: int) -> None:
        check(request)
        self.request = request
        self._clock = context.clock
        self._clients = clients
        policy = request.get("BlueGreenUpdatePolicy") or {}
        rollback = request.get("AutoRollbackConfiguration") or {}
        self.alarms: list[str] = [alarm["AlarmName"] for alarm in rollback.get("Alarms") or []]
        self.steps: list[TrafficStep] = steps(policy, instances)
        self._longest = float(policy.get("MaximumExecutionTimeoutInSeconds") or MAX_EXECUTION)
        self._deadline = float("inf")
        pause, least, most = _POLL
        self._poll_seconds = min(max(self._clock.scaled(pause), least), most)

    def begin(self) -> None:
        """The deployment's time runs from now on."""
        self._deadline = time.monotonic() + self._clock.scaled(self._longest)

    def shift_traffic(self, endpoint: "Endpoint", fleet: "Fleet") -> str | None:
        """Gives the fleet its shares, step by step. Returns the reason when it has to go back, else None."""
        for step in self.steps:
            fleet.set_stage("ActivatingTraffic")
            endpoint.shift_traffic(fleet, step.share)
            fleet.set_stage("Baking")
            reason = self._watch(step.seconds, endpoint.deleted)
            if reason is not None or endpoint.deleted.is_set():
                return reason
        return None

    def _watch(self, seconds: float, deleted: threading.Event) -> str | None:
        end = time.monotonic() + self._clock.scaled(seconds)
        while True:
            alarms = self._alarms_in_alarm()
            if alarms:
                return f"One or more configured alarm(s) are in ALARM state: {', '.join(alarms)}"
            now = time.monotonic()
            if now >= self._deadline:
                return f"The deployment has exceeded its MaximumExecutionTimeoutInSeconds of {self._longest:.0f}"
            if now >= end or deleted.wait(timeout=min(end - now, self._poll_seconds)):
                return None

    def _alarms_in_alarm(self) -> list[str]:
        if not self.alarms:
            return []
        answer = self._clients("cloudwatch").describe_alarms(AlarmNames=self.alarms)
        alarms = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
        return sorted(alarm["AlarmName"] for alarm in alarms if alarm.get("StateValue") == "ALARM")
