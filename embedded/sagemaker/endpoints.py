"""An endpoint: fleets, the share of the traffic that each takes, and the way from one configuration to the next."""

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from embedded.sagemaker.capture import summary
from embedded.sagemaker.errors import InvalidRequestError
from embedded.sagemaker.fleets import Fleet
from embedded.sagemaker.jobs import now
from embedded.sagemaker.rollout import Rollout
from embedded.sagemaker.server import StartError

logger = logging.getLogger(__name__)

IN_PROGRESS = ("Creating", "Updating", "RollingBack", "Deleting")


class Endpoint:
    """One endpoint. Its fleets come and go in a thread of their own; it answers from those that have a share.

    Args:
        name: its name.
        arn: the same in full.
        tags: as in the request.
        changed: called with the endpoint after each change of its status.
    """

    def __init__(self, name: str, arn: str, tags: list[dict[str, str]], changed: Callable[["Endpoint"], None]) -> None:
        self.name = name
        self.arn = arn
        self.tags = tags
        self.creation_time = self.last_modified_time = now()
        self.status = "Creating"
        self.deployment: dict[str, Any] | None = None
        self._changed = changed
        self._lock = threading.RLock()
        self._active: Fleet | None = None
        self._pending: tuple[Fleet, datetime] | None = None
        self._shares: list[tuple[Fleet, float]] = []
        self._failure: str | None = None
        self._deleted = threading.Event()
        self._config_name = ""
        self._thread: threading.Thread | None = None

    @property
    def active(self) -> Fleet | None:
        """The fleet of the configuration in force; None until the endpoint was in service once."""
        return self._active

    @property
    def fleets(self) -> list[Fleet]:
        """All that are up or coming up: the active one, and beside it the one of an update under way."""
        with self._lock:
            found = [self._active, self._pending[0] if self._pending else None]
        return [fleet for fleet in found if fleet is not None]

    @property
    def deleted(self) -> threading.Event:
        """Set once the endpoint is deleted: a rollout under way ends then."""
        return self._deleted

    def create(self, fleet: Fleet) -> None:
        """Brings up the first fleet, in the background."""
        self._config_name = fleet.config.name
        self._background(lambda: self._deploy(fleet, None))

    def update(self, fleet: Fleet, rollout: Rollout) -> None:
        """Brings up a fleet beside the old one and shifts the traffic to it, in the background.

        Raises:
            InvalidRequestError: the endpoint is being changed, or has failed, or would change its variants' names.
        """
        with self._lock:
            if self.status in IN_PROGRESS:
                raise InvalidRequestError(f'Cannot update in-progress endpoint "{self.arn}".')
            if self.status != "InService" or self._active is None:
                raise InvalidRequestError(
                    f'Cannot update endpoint "{self.arn}" in status {self.status}: only delete it.'
                )
            _check_names(self._active, fleet)
            self.deployment = rollout.request or None
            self._set_status("Updating")
        self._background(lambda: self._deploy(fleet, rollout))

    def delete(self) -> None:
        """Takes the endpoint out of service and stops its fleets; returns once they are stopped."""
        self._deleted.set()
        with self._lock:
            self._shares = []
            pending = self._pending
        for variant in pending[0].variants if pending else ():
            variant.server.abandoned.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=90)
        with self._lock:
            active, self._active = self._active, None
        if active is not None:
            active.stop()

    def route(self) -> Fleet | None:
        """The fleet for one invocation, by the shares; None while there is none in service."""
        shares = self._shares
        if len(shares) <= 1:
            return shares[0][0] if shares else None
        return random.choices([fleet for fleet, _ in shares], [share for _, share in shares])[0]

    def shift(self, new: Fleet, share: float) -> None:
        """Gives `share` (0 to 1) of the traffic to the new fleet, and the rest to the active one."""
        with self._lock:
            active = self._active
            if self._deleted.is_set() or active is None:
                return
            self._shares = [pair for pair in ((active, 1.0 - share), (new, share)) if pair[1] > 0]

    def describe(self) -> dict[str, Any]:
        """What DescribeEndpoint answers."""
        with self._lock:
            active, pending = self._active, self._pending
            answer: dict[str, Any] = {
                "EndpointName": self.name,
                "EndpointArn": self.arn,
                "EndpointConfigName": self._config_name,
                "EndpointStatus": self.status,
                "CreationTime": self.creation_time,
                "LastModifiedTime": self.last_modified_time,
            }
            if active is not None:
                answer["ProductionVariants"] = active.describe()
                answer |= summary(active.config.request.get("DataCaptureConfig"))
            if pending is not None:
                fleet, start = pending
                answer["PendingDeploymentSummary"] = {
                    "EndpointConfigName": fleet.config.name,
                    "ProductionVariants": fleet.describe(),
                    "StartTime": start,
                }
            if self._failure:
                answer["FailureReason"] = self._failure
            if self.deployment:
                answer["LastDeploymentConfig"] = self.deployment
            return answer

    def _background(self, work: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=work, name=f"endpoint {self.name}", daemon=True)
        self._thread.start()

    def _deploy(self, fleet: Fleet, rollout: Rollout | None) -> None:
        with self._lock:
            self._pending = (fleet, now())
            self._failure = None
        try:
            fleet.start()
            reason = rollout.shift_traffic(self, fleet) if rollout is not None else None
        except StartError as error:
            self._conclude(None, str(error))
            return
        except Exception as error:
            logger.exception("endpoint %s", self.name)
            self._conclude(None, f"Request to service failed: {error}")
            fleet.stop(drain=False)
            return
        if reason is not None or self._deleted.is_set():
            self._conclude(None, reason)
            fleet.stop()
            return
        old = self._active
        self._conclude(fleet, None)
        if old is not None:
            old.stop()

    def _conclude(self, fleet: Fleet | None, failure: str | None) -> None:
        """Ends a deployment: with the new fleet in force, or without one, by the old configuration if there is one."""
        with self._lock:
            self._pending = None
            self._failure = failure[:1024] if failure else None
            if fleet is not None:
                self._active = fleet
                self._config_name = fleet.config.name
            if self._deleted.is_set():
                return
            self._shares = [(self._active, 1.0)] if self._active is not None else []
            # As on AWS, a rolled back update ends InService too: only the configuration's name tells.
            self._set_status("InService" if self._active is not None else "Failed")

    def _set_status(self, status: str) -> None:
        self.status = status
        self.last_modified_time = now()
        self._changed(self)


def _check_names(active: Fleet, new: Fleet) -> None:
    before, after = ({variant.name for variant in fleet.variants} for fleet in (active, new))
    if before != after:
        raise InvalidRequestError(
            f"The production variants' names must stay with a blue/green deployment: {sorted(before)} is deployed, "
            f"{sorted(after)} is in the endpoint configuration {new.config.name}."
        )
