"""Releases that met a rule of SageMaker beyond the service model."""

from __future__ import annotations

from typing import Any

import boto3

from cloud import endpoint_configs, endpoints, platform
from perennial.contract.model import ModelSpec
from tests.embedded.assemblies import make_role
from tests.functions.release.conftest import House, eventually


def changed(spec: ModelSpec, **release: Any) -> ModelSpec:
    data = spec.to_json()
    return ModelSpec.from_json(data | {"release": data["release"] | release})


def target(house: House) -> list[dict[str, Any]]:
    found = boto3.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{house.endpoint}/variant/{endpoints.VARIANT}"]
    )
    return list(found["ScalableTargets"])


def test_another_instance_type_is_released_although_the_endpoint_scales(house: House) -> None:
    house.promote("a")
    assert target(house)
    house.spec = changed(house.spec, instance="ml.m5.xlarge")
    second = house.promote("b")
    assert house.serves() == second.id
    assert target(house)


def test_a_serverless_endpoint_serves_although_other_models_are_isolated(house: House) -> None:
    house.spec = changed(house.spec, serverless={"memory_mb": 2048}, traffic="all_at_once")
    version = house.promote("a")
    assert house.serves() == version.id


def test_an_endpoint_that_failed_is_made_anew_once_its_name_is_free(house: House) -> None:
    version = house.version("a")
    spec = house.spec
    config = endpoint_configs.create(platform.from_environment(), spec, version)
    sagemaker = boto3.client("sagemaker")
    broken = dict(sagemaker.describe_model(ModelName=config)["PrimaryContainer"])
    broken["Environment"] = broken["Environment"] | {"SAGEMAKER_SERVING_MODULE": "no application"}
    role = sagemaker.describe_model(ModelName=config)["ExecutionRoleArn"]
    sagemaker.create_model(ModelName=f"{house.model}-broken", PrimaryContainer=broken, ExecutionRoleArn=role)
    variant = {"VariantName": "AllTraffic", "ModelName": f"{house.model}-broken", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"{house.model}-broken", ProductionVariants=[variant | {"InitialInstanceCount": 1}]
    )
    sagemaker.create_endpoint(EndpointName=house.endpoint, EndpointConfigName=f"{house.model}-broken")
    eventually(lambda: endpoints.describe(house.endpoint).status == "Failed")
    for _ in range(2):  # it is deleted, and then it is being deleted
        assert not endpoints.deploy(house.endpoint, config)
    eventually(lambda: endpoints.describe(house.endpoint) is None)
    assert endpoints.deploy(house.endpoint, config)
    eventually(lambda: endpoints.describe(house.endpoint).status == "InService")


def test_a_model_that_an_earlier_deployment_left_behind_is_made_anew(house: House) -> None:
    version, sagemaker = house.version("a"), boto3.client("sagemaker")
    here = platform.from_environment()
    config = endpoint_configs.create(here, house.spec, version)
    left = sagemaker.describe_model(ModelName=config)
    sagemaker.delete_model(ModelName=config)
    make_role(boto3.client("iam"), "of-an-earlier-deployment")
    role = "arn:aws:iam::123456789012:role/of-an-earlier-deployment"
    sagemaker.create_model(ModelName=config, PrimaryContainer=left["PrimaryContainer"], ExecutionRoleArn=role)
    assert endpoint_configs.create(here, house.spec, version) == config
    assert sagemaker.describe_model(ModelName=config)["ExecutionRoleArn"] == left["ExecutionRoleArn"]
    made = sagemaker.describe_model(ModelName=config)["CreationTime"]
    endpoint_configs.create(here, house.spec, version)
    assert sagemaker.describe_model(ModelName=config)["CreationTime"] == made
