"""The operations on models and endpoint configurations."""

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from embedded.context import Clients, Context
from embedded.permissions.sessions import of_sagemaker
from embedded.rules.rule import Situation, broken
from embedded.rules.sagemaker import RULES
from embedded.sagemaker.errors import InvalidRequestError
from embedded.sagemaker.listing import page
from embedded.sagemaker.models import ServedModel, container_of, served_model
from embedded.sagemaker.records import ResourceRecord, check_config, refuse_existing

Request = dict[str, Any]
Answer = dict[str, Any]
FindPackage = Callable[[str], dict[str, Any]]


class HostingResources:
    """All models and endpoint configurations.

    Args:
        context: the cloud.
        clients: its own clients.
        find_package: describes a model package by name or ARN.
    """

    def __init__(self, context: Context, clients: Clients, find_package: FindPackage) -> None:
        self._context = context
        self._clients = clients
        self._find_package = find_package
        self._lock = threading.RLock()
        self.models: dict[str, ResourceRecord] = {}
        self.configs: dict[str, ResourceRecord] = {}

    def create_model(self, request: Request) -> Answer:
        """CreateModel. The archive must be in S3 already, as on AWS."""
        name, arn = request["ModelName"], self._arn("model", request["ModelName"])
        served = self._served(request)
        sentence = broken(RULES, "CreateModel", request)
        if sentence is not None:
            raise InvalidRequestError(sentence)
        with self._lock:
            refuse_existing("model", arn, name in self.models)
        self._check_archive(served, arn)
        with self._lock:
            self.models[name] = ResourceRecord(name, arn, request, list(request.get("Tags") or []))
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
        """DeleteModel; its running servers are not affected."""
        self._find(self.models, "model", request["ModelName"])
        del self.models[request["ModelName"]]
        return {}

    def create_config(self, request: Request) -> Answer:
        """CreateEndpointConfig."""
        name = request["EndpointConfigName"]
        arn = self._arn("endpoint-config", name)
        check_config(request)
        with self._lock:
            refuse_existing("endpoint configuration", arn, name in self.configs)
            for variant in (*request["ProductionVariants"], *(request.get("ShadowProductionVariants") or ())):
                self._find(self.models, "model", variant["ModelName"])
            self._check_rules(request)
            self.configs[name] = ResourceRecord(name, arn, request, list(request.get("Tags") or []))
        return {"EndpointConfigArn": arn}

    def describe_config(self, request: Request) -> Answer:
        """DescribeEndpointConfig."""
        record = self.config(request["EndpointConfigName"])
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
        self.config(request["EndpointConfigName"])
        del self.configs[request["EndpointConfigName"]]
        return {}

    def config(self, name: str) -> ResourceRecord:
        """The endpoint configuration of that name. Raises InvalidRequestError as AWS does."""
        return self._find(self.configs, "endpoint configuration", name)

    def models_of(self, config: ResourceRecord) -> dict[str, ServedModel]:
        """The model of each of a configuration's variants, by the variant's name."""
        variants = [*config.request["ProductionVariants"], *(config.request.get("ShadowProductionVariants") or [])]
        names = {variant["VariantName"]: variant["ModelName"] for variant in variants}
        return {variant: self.served(name) for variant, name in names.items()}

    def served(self, model: str) -> ServedModel:
        """The model of that name. Raises InvalidRequestError, as AWS does, if there is none."""
        return self._served(self._find(self.models, "model", model).request)

    def _check_rules(self, request: Request) -> None:
        record = ResourceRecord(request["EndpointConfigName"], "", request)
        models = self.models_of(record)
        situation = Situation(
            isolated=frozenset(variant for variant, model in models.items() if model.isolated),
            images={variant: model.image for variant, model in models.items()},
        )
        sentence = broken(RULES, "CreateEndpointConfig", request, situation)
        if sentence is not None:
            raise InvalidRequestError(sentence)

    def _served(self, request: Request) -> ServedModel:
        package = container_of(request).get("ModelPackageName")
        return served_model(request, self._find_package(package) if package else None)

    def _check_archive(self, served: ServedModel, arn: str) -> None:
        session = of_sagemaker(self._context.authorizer, served.role, arn)
        try:
            self._clients.acting_as(session)("s3").head_object(Bucket=served.archive.bucket, Key=served.archive.key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
                raise InvalidRequestError(
                    f"Could not access model data at {served.archive.uri}. Please ensure that the role "
                    f'"{served.role}" exists and that its trust relationship policy allows the action "sts:AssumeRole" '
                    'for the service principal "sagemaker.amazonaws.com". Also ensure that the role has '
                    f'"s3:GetObject" permissions and that the object is located in {self._context.region}.'
                ) from error
            raise InvalidRequestError(f"Could not find model data at {served.archive.uri}.") from error

    def _find(self, records: dict[str, ResourceRecord], kind: str, name: str) -> ResourceRecord:
        record = records.get(name)
        if record is None:
            arn = self._arn("endpoint-config" if kind.startswith("endpoint") else kind, name)
            raise InvalidRequestError(f'Could not find {kind} "{arn}".')
        return record

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:{self._context.region}:{self._context.account_id}:{kind}/{name.lower()}"
