"""Endpoints of one account and region: the operations on them."""

import threading
import time
from functools import partial
from typing import Any

from awsrules.quotas import instances
from embedded.context import Clients, Context
from embedded.events.service_events import emit_state_change
from embedded.rules.rule import Situation, broken
from embedded.rules.sagemaker import RULES
from embedded.sagemaker import quotas
from embedded.sagemaker.blue_green import TrafficShift, deploy
from embedded.sagemaker.endpoints import Endpoint
from embedded.sagemaker.errors import InvalidRequestError
from embedded.sagemaker.fleets import Fleet
from embedded.sagemaker.hosting_resources import HostingResources
from embedded.sagemaker.listing import page
from embedded.sagemaker.prewarmed import IMAGE, PrewarmedInterpreter
from embedded.sagemaker.records import ResourceRecord, refuse_existing
from embedded.sagemaker.variants import Variant

DELETION_SECONDS = 10.0  # of the cloud's time, that a deletion takes at least

Request = dict[str, Any]
Answer = dict[str, Any]


class Hosting:
    """All endpoints.

    Args:
        context: the cloud.
        clients: its own clients.
        resources: the models and endpoint configurations.
    """

    def __init__(self, context: Context, clients: Clients, resources: HostingResources) -> None:
        self._context = context
        self._clients = clients
        self._resources = resources
        self.prewarmed = PrewarmedInterpreter(context, (*IMAGE, "gunicorn.app.wsgiapp"), {"OMP_NUM_THREADS": "1"})
        self.prewarmed.prepare()
        self._lock = threading.RLock()
        self.endpoints: dict[str, Endpoint] = {}

    def create_endpoint(self, request: Request) -> Answer:
        """CreateEndpoint; the servers start in the background."""
        name = request["EndpointName"]
        arn = self._arn("endpoint", name)
        config = self._resources.config(request["EndpointConfigName"])
        with self._lock:
            refuse_existing("endpoint", arn, name in self.endpoints)
            fleet = self._fleet(name, config)
            self._check_quotas(fleet)
            endpoint = Endpoint(name, arn, list(request.get("Tags") or []), self._emit_state_change)
            self.endpoints[name] = endpoint
            endpoint.create(fleet, partial(deploy, traffic_shift=None))
        self._emit_state_change(endpoint)
        return {"EndpointArn": arn}

    def update_endpoint(self, request: Request) -> Answer:
        """UpdateEndpoint: a blue/green deployment in the background."""
        endpoint = self.endpoint(request["EndpointName"])
        config = self._resources.config(request["EndpointConfigName"])
        endpoint.check_update()
        fleet = self._fleet(endpoint.name, config)
        if request.get("RetainAllVariantProperties") and endpoint.active is not None:
            given = request.get("ExcludeRetainedVariantProperties") or []
            fleet.retain_properties(endpoint.active, {entry["VariantPropertyType"] for entry in given})
        wanted = request.get("DeploymentConfig") or {}
        if request.get("RetainDeploymentConfig"):
            wanted = endpoint.deployment_config or wanted
        self._check_rules(endpoint, config)
        instances = min(variant.count for variant in fleet.variants)
        watching = self._clients.acting_as(fleet.variants[0].server.principal)
        traffic_shift = TrafficShift(self._context, watching, wanted, instances)
        with self._lock:
            endpoint.check_update(fleet)
            self._check_quotas(fleet)
            endpoint.update(fleet, wanted, partial(deploy, traffic_shift=traffic_shift))
        return {"EndpointArn": endpoint.arn}

    def update_weights(self, request: Request) -> Answer:
        """UpdateEndpointWeightsAndCapacities; takes effect at once, instance counts are only described."""
        endpoint = self.endpoint(request["EndpointName"])
        endpoint.check_update()
        fleet = endpoint.active
        if fleet is None:
            raise InvalidRequestError(f'Cannot update in-progress endpoint "{endpoint.arn}".')
        self._resources.config(fleet.config.name)  # AWS refuses, too, when the configuration is deleted
        for wanted in request["DesiredWeightsAndCapacities"]:
            variant = fleet.choose(wanted["VariantName"])
            if variant is None:
                raise InvalidRequestError(
                    f'The variant name(s) "{wanted["VariantName"]}" is/are not present within endpoint configuration '
                    f'"{fleet.config.name}".'
                )
            if wanted.get("DesiredWeight") is not None:
                variant.weight = float(wanted["DesiredWeight"])
            if wanted.get("DesiredInstanceCount") is not None:
                self._resize(variant, int(wanted["DesiredInstanceCount"]))
        return {"EndpointArn": endpoint.arn}

    def describe_endpoint(self, request: Request) -> Answer:
        """DescribeEndpoint."""
        return self.endpoint(request["EndpointName"]).describe()

    def list_endpoints(self, request: Request) -> Answer:
        """ListEndpoints."""
        shown = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
        endpoints = [endpoint.describe() for endpoint in list(self.endpoints.values())]
        wanted = request.get("StatusEquals")
        entries = [
            {name: entry[name] for name in shown} for entry in endpoints if wanted in (None, entry["EndpointStatus"])
        ]
        return page(entries, request, key="Endpoints", name="EndpointName", default_order="Descending")

    def delete_endpoint(self, request: Request) -> Answer:
        """DeleteEndpoint: Deleting from now on; its name is free once its servers have stopped."""
        endpoint = self.endpoint(request["EndpointName"])
        endpoint.begin_deletion()
        for target in self._targets(endpoint):
            self._clients("application-autoscaling").deregister_scalable_target(**target)
        threading.Thread(
            target=self._delete, args=(endpoint,), name=f"delete endpoint {endpoint.name}", daemon=True
        ).start()
        return {}

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of that name. Raises InvalidRequestError as AWS does."""
        endpoint = self.endpoints.get(name)
        if endpoint is None:
            raise InvalidRequestError(f'Could not find endpoint "{self._arn("endpoint", name)}".')
        return endpoint

    def stop_all(self) -> None:
        """Deletes all endpoints and waits until their servers have stopped."""
        threads = [threading.Thread(target=endpoint.delete) for endpoint in list(self.endpoints.values())]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        self.endpoints.clear()

    def _delete(self, endpoint: Endpoint) -> None:
        end = time.monotonic() + self._context.clock.scaled(DELETION_SECONDS)
        endpoint.delete()
        time.sleep(max(0.0, end - time.monotonic()))
        with self._lock:
            if self.endpoints.get(endpoint.name) is endpoint:
                del self.endpoints[endpoint.name]

    def _resize(self, variant: Variant, count: int) -> None:
        with self._lock:
            quota = instances(variant.request["InstanceType"], "endpoint")
            used = quotas.endpoints(self._fleets())
            if count > variant.count:
                quotas.check(self._context.account, used, {quota: count - variant.count})
            variant.count = count

    def _check_quotas(self, fleet: Fleet) -> None:
        """Raises ResourceLimitError for a fleet that is too much beside those that are there."""
        quotas.check_memory(self._context.account, fleet)
        quotas.check(self._context.account, quotas.endpoints(self._fleets()), quotas.endpoints([fleet]))

    def _fleets(self) -> list[Fleet]:
        return [fleet for endpoint in list(self.endpoints.values()) for fleet in endpoint.fleets]

    def _check_rules(self, endpoint: Endpoint, config: ResourceRecord) -> None:
        active = endpoint.active.config.request["ProductionVariants"] if endpoint.active else []
        situation = Situation(
            serving={
                variant["VariantName"]: variant["InstanceType"] for variant in active if "InstanceType" in variant
            },
            scaled=frozenset(target["ResourceId"].rsplit("/", 1)[-1] for target in self._targets(endpoint)),
        )
        sentence = broken(RULES, "UpdateEndpoint", config.request, situation)
        if sentence is not None:
            raise InvalidRequestError(sentence)

    def _targets(self, endpoint: Endpoint) -> list[dict[str, str]]:
        """The endpoint's scalable targets, as Application Auto Scaling names them."""
        variants = endpoint.active.variants if endpoint.active else []
        if not variants:
            return []
        answer = self._clients("application-autoscaling").describe_scalable_targets(
            ServiceNamespace="sagemaker",
            ResourceIds=[f"endpoint/{endpoint.name}/variant/{variant.name}" for variant in variants],
        )
        names = ("ServiceNamespace", "ResourceId", "ScalableDimension")
        return [{name: target[name] for name in names} for target in answer["ScalableTargets"]]

    def _fleet(self, endpoint: str, config: ResourceRecord) -> Fleet:
        return Fleet(self._context, self._clients, endpoint, config, self._resources.models_of(config), self.prewarmed)

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:{self._context.region}:{self._context.account_id}:{kind}/{name.lower()}"

    def _emit_state_change(self, endpoint: Endpoint) -> None:
        emit_state_change(self._context, "SageMaker Endpoint State Change", endpoint.describe(), endpoint.arn)
