"""A new account: each quota refuses as on AWS, Service Quotas tells it, and a raised one lets the call through."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from awsrules.quotas import CONCURRENCY, instances
from embedded.account import Account, AccountError
from embedded.cloud import Cloud as EmbeddedCloud
from embedded.providers.provider import DeployError
from tests.embedded.assemblies import ROLE, function, template
from tests.embedded.conftest import World, eventually
from tests.embedded.sagemaker.conftest import Cloud

CODE = {
    "app.py": (
        "import pathlib, time\n"
        "def hold(event, context):\n"
        "    folder = pathlib.Path(event['folder'])\n"
        "    (folder / context.aws_request_id).touch()\n"
        "    while not (folder / 'go').exists():\n"
        "        time.sleep(0.02)\n"
    )
}


@pytest.fixture(scope="module")
def account() -> Iterator[EmbeddedCloud]:
    with EmbeddedCloud.start(speed=100.0, account="new") as cloud:
        yield cloud


@pytest.fixture(scope="module")
def world(account: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(account, tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="module")
def sagemaker(account: EmbeddedCloud) -> Cloud:
    cloud = Cloud(account.context, [])
    cloud.model("m", "1")
    return cloud


def refused(call: Any, **request: Any) -> tuple[str, str]:
    """Code and message of the refusal."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def limit(name: str, value: int, used: int, delta: int, unit: str = "Instances") -> tuple[str, str]:
    """The refusal for a quota of SageMaker."""
    return (
        "ResourceLimitExceeded",
        f"The account-level service limit '{name}' is {value} {unit}, with current utilization of {used} {unit} and a "
        f"request delta of {delta} {unit}. Please use AWS Service Quotas to request an increase for this quota. If AWS "
        "Service Quotas is not available, contact AWS support to request an increase for this quota.",
    )


def test_a_function_has_at_most_3008_mb(world: World) -> None:
    with pytest.raises(DeployError, match="'MemorySize' value failed to satisfy constraint: Member must have value"):
        world.deploy("large", template({"Role": ROLE, "F": function("app.hold", MemorySize=3009)}), CODE)
    world.forget("large")
    made = world.deploy("fits", template({"Role": ROLE, "F": function("app.hold", MemorySize=3008)}), CODE)
    code, message = refused(
        world.client("lambda").update_function_configuration, FunctionName=made["F"], MemorySize=10_240
    )
    assert code == "InvalidParameterValueException"
    assert message.endswith("Member must have value less than or equal to 3008")


def test_nothing_can_be_reserved_of_ten_concurrent_executions(world: World) -> None:
    made = world.deploy("reserve", template({"Role": ROLE, "F": function("app.hold")}), CODE)
    code, message = refused(
        world.client("lambda").put_function_concurrency, FunctionName=made["F"], ReservedConcurrentExecutions=1
    )
    assert code == "InvalidParameterValueException"
    assert message == (
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        "its minimum value of [10]."
    )


def test_an_eleventh_invocation_is_throttled_whatever_the_function(world: World, tmp_path: Path) -> None:
    functions = {name: function("app.hold", Timeout=900) for name in ("A", "B", "C")}
    made = world.deploy("throttled", template({"Role": ROLE, **functions}), CODE)
    client = world.client("lambda", retries={"total_max_attempts": 1}, max_pool_connections=20, read_timeout=900)
    event = b'{"folder": "%s"}' % str(tmp_path).encode()
    with ThreadPoolExecutor(10) as threads:
        try:
            busy = [
                threads.submit(client.invoke, FunctionName=made[name], Payload=event)
                for name in (*"AAAA", *"BBBB", *"CC")
            ]
            eventually(lambda: len(list(tmp_path.iterdir())) == 10)
            with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
                client.invoke(FunctionName=made["C"], Payload=event)
        finally:
            (tmp_path / "go").touch()
        assert [one.result().get("FunctionError") for one in busy] == [None] * 10
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert answer["Reason"] == "ConcurrentInvocationLimitExceeded"
    assert answer["Error"]["Message"] == "Rate Exceeded."


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "ml.m5.large for training job usage"),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
            },
            "ml.m5.large for spot training job usage",
        ),
    ],
)
def test_a_new_account_has_no_training_instances(sagemaker: Cloud, changes: dict[str, Any], name: str) -> None:
    request = sagemaker.training_request("none", **changes)
    assert refused(sagemaker.client("sagemaker").create_training_job, **request) == limit(name, 0, 0, 1)


def test_a_warm_pool_has_a_quota_of_its_own(sagemaker: Cloud) -> None:
    account = sagemaker.context.account
    account.grant(instances("ml.c5.xlarge", "training job"), 1)
    resources = {
        "InstanceType": "ml.c5.xlarge",
        "InstanceCount": 1,
        "VolumeSizeInGB": 1,
        "KeepAlivePeriodInSeconds": 60,
    }
    request = sagemaker.training_request("warm", ResourceConfig=resources)
    assert refused(sagemaker.client("sagemaker").create_training_job, **request) == limit(
        "ml.c5.xlarge for training warm pool usage", 0, 0, 1
    )


def test_a_new_account_has_no_transform_instances(sagemaker: Cloud) -> None:
    request = {
        "TransformJobName": "t",
        "ModelName": "m",
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://lake/in"}}},
        "TransformOutput": {"S3OutputPath": "s3://lake/out"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    assert refused(sagemaker.client("sagemaker").create_transform_job, **request) == limit(
        "ml.m5.large for transform job usage", 0, 0, 1
    )


def test_an_endpoint_of_three_types_is_possible_and_its_update_needs_twice_the_instances(sagemaker: Cloud) -> None:
    client = sagemaker.client("sagemaker")
    sagemaker.config("large", "m")
    assert refused(client.create_endpoint, EndpointName="e", EndpointConfigName="large") == limit(
        "ml.m5.large for endpoint usage", 0, 0, 1
    )
    for name in ("two", "two-again"):
        sagemaker.config(name, "m", variant={"InstanceType": "ml.t2.medium", "InitialInstanceCount": 2})
    assert sagemaker.endpoint("e", "two")["EndpointStatus"] == "InService"
    assert refused(client.update_endpoint, EndpointName="e", EndpointConfigName="two-again") == limit(
        "ml.t2.medium for endpoint usage", 2, 2, 2
    )
    assert sagemaker.settled("e")["EndpointConfigName"] == "two"
    weights = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}]
    call = client.update_endpoint_weights_and_capacities
    assert refused(call, EndpointName="e", DesiredWeightsAndCapacities=weights)[0] == "ResourceLimitExceeded"
    quotas = sagemaker.client("service-quotas")
    granted = quotas.request_service_quota_increase(ServiceCode="sagemaker", QuotaCode="L-29C181D7", DesiredValue=4)
    assert granted["RequestedQuota"]["Status"] == "APPROVED"
    client.update_endpoint(EndpointName="e", EndpointConfigName="two-again")
    assert sagemaker.settled("e")["EndpointConfigName"] == "two-again"
    client.delete_endpoint(EndpointName="e")


def test_serverless_endpoints_share_ten_invocations_and_have_3072_mb(sagemaker: Cloud) -> None:
    client = sagemaker.client("sagemaker")
    for name, memory, concurrency in (("big", 4096, 1), ("wide", 1024, 11)):
        serverless = {"MemorySizeInMB": memory, "MaxConcurrency": concurrency}
        sagemaker.config(
            name, "m", variant={"ServerlessConfig": serverless, "InstanceType": None, "InitialInstanceCount": None}
        )
    assert refused(client.create_endpoint, EndpointName="s", EndpointConfigName="big") == limit(
        "Memory size in MB per serverless endpoint", 3072, 0, 4096, "MBs"
    )
    name = "Maximum total concurrency that can be allocated across all serverless endpoints"
    assert refused(client.create_endpoint, EndpointName="s", EndpointConfigName="wide") == limit(
        name, 10, 0, 11, "Invocations"
    )


def test_service_quotas_tells_what_is_granted_and_the_default(world: World) -> None:
    client = world.client("service-quotas")
    asked = {"ServiceCode": "lambda", "QuotaCode": CONCURRENCY.code}
    assert client.get_service_quota(**asked)["Quota"]["Value"] == 10
    client.request_service_quota_increase(**asked, DesiredValue=100)
    try:
        assert client.get_service_quota(**asked)["Quota"]["Value"] == 100
        assert client.get_aws_default_service_quota(**asked)["Quota"]["Value"] == 10
        history = client.list_requested_service_quota_change_history(ServiceCode="lambda")["RequestedQuotas"]
        assert [(one["QuotaName"], one["DesiredValue"]) for one in history] == [("Concurrent executions", 100)]
        code, _ = refused(client.request_service_quota_increase, **asked, DesiredValue=100)
        assert code == "IllegalArgumentException"
    finally:
        world.cloud.context.account.grant(CONCURRENCY, 10)


def test_service_quotas_lists_page_by_page(world: World) -> None:
    pages = list(world.client("service-quotas").get_paginator("list_service_quotas").paginate(
        ServiceCode="sagemaker", PaginationConfig={"PageSize": 5}
    ))  # fmt: skip
    names = [quota["QuotaName"] for page in pages for quota in page["Quotas"]]
    assert len(pages) > 1
    assert "ml.m5.large for endpoint usage" in names
    assert len(set(names)) == len(names)


def test_an_unknown_quota_or_service_is_refused(world: World) -> None:
    client = world.client("service-quotas")
    for service, code in (("sagemaker", "L-00000000"), ("ec2", "L-1216C47A")):
        found, _ = refused(client.get_service_quota, ServiceCode=service, QuotaCode=code)
        assert found == "NoSuchResourceException"


def test_an_account_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AccountError, match="there is no account 'old': new or grown"):
        Account("old")
    with pytest.raises(AccountError, match="there is no quota 'much'"):
        Account("new", {"much": 1})
