"""Models, endpoint configurations and endpoints of one account and region: the operations on them."""

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from embedded.clients import Clients
from embedded.context import Context
from embedded.sagemaker.announce import announce
from embedded.sagemaker.endpoints import IN_PROGRESS, Endpoint
from embedded.sagemaker.errors import InvalidRequestError
from embedded.sagemaker.fleets import Fleet
from embedded.sagemaker.listing import page
from embedded.sagemaker.models import ServedModel, container_of, served_model
from embedded.sagemaker.records import Record, check_config
from embedded.sagemaker.rollout import Rollout

Request = dict[str, Any]
Answer = dict[str, Any]
FindPackage = Callable[[str], dict[str, Any]]


class Hosting:
    """All that serves.

    Args:
        context: the cloud.
        clients: its own clients.
        find_package: answers DescribeModelPackage for a name or ARN.
    """

    def __init__(self, context: Context, clients: Clients, find_package: FindPackage) -> None:
        self._context = context
        self._clients = clients
        self._find_package = find_package
        self._lock = threading.RLock()
        self.models: dict[str, Record] = {}
        self.configs: dict[str, Record] = {}
        self.endpoints: dict[str, Endpoint] = {}

    def create_model(self, request: Request) -> Answer:
        """CreateModel. The archive must be in S3 already, as on AWS."""
        name, arn = request["ModelName"], self._arn("model", request["ModelName"])
        served = self._served(request)
        with self._lock:
            _refuse_existing("model", arn, name in self.models)
        self._check_archive(served)
        with self._lock:
            self.models[name] = Record(name, arn, request, list(request.get("Tags") or []))
        return {"ModelArn": arn}

    def describe_model(self, request: Request) -> Answer:
        """DescribeModel."""
        record = self._find(self.models, "model", request["ModelName"])
        isolated = bool(record.request.get("EnableNetworkIsolation"))
        return record.describe() | {"ModelArn": record.arn, "EnableNetworkIsolation": isolated}

    def list_models(self, request: Request) -> Answer:
        """ListModels."""
        entries = [
            {"ModelName": record.name, "ModelArn": record.arn, "CreationTime": record.creation_time}
            for record in list(self.models.values())
        ]
        return page(entries, request, key="Models", name="ModelName", default_order="Descending")

    def delete_model(self, request: Request) -> Answer:
        """DeleteModel; servers that run it go on."""
        self._find(self.models, "model", request["ModelName"])
        del self.models[request["ModelName"]]
        return {}

    def create_config(self, request: Request) -> Answer:
        """CreateEndpointConfig."""
        name = request["EndpointConfigName"]
        arn = self._arn("endpoint-config", name)
        check_config(request)
        with self._lock:
            _refuse_existing("endpoint configuration", arn, name in self.configs)
            for variant in request["ProductionVariants"]:
                self._find(self.models, "model", variant["ModelName"])
            self.configs[name] = Record(name, arn, request, list(request.get("Tags") or []))
        return {"EndpointConfigArn": arn}

    def describe_config(self, request: Request) -> Answer:
        """DescribeEndpointConfig."""
        record = self._config(request["EndpointConfigName"])
        return record.describe() | {"EndpointConfigArn": record.arn}

    def list_configs(self, request: Request) -> Answer:
        """ListEndpointConfigs."""
        entries = [
            {"EndpointConfigName": record.name, "EndpointConfigArn": record.arn, "CreationTime": record.creation_time}
            for record in list(self.configs.values())
        ]
        return page(entries, request, key="EndpointConfigs", name="EndpointConfigName", default_order="Descending")

    def delete_config(self, request: Request) -> Answer:
        """DeleteEndpointConfig."""
        self._config(request["EndpointConfigName"])
        del self.configs[request["EndpointConfigName"]]
        return {}

    def create_endpoint(self, request: Request) -> Answer:
        """CreateEndpoint: starts its servers and returns at once."""
        name = request["EndpointName"]
        arn = self._arn("endpoint", name)
        config = self._config(request["EndpointConfigName"])
        with self._lock:
            _refuse_existing("endpoint", arn, name in self.endpoints)
            fleet = self._fleet(name, config)
            endpoint = Endpoint(name, arn, list(request.get("Tags") or []), self._announce)
            self.endpoints[name] = endpoint
            endpoint.create(fleet)
        self._announce(endpoint)
        return {"EndpointArn": arn}

    def update_endpoint(self, request: Request) -> Answer:
        """UpdateEndpoint: the new servers start beside the old, which go once the traffic has gone over."""
        endpoint = self.endpoint(request["EndpointName"])
        config = self._config(request["EndpointConfigName"])
        rollout = Rollout(self._context, self._clients, request.get("DeploymentConfig") or {})
        if request.get("RetainDeploymentConfig") and endpoint.deployment:
            rollout = Rollout(self._context, self._clients, endpoint.deployment)
        endpoint.update(self._fleet(endpoint.name, config), rollout)
        return {"EndpointArn": endpoint.arn}

    def update_weights(self, request: Request) -> Answer:
        """UpdateEndpointWeightsAndCapacities: at once; capacities are only reported."""
        endpoint = self.endpoint(request["EndpointName"])
        fleet = endpoint.active
        if endpoint.status in IN_PROGRESS or fleet is None:
            raise InvalidRequestError(f'Cannot update in-progress endpoint "{endpoint.arn}".')
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
                variant.request["InitialInstanceCount"] = wanted["DesiredInstanceCount"]
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
        """DeleteEndpoint: gone from the lists at once, its servers soon after."""
        endpoint = self.endpoint(request["EndpointName"])
        with self._lock:
            self.endpoints.pop(endpoint.name, None)
        threading.Thread(target=endpoint.delete, name=f"delete endpoint {endpoint.name}", daemon=True).start()
        return {}

    def endpoint(self, name: str) -> Endpoint:
        """The endpoint of that name. Raises InvalidRequestError as AWS does."""
        endpoint = self.endpoints.get(name)
        if endpoint is None:
            raise InvalidRequestError(f'Could not find endpoint "{self._arn("endpoint", name)}".')
        return endpoint

    def stop_all(self) -> None:
        """Deletes all endpoints and waits for their servers' end."""
        threads = [threading.Thread(target=endpoint.delete) for endpoint in list(self.endpoints.values())]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        self.endpoints.clear()

    def _fleet(self, endpoint: str, config: Record) -> Fleet:
        models = {}
        for variant in config.request["ProductionVariants"]:
            record = self._find(self.models, "model", variant["ModelName"])
            models[variant["VariantName"]] = self._served(record.request)
        return Fleet(self._context, self._clients, endpoint, config, models)

    def _served(self, request: Request) -> ServedModel:
        package = container_of(request).get("ModelPackageName")
        return served_model(request, self._find_package(package) if package else None)

    def _check_archive(self, served: ServedModel) -> None:
        try:
            self._clients("s3").head_object(Bucket=served.archive.bucket, Key=served.archive.key)
        except ClientError as error:
            raise InvalidRequestError(f"Could not find model data at {served.archive.uri}.") from error

    def _config(self, name: str) -> Record:
        return self._find(self.configs, "endpoint configuration", name)

    def _find(self, records: dict[str, Record], kind: str, name: str) -> Record:
        record = records.get(name)
        if record is None:
            arn = self._arn("endpoint-config" if kind.startswith("endpoint") else kind, name)
            raise InvalidRequestError(f'Could not find {kind} "{arn}".')
        return record

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:{self._context.region}:{self._context.account_id}:{kind}/{name.lower()}"

    def _announce(self, endpoint: Endpoint) -> None:
        announce(self._context, "SageMaker Endpoint State Change", endpoint.describe(), endpoint.arn)


def _refuse_existing(kind: str, arn: str, exists: bool) -> None:
    if exists:
        raise InvalidRequestError(f'Cannot create already existing {kind} "{arn}".')
