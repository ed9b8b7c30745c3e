"""Rules of AWS beyond the service models, against a running cloud."""

import pytest
from botocore.exceptions import ClientError

from tests.embedded.sagemaker.conftest import ROLE, Cloud, eventually

SERVERLESS = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 2}}
NO_INSTANCE = {"InstanceType": None, "InitialInstanceCount": None}
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/ruled/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


@pytest.fixture(scope="module")
def scaled(cloud: Cloud) -> str:
    cloud.model("ruled", "v")
    cloud.config("ruled", "ruled")
    cloud.config("ruled-larger", "ruled", variant={"InstanceType": "ml.m5.xlarge"})
    assert cloud.endpoint("ruled", "ruled")["EndpointStatus"] == "InService"
    cloud.client("application-autoscaling").register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=2)
    return "ruled"


def targets(cloud: Cloud) -> int:
    scaling = cloud.client("application-autoscaling")
    return len(scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"])


def test_a_scalable_targets_instance_type_stays_until_it_is_deregistered(cloud: Cloud, scaled: str) -> None:
    sagemaker = cloud.client("sagemaker")
    with pytest.raises(ClientError, match="Cannot change the instance type"):
        sagemaker.update_endpoint(EndpointName=scaled, EndpointConfigName="ruled-larger")
    cloud.client("application-autoscaling").deregister_scalable_target(**TARGET)
    sagemaker.update_endpoint(EndpointName=scaled, EndpointConfigName="ruled-larger")
    assert cloud.settled(scaled)["EndpointConfigName"] == "ruled-larger"


def test_a_deleted_endpoint_is_no_scalable_target_any_more(cloud: Cloud, scaled: str) -> None:
    cloud.client("application-autoscaling").register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=2)
    assert targets(cloud) == 1
    cloud.client("sagemaker").delete_endpoint(EndpointName=scaled)
    eventually(lambda: targets(cloud) == 0)


def test_a_serverless_endpoint_takes_no_isolated_model(cloud: Cloud) -> None:
    cloud.model("isolated", "v")
    container = cloud.client("sagemaker").describe_model(ModelName="isolated")["PrimaryContainer"]
    cloud.client("sagemaker").create_model(
        ModelName="isolated-2", PrimaryContainer=container, ExecutionRoleArn=ROLE, EnableNetworkIsolation=True
    )
    with pytest.raises(ClientError, match="Network isolation is not supported for serverless endpoints"):
        cloud.config("isolated", "isolated-2", variant=SERVERLESS | NO_INSTANCE)


def test_a_warm_pool_on_spot_is_refused(cloud: Cloud) -> None:
    request = cloud.training_request("warm-spot", EnableManagedSpotTraining=True)
    request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = 600
    request["StoppingCondition"] = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    with pytest.raises(ClientError, match="KeepAlivePeriodInSeconds is not supported with managed spot"):
        cloud.client("sagemaker").create_training_job(**request)


def test_an_image_for_x86_is_refused_on_arm(cloud: Cloud) -> None:
    cloud.model("arm", "v")
    with pytest.raises(ClientError, match=r"cannot start on the instance type ml\.m6g\.large"):
        cloud.config("arm", "arm", variant={"InstanceType": "ml.m6g.large"})


def test_a_canary_of_less_than_one_instance_is_refused(cloud: Cloud) -> None:
    cloud.model("small", "v")
    cloud.config("small", "small", variant={"InitialInstanceCount": 2})
    cloud.config("small-2", "small", variant={"InitialInstanceCount": 2})
    cloud.endpoint("small", "small")
    size = {"Type": "CAPACITY_PERCENT", "Value": 10}
    routing = {"Type": "CANARY", "CanarySize": size, "WaitIntervalInSeconds": 60}
    with pytest.raises(ClientError, match="less than one"):
        cloud.client("sagemaker").update_endpoint(
            EndpointName="small",
            EndpointConfigName="small-2",
            DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
        )
