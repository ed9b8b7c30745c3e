"""An endpoint: its fleets, the share of the traffic that each takes, and its status."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from embedded.sagemaker.data_capture import summary
from embedded.sagemaker.errors import InvalidRequestError
from embedded.sagemaker.fleets import Fleet
from embedded.sagemaker.training_job import now

IN_PROGRESS = ("Creating", "Updating", "RollingBack", "Deleting")
UPDATABLE = ("InService", "UpdateRollbackFailed")
Deploy = Callable[["Endpoint", Fleet], None]  # takes an endpoint to a fleet, or back


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
        self.deployment_config: dict[str, Any] | None = None
        self.deleted = threading.Event()  # a rollout under way ends then
        self._changed = changed
        self._lock = threading.RLock()
        self._active: Fleet | None = None
        self._pending: tuple[Fleet, datetime] | None = None
        self._leftover: list[Fleet] = []  # left by a rollback that failed
        self._shares: list[tuple[Fleet, float]] = []
        self._failure: str | None = None
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
            found = [self._active, self._pending[0] if self._pending else None, *self._leftover]
        return [fleet for fleet in found if fleet is not None]

    def create(self, fleet: Fleet, deploy: Deploy) -> None:
        """Deploys the first fleet, in the background."""
        self._config_name = fleet.config.name
        self._start_deployment(fleet, deploy)

    def update(self, fleet: Fleet, deployment_config: dict[str, Any], deploy: Deploy) -> None:
        """Brings up a fleet beside the old one and shifts the traffic to it, in the background.

        Raises:
            InvalidRequestError: the endpoint is being changed, or has failed, or would change its variants' names.
        """
        with self._lock:
            self.check_update(fleet)
            self.deployment_config = deployment_config or None
            self._set_status("Updating")
            self._start_deployment(fleet, deploy)

    def check_update(self, fleet: Fleet | None = None) -> None:
        """Raises InvalidRequestError unless the endpoint can be updated, to that fleet if one is given."""
        if self.status in IN_PROGRESS:
            raise InvalidRequestError(f'Cannot update in-progress endpoint "{self.arn}".')
        if self.status not in UPDATABLE or self._active is None:
            raise InvalidRequestError(f'Cannot update endpoint "{self.arn}" in status {self.status}: only delete it.')
        if fleet is not None:
            self._active.check_successor(fleet)

    def delete(self) -> None:
        """Takes the endpoint out of service and stops its fleets; returns once they are stopped."""
        self.deleted.set()
        with self._lock:
            self._shares = []
            pending = self._pending
        for variant in pending[0].all_variants if pending else ():
            variant.server.cancelled.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=90)
        with self._lock:
            left = [fleet for fleet in (self._active, *self._leftover) if fleet is not None]
            self._active, self._leftover = None, []
        for fleet in left:
            fleet.stop()

    @contextmanager
    def acquire_fleet(self) -> Iterator[Fleet | None]:
        """The fleet for one invocation, by the shares, which is not stopped meanwhile; None while none is in service.

        Chosen and counted in one step: a fleet that has lost its share is stopped once nobody it counts is left.
        """
        with self._lock:
            shares = self._shares
            fleet = shares[0][0] if shares else None
            if len(shares) > 1:
                fleet = random.choices([fleet for fleet, _ in shares], [share for _, share in shares])[0]
            if fleet is not None:
                fleet.begin_invocation()
        try:
            yield fleet
        finally:
            if fleet is not None:
                fleet.end_invocation()

    def shift_traffic(self, new: Fleet, share: float) -> None:
        """Gives `share` (0 to 1) of the traffic to the new fleet, and the rest to the active one."""
        with self._lock:
            active = self._active
            if self.deleted.is_set() or active is None:
                return
            self._shares = [pair for pair in ((active, 1.0 - share), (new, share)) if pair[1] > 0]

    def promote(self, fleet: Fleet) -> list[Fleet]:
        """The new fleet is in force and takes all traffic. Returns those that are to be stopped."""
        with self._lock:
            left = [old for old in (self._active, *self._leftover) if old is not None]
            self._active, self._leftover, self._config_name = fleet, [], fleet.config.name
            self._finish_deployment("InService", None)
            return left

    def begin_rollback(self) -> None:
        """The way back begins."""
        with self._lock:
            self._set_status("RollingBack")

    def fail_deployment(self, reason: str) -> None:
        """The new fleet is gone. As on AWS an update that was rolled back ends InService: the config's name tells."""
        with self._lock:
            self._finish_deployment("InService" if self._active is not None else "Failed", reason)

    def fail_rollback(self, reason: str) -> None:
        """Neither fleet can have it all: UpdateRollbackFailed, with the shares as they are."""
        with self._lock:
            self._leftover += [self._pending[0]] if self._pending else []
            shares = self._shares
            self._finish_deployment("UpdateRollbackFailed", reason)
            self._shares = shares

    def describe(self) -> dict[str, Any]:
        """What DescribeEndpoint answers."""
        with self._lock:
            answer: dict[str, Any] = {
                "EndpointName": self.name,
                "EndpointArn": self.arn,
                "EndpointConfigName": self._config_name,
                "EndpointStatus": self.status,
                "CreationTime": self.creation_time,
                "LastModifiedTime": self.last_modified_time,
            }
            if self._active is not None:
                answer |= _variants(self._active)
            if self._pending is not None:
                fleet, start = self._pending
                summary_ = {"EndpointConfigName": fleet.config.name, "ProductionVariants": fleet.pending()}
                answer["PendingDeploymentSummary"] = summary_ | {"StartTime": start}
            if self._failure:
                answer["FailureReason"] = self._failure
            if self.deployment_config:
                answer["LastDeploymentConfig"] = self.deployment_config
            return answer

    def _start_deployment(self, fleet: Fleet, deploy: Deploy) -> None:
        with self._lock:
            self._pending, self._failure = (fleet, now()), None
        self._thread = threading.Thread(target=deploy, args=(self, fleet), name=f"endpoint {self.name}", daemon=True)
        self._thread.start()

    def _finish_deployment(self, status: str, failure: str | None) -> None:
        self._pending = None
        self._failure = failure[:1024] if failure else None
        if not self.deleted.is_set():
            self._shares = [(self._active, 1.0)] if self._active is not None else []
            self._set_status(status)

    def _set_status(self, status: str) -> None:
        self.status = status
        self.last_modified_time = now()
        self._changed(self)


def _variants(fleet: Fleet) -> dict[str, Any]:
    answer: dict[str, Any] = {"ProductionVariants": fleet.describe()} | summary(fleet.capture)
    return answer | ({"ShadowProductionVariants": fleet.describe(shadows=True)} if fleet.shadows else {})
