"""A fleet: the servers of one endpoint configuration, one per production and shadow variant."""

import random
import threading
import time
from typing import Any

from embedded.context import Clients, Context
from embedded.sagemaker.errors import InvalidRequestError
from embedded.sagemaker.models import ServedModel, ServerOwner
from embedded.sagemaker.prewarmed import PrewarmedInterpreter
from embedded.sagemaker.records import ResourceRecord
from embedded.sagemaker.server import HEALTH_SECONDS, InferenceServer
from embedded.sagemaker.serverless import ServerlessServer
from embedded.sagemaker.training_job import now
from embedded.sagemaker.variants import Variant

LEAST_START_SECONDS = 20.0
DRAIN_SECONDS = 60.0  # as long as an invocation may take


class Fleet:
    """The servers of one endpoint configuration, started and stopped together.

    Args:
        context: the cloud.
        clients: its own clients.
        endpoint: the endpoint's name.
        config: the endpoint configuration, of which a copy is kept: it may be deleted meanwhile.
        models: the model of each variant, by variant name.
        prewarmed: starts their processes.
    """

    def __init__(
        self,
        context: Context,
        clients: Clients,
        endpoint: str,
        config: ResourceRecord,
        models: dict[str, ServedModel],
        prewarmed: PrewarmedInterpreter,
    ) -> None:
        self._clock = context.clock
        self.config = config
        self.capture: dict[str, Any] = config.request.get("DataCaptureConfig") or {}
        owner = ServerOwner("hosting", endpoint, f"/aws/sagemaker/Endpoints/{endpoint}")

        def variant(request: dict[str, Any]) -> Variant:
            model = models[request["VariantName"]]
            if request.get("ServerlessConfig"):
                return Variant(request, ServerlessServer(context, clients, owner, request, model, prewarmed), model)
            name = request["VariantName"]
            return Variant(request, InferenceServer(context, clients, owner, name, model, prewarmed), model)

        self.variants = [variant(request) for request in config.request["ProductionVariants"]]
        self.shadows = [variant(request) for request in config.request.get("ShadowProductionVariants") or []]
        self._busy = 0
        self._idle = threading.Condition()
        self._started = now()
        self._stage = ("Creating", self._started)

    def start(self) -> None:
        """Starts all servers and waits until they are healthy. Raises StartError; then none is left running."""
        try:
            for variant in self.all_variants:
                limit = variant.request.get("ContainerStartupHealthCheckTimeoutInSeconds") or HEALTH_SECONDS
                variant.server.start(self._on_the_wall(float(limit)))
        except BaseException:
            self.stop(drain=False)
            raise

    def _on_the_wall(self, limit: float) -> float:
        """Seconds on the wall until a server must be healthy; at least 20, because processes start no faster."""
        return min(limit, max(LEAST_START_SECONDS, self._clock.scaled(limit)))

    def stop(self, *, drain: bool = True) -> None:
        """Stops all servers; with `drain` after the invocations under way."""
        if drain:
            deadline = time.monotonic() + DRAIN_SECONDS
            with self._idle:
                while self._busy and self._idle.wait(timeout=max(0.0, deadline - time.monotonic())):
                    continue
        for variant in self.all_variants:
            variant.server.stop()

    def recover(self) -> bool:
        """Restarts servers that have ended. Returns whether all are healthy."""
        return all(variant.server.restart() for variant in self.variants)

    @property
    def serverless(self) -> bool:
        """True if it has a serverless variant."""
        return any(variant.request.get("ServerlessConfig") for variant in self.variants)

    @property
    def all_variants(self) -> list[Variant]:
        """The production variants and the shadow variants."""
        return [*self.variants, *self.shadows]

    def begin_invocation(self) -> None:
        """One more invocation is under way: the fleet is not stopped until `leave`."""
        with self._idle:
            self._busy += 1

    def end_invocation(self) -> None:
        """Ends the count of an invocation."""
        with self._idle:
            self._busy -= 1
            self._idle.notify_all()

    def choose(self, wanted: str | None) -> Variant | None:
        """The variant for one invocation: the target variant, else one by weight. None if there is none."""
        if wanted is not None:
            return next((variant for variant in self.variants if variant.name == wanted), None)
        if len(self.variants) == 1:
            return self.variants[0]
        weights = [variant.weight for variant in self.variants]
        if not any(weights):
            return None
        return random.choices(self.variants, weights)[0]

    def check_successor(self, new: "Fleet") -> None:
        """Raises InvalidRequestError unless an update can lead from this fleet to the new one."""
        before, after = ({variant.name for variant in fleet.variants} for fleet in (self, new))
        if before != after:
            raise InvalidRequestError(
                f"The production variants' names must stay with a blue/green deployment: {sorted(before)} is deployed, "
                f"{sorted(after)} is in the endpoint configuration {new.config.name}."
            )
        if new.serverless and not self.serverless:
            raise InvalidRequestError("An endpoint with instances cannot be updated to a serverless endpoint.")

    def retain_properties(self, old: "Fleet", excluded: set[str]) -> None:
        """Applies RetainAllVariantProperties, except for the properties in ExcludeRetainedVariantProperties."""
        before = {variant.name: variant for variant in old.variants}
        for variant in self.variants:
            if variant.name in before and "DesiredWeight" not in excluded:
                variant.weight = before[variant.name].weight
            if variant.name in before and "DesiredInstanceCount" not in excluded:
                variant.count = before[variant.name].count
        if "DataCaptureConfig" not in excluded:
            self.capture = old.capture

    def set_stage(self, stage: str) -> None:
        """Sets the VariantStatus: Creating, ActivatingTraffic, Baking or Deleting."""
        self._stage = (stage, now())

    def describe(self, *, shadows: bool = False) -> list[dict[str, Any]]:
        """ProductionVariants as DescribeEndpoint answers them, or ShadowProductionVariants."""
        return [variant.describe(self._started) for variant in (self.shadows if shadows else self.variants)]

    def pending(self) -> list[dict[str, Any]]:
        """The ProductionVariants of a PendingDeploymentSummary."""
        stage, since = self._stage
        status = [{"Status": stage, "StartTime": since}]
        kinds = [variant.request.get("InstanceType") for variant in self.variants]
        return [
            entry | {"VariantStatus": status} | ({"InstanceType": kind} if kind else {})
            for entry, kind in zip(self.describe(), kinds, strict=True)
        ]
