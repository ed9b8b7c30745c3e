"""Blue/green deployments: start the new fleet, shift the traffic by the DeploymentConfig, roll back on an alarm."""

import logging
import threading
import time
from typing import Any

from embedded.context import Clients, Context
from embedded.sagemaker.deployment_config import MAX_EXECUTION, TrafficStep, check, steps
from embedded.sagemaker.endpoints import Endpoint
from embedded.sagemaker.fleets import Fleet
from embedded.sagemaker.server import StartError

logger = logging.getLogger(__name__)

# Seconds between two readings of the alarms: at the cloud's speed, and the least and the most on the wall.
_POLL = (2.0, 0.05, 0.25)


class TrafficShift:
    """A DeploymentConfig. Raises InvalidRequestError or NotEmulatedError for one that AWS, or this cloud, refuses.

    Args:
        context: the cloud.
        clients: its own clients.
        request: the DeploymentConfig of UpdateEndpoint; empty for all at once.
        instances: the instance count of the new fleet.
    """

    def __init__(self, context: Context, clients: Clients, request: dict[str, Any], instances: int) -> None:
        check(request)
        self.request = request
        self._clock = context.clock
        self._evaluate_alarms = context.evaluate_alarms
        self._clients = clients
        policy = request.get("BlueGreenUpdatePolicy") or {}
        rollback = request.get("AutoRollbackConfiguration") or {}
        self.alarms: list[str] = [alarm["AlarmName"] for alarm in rollback.get("Alarms") or []]
        self.steps: list[TrafficStep] = steps(policy, instances)
        self._timeout = float(policy.get("MaximumExecutionTimeoutInSeconds") or MAX_EXECUTION)
        self._started = time.monotonic()
        self._spent = 0.0
        pause, least, most = _POLL
        self._poll_seconds = min(max(self._clock.scaled(pause), least), most)

    def start_timeout(self) -> None:
        """Starts MaximumExecutionTimeoutInSeconds.

        Waits count at the cloud's speed. The start of servers and the reading of alarms take real time, more of it on a
        busy machine, and count as such.
        """
        self._started = time.monotonic()

    def run(self, endpoint: Endpoint, fleet: Fleet) -> str | None:
        """Shifts the traffic to the fleet, step by step. Returns the reason for a rollback, or None."""
        self._spent = time.monotonic() - self._started
        for step in self.steps:
            fleet.set_stage("ActivatingTraffic")
            endpoint.shift_traffic(fleet, step.share)
            fleet.set_stage("Baking")
            reason = self._bake(step.seconds, endpoint.deleted)
            if reason is not None or endpoint.deleted.is_set():
                return reason
        return None

    def _bake(self, seconds: float, deleted: threading.Event) -> str | None:
        end = time.monotonic() + self._clock.scaled(seconds)
        while True:
            began = time.monotonic()
            alarms = self._alarms_in_alarm()
            if alarms:
                return f"One or more configured alarm(s) are in ALARM state: {', '.join(alarms)}"
            now = time.monotonic()
            is_behind = now >= end and self._evaluate_alarms(time.time())  # a minute was not evaluated yet
            self._spent += time.monotonic() - began
            if self._spent >= self._timeout:
                return f"The deployment has exceeded its MaximumExecutionTimeoutInSeconds of {self._timeout:.0f}"
            if is_behind:
                continue
            pause = min(end - now, self._poll_seconds)
            if now >= end or deleted.wait(timeout=pause):
                return None
            self._spent += pause / self._clock.scaled(1.0)

    def _alarms_in_alarm(self) -> list[str]:
        if not self.alarms:
            return []
        answer = self._clients("cloudwatch").describe_alarms(AlarmNames=self.alarms)
        alarms = [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]
        return sorted(alarm["AlarmName"] for alarm in alarms if alarm.get("StateValue") == "ALARM")


def deploy(endpoint: Endpoint, fleet: Fleet, traffic_shift: TrafficShift | None) -> None:
    """Deploys a fleet to the endpoint, or rolls back; runs in a thread of its own and never raises.

    Args:
        endpoint: the endpoint.
        fleet: the new fleet, not started yet.
        traffic_shift: how the traffic is shifted; None for an endpoint's first fleet.
    """
    if traffic_shift is not None:
        traffic_shift.start_timeout()
    try:
        fleet.start()
    except StartError as error:
        endpoint.fail_deployment(str(error))
        return
    except Exception as error:
        logger.exception("endpoint %s", endpoint.name)
        endpoint.fail_deployment(f"Request to service failed: {error}")
        return
    reason = _shift(endpoint, fleet, traffic_shift)
    if reason is not None or endpoint.deleted.is_set():
        _roll_back(endpoint, fleet, reason or "The endpoint was deleted.")
        return
    for old in endpoint.promote(fleet):
        old.stop()


def _shift(endpoint: Endpoint, fleet: Fleet, traffic_shift: TrafficShift | None) -> str | None:
    if traffic_shift is None:
        return None
    try:
        return traffic_shift.run(endpoint, fleet)
    except Exception as error:
        logger.exception("endpoint %s", endpoint.name)
        return f"Request to service failed: {error}"


def _roll_back(endpoint: Endpoint, fleet: Fleet, reason: str) -> None:
    """Shifts all traffic to the old fleet, whose servers are started again first if they have ended."""
    if endpoint.deleted.is_set():
        endpoint.fail_deployment(reason)
        fleet.stop()
        return
    old = endpoint.active
    endpoint.begin_rollback()
    if old is not None and not old.recover():
        failure = "The rollback failed too: the old fleet did not pass the ping health check."
        endpoint.fail_rollback(f"{reason}. {failure}")
        return
    endpoint.shift_traffic(fleet, 0.0)
    fleet.set_stage("Deleting")
    endpoint.fail_deployment(reason)
    fleet.stop()  # drained: the requests under way are answered first
