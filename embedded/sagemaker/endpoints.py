"""An endpoint: its status, its fleets and their traffic shares."""

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
    """One endpoint. Deployments change its fleets in a thread of their own; fleets with a traffic share answer.

    Args:
        name: its name.
        arn: its ARN.
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
        self.deleted = threading.Event()  # ends a deployment under way
        self._changed = changed
        self._lock = threading.RLock()
        self._active: Fleet | None = None
        self._pending: tuple[Fleet, datetime] | None = None
        self._leftover: list[Fleet] = []  # of failed rollbacks
        self._shares: list[tuple[Fleet, float]] = []
        self._failure: str | None = None
        self._config_name = ""
        self._thread: threading.Thread | None = None

    @property
    def active(self) -> Fleet | None:
        """The fleet of the present configuration; None before the endpoint is first in service."""
        return self._active

    @property
    def fleets(self) -> list[Fleet]:
        """All fleets: the active one, that of an update under way, and those left by a failed rollback."""
        with self._lock:
            found = [self._active, self._pending[0] if self._pending else None, *self._leftover]
        return [fleet for fleet in found if fleet is not None]

    def create(self, fleet: Fleet, deploy: Deploy) -> None:
        """Deploys the first fleet, in the background."""
        self._config_name = fleet.config.name
        self._start_deployment(fleet, deploy)

    def update(self, fleet: Fleet, deployment_config: dict[str, Any], deploy: Deploy) -> None:
        """Deploys a new fleet beside the active one, in the background.

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

    def begin_deletion(self) -> None:
        """Takes no traffic and no change any more. Raises InvalidRequestError if it is being deleted already."""
        with self._lock:
            if self.status == "Deleting":
                raise InvalidRequestError(f'Cannot update in-progress endpoint "{self.arn}".')
            self.deleted.set()
            self._shares = []
            self._set_status("Deleting")

    def delete(self) -> None:
        """Takes the endpoint out of service and stops its fleets; returns when they are stopped."""
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
        """A fleet for one invocation, chosen by traffic share and not stopped meanwhile; None while none is in service.

        Choice and count are one step, so that a fleet without a share is stopped after its last invocation.
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
        """Sends `share` (0 to 1) of the traffic to the new fleet and the rest to the active one."""
        with self._lock:
            active = self._active
            if self.deleted.is_set() or active is None:
                return
            self._shares = [pair for pair in ((active, 1.0 - share), (new, share)) if pair[1] > 0]

    def promote(self, fleet: Fleet) -> list[Fleet]:
        """Makes the new fleet the active one, with all traffic. Returns the fleets to be stopped."""
        with self._lock:
            left = [old for old in (self._active, *self._leftover) if old is not None]
            self._active, self._leftover, self._config_name = fleet, [], fleet.config.name
            self._finish_deployment("InService", None)
            return left

    def begin_rollback(self) -> None:
        """Sets the status RollingBack."""
        with self._lock:
            self._set_status("RollingBack")

    def fail_deployment(self, reason: str) -> None:
        """Ends a failed deployment: Failed, or InService with the old configuration after a rollback, as on AWS."""
        with self._lock:
            self._finish_deployment("InService" if self._active is not None else "Failed", reason)

    def fail_rollback(self, reason: str) -> None:
        """Ends a failed rollback: UpdateRollbackFailed, with the present traffic shares."""
        with self._lock:
            self._leftover += [self._pending[0]] if self._pending else []
            shares = self._shares
            self._finish_deployment("UpdateRollbackFailed", reason)
            self._shares = shares

    def describe(self) -> dict[str, Any]:
        """The response of DescribeEndpoint."""
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
        if self.status == "Deleting":
            return
        self.status = status
        self.last_modified_time = now()
        self._changed(self)


def _variants(fleet: Fleet) -> dict[str, Any]:
    answer: dict[str, Any] = {"ProductionVariants": fleet.describe()} | summary(fleet.capture)
    return answer | ({"ShadowProductionVariants": fleet.describe(shadows=True)} if fleet.shadows else {})
