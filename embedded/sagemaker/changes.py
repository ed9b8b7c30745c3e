"""The way of an endpoint from one fleet to the next: start, shift the traffic, and take the old one away; or back."""

import logging
from typing import TYPE_CHECKING

from embedded.sagemaker.blue_green import TrafficShift
from embedded.sagemaker.fleets import Fleet
from embedded.sagemaker.server import StartError

if TYPE_CHECKING:
    from embedded.sagemaker.endpoints import Endpoint

logger = logging.getLogger(__name__)


class Change:
    """One deployment; `run` is meant for a thread of its own and never raises.

    Args:
        endpoint: what changes.
        fleet: the new fleet, not started yet.
        rollout: how its traffic is shifted; None for an endpoint's first fleet.
    """

    def __init__(self, endpoint: "Endpoint", fleet: Fleet, rollout: TrafficShift | None) -> None:
        self._endpoint = endpoint
        self._fleet = fleet
        self._rollout = rollout

    def run(self) -> None:
        """Takes the endpoint to the new fleet, or back to the old one."""
        endpoint, fleet = self._endpoint, self._fleet
        if self._rollout is not None:
            self._rollout.begin()
        try:
            fleet.start()
        except StartError as error:
            endpoint.fail_deployment(str(error))
            return
        except Exception as error:
            logger.exception("endpoint %s", endpoint.name)
            endpoint.fail_deployment(f"Request to service failed: {error}")
            return
        reason = self._shift()
        if reason is not None or endpoint.deleted.is_set():
            self._roll_back(reason or "The endpoint was deleted.")
            return
        left = endpoint.promote(fleet)
        for old in left:
            old.stop()

    def _shift(self) -> str | None:
        if self._rollout is None:
            return None
        try:
            return self._rollout.shift_traffic(self._endpoint, self._fleet)
        except Exception as error:
            logger.exception("endpoint %s", self._endpoint.name)
            return f"Request to service failed: {error}"

    def _roll_back(self, reason: str) -> None:
        """All traffic to the old fleet, which is seen to first: it may have lost its servers meanwhile."""
        endpoint = self._endpoint
        if endpoint.deleted.is_set():
            endpoint.fail_deployment(reason)
            self._fleet.stop()
            return
        old = endpoint.active
        endpoint.begin_rollback()
        if old is not None and not old.recover():
            endpoint.fail_rollback(
                f"{reason}. The rollback failed too: the old fleet did not pass the ping health check."
            )
            return
        endpoint.shift_traffic(self._fleet, 0.0)
        self._fleet.set_stage("Deleting")
        endpoint.fail_deployment(reason)
        self._fleet.stop()  # once it has answered what it was asked before
