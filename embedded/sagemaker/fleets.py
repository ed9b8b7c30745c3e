"""A fleet: what one endpoint configuration runs, one server per production variant."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from embedded.clients import Clients
from embedded.context import Context
from embedded.sagemaker.jobs import now
from embedded.sagemaker.models import ServedModel
from embedded.sagemaker.records import Record
from embedded.sagemaker.server import HEALTH_SECONDS, InferenceServer
from embedded.sagemaker.standby import Standby

DRAIN_SECONDS = 10.0


@dataclass
class Variant:
    """One production variant with its server."""

    request: dict[str, Any]
    server: InferenceServer
    model: ServedModel
    weight: float

    @property
    def name(self) -> str:
        """Its VariantName."""
        return str(self.request["VariantName"])


class Fleet:
    """The servers of one endpoint configuration, started and stopped together.

    Args:
        context: the cloud.
        clients: its own clients.
        endpoint: the endpoint's name.
        config: the endpoint configuration, of which a copy is kept: it may be deleted meanwhile.
        models: the model of each variant, by variant name.
        standby: starts their processes.
    """

    def __init__(
        self,
        context: Context,
        clients: Clients,
        endpoint: str,
        config: Record,
        models: dict[str, ServedModel],
        standby: Standby,
    ) -> None:
        self.config = config
        self.variants = [
            Variant(
                dict(request),
                InferenceServer(
                    context, clients, endpoint, request["VariantName"], models[request["VariantName"]], standby
                ),
                models[request["VariantName"]],
                1.0 if request.get("InitialVariantWeight") is None else float(request["InitialVariantWeight"]),
            )
            for request in config.request["ProductionVariants"]
        ]
        self._busy = 0
        self._idle = threading.Condition()
        self._started = now()

    def start(self) -> None:
        """Starts all servers and waits until they are healthy. Raises StartError; then none is left running."""
        try:
            for variant in self.variants:
                limit = variant.request.get("ContainerStartupHealthCheckTimeoutInSeconds")
                variant.server.start(float(limit or HEALTH_SECONDS))
        except BaseException:
            self.stop(drain=False)
            raise

    def stop(self, *, drain: bool = True) -> None:
        """Stops all servers, with `drain` once the invocations under way have been answered."""
        if drain:
            deadline = time.monotonic() + DRAIN_SECONDS
            with self._idle:
                while self._busy and self._idle.wait(timeout=max(0.0, deadline - time.monotonic())):
                    continue
        for variant in self.variants:
            variant.server.stop()

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Around an invocation: the fleet is not stopped meanwhile."""
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def choose(self, wanted: str | None) -> Variant | None:
        """The variant for one invocation: the wanted one, else by weight. None when there is no such variant."""
        if wanted is not None:
            return next((variant for variant in self.variants if variant.name == wanted), None)
        if len(self.variants) == 1:
            return self.variants[0]
        weights = [variant.weight for variant in self.variants]
        if not any(weights):
            return None
        return random.choices(self.variants, weights)[0]

    def describe(self) -> list[dict[str, Any]]:
        """ProductionVariants as DescribeEndpoint answers them."""
        return [self._variant(variant) for variant in self.variants]

    def _variant(self, variant: Variant) -> dict[str, Any]:
        count = variant.request.get("InitialInstanceCount") or 1
        image = variant.model.image
        return {
            "VariantName": variant.name,
            "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": self._started}],
            "CurrentWeight": variant.weight,
            "DesiredWeight": variant.weight,
            "CurrentInstanceCount": count,
            "DesiredInstanceCount": count,
        }
