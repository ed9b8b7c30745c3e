"""Endpoints serve with real processes: creation, requests, updates, rollback, deletion."""

import contextlib
import os
import signal
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.embedded.sagemaker.conftest import APP, ROLE, Cloud, eventually

CANARY = {
    "BlueGreenUpdatePolicy": {
        "TrafficRoutingConfiguration": {
            "Type": "CANARY",
            "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": 200,  # 10 s on the wall
        },
        "TerminationWaitInSeconds": 10,
        "MaximumExecutionTimeoutInSeconds": 600,
    },
    "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]},
}


@pytest.fixture(scope="module")
def flights(cloud: Cloud) -> str:
    """An endpoint in service with the model v1."""
    cloud.model("v1", "v1")
    cloud.config("c1", "v1")
    description = cloud.endpoint("flights", "c1")
    assert description["EndpointStatus"] == "InService", description["FailureReason"]
    return "flights"


def servers(cloud: Cloud) -> int:
    return len(list((cloud.context.workdir / "sagemaker" / "hosting").glob("*/*/ml/model")))


def test_an_endpoint_describes_what_it_serves(cloud: Cloud, flights: str) -> None:
    description = cloud.client("sagemaker").describe_endpoint(EndpointName=flights)
    assert description["EndpointConfigName"] == "c1"
    assert description["EndpointArn"] == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/flights"
    (variant,) = description["ProductionVariants"]
    assert (variant["VariantName"], variant["CurrentWeight"], variant["CurrentInstanceCount"]) == ("AllTraffic", 1.0, 1)
    assert variant["DeployedImages"][0]["SpecifiedImage"].endswith("sagemaker-scikit-learn:1.9-0-cpu-py3")
    statuses = [detail["EndpointStatus"] for kind, detail in cloud.events if detail.get("EndpointName") == flights]
    assert statuses[:2] == ["Creating", "InService"]


def test_an_update_brings_the_new_model_and_stops_the_old_server(cloud: Cloud, flights: str) -> None:
    cloud.model("v2", "v2", DELAY="1")
    cloud.config("c2", "v2")
    sagemaker = cloud.client("sagemaker")
    before = servers(cloud)
    sagemaker.update_endpoint(EndpointName=flights, EndpointConfigName="c2")
    description = sagemaker.describe_endpoint(EndpointName=flights)
    assert (description["EndpointStatus"], description["EndpointConfigName"]) == ("Updating", "c1")
    with pytest.raises(ClientError, match=r'Cannot update in-progress endpoint "arn:.*:endpoint/flights"\.'):
        sagemaker.update_endpoint(EndpointName=flights, EndpointConfigName="c1")
    assert cloud.invoke(flights, b"1")["Body"] == b"v1:1", "the old server answers until the new one is healthy"
    description = cloud.settled(flights)
    assert (description["EndpointStatus"], description["EndpointConfigName"]) == ("InService", "c2")
    assert cloud.invoke(flights, b"1")["Body"] == b"v2:1"
    eventually(lambda: servers(cloud) == before)


def test_a_model_that_never_gets_healthy_leaves_the_old_configuration_in_service(cloud: Cloud, flights: str) -> None:
    before = cloud.client("sagemaker").describe_endpoint(EndpointName=flights)["EndpointConfigName"]
    cloud.model("ill", "v3", {"model.json": "{}", "code/app.py": "raise RuntimeError('digest differs')"})
    cloud.config("c3", "ill")
    cloud.client("sagemaker").update_endpoint(EndpointName=flights, EndpointConfigName="c3")
    description = cloud.settled(flights)
    assert (description["EndpointStatus"], description["EndpointConfigName"]) == ("InService", before)
    assert "did not pass the ping health check" in description["FailureReason"]
    assert "digest differs" in description["FailureReason"]
    assert cloud.invoke(flights, b"1")["InvokedProductionVariant"] == "AllTraffic"


def test_a_canary_shares_the_traffic_and_an_alarm_brings_the_old_model_back(cloud: Cloud) -> None:
    cloud.model("old", "old")
    cloud.model("new", "new")
    cloud.config("k1", "old", variant={"InitialInstanceCount": 2})
    cloud.config("k2", "new", variant={"InitialInstanceCount": 2})
    cloud.endpoint("canary", "k1")
    cloudwatch, sagemaker = cloud.client("cloudwatch"), cloud.client("sagemaker")
    cloudwatch.put_metric_alarm(
        AlarmName="errors", MetricName="x", Namespace="y", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold", Statistic="Sum", TreatMissingData="ignore",
    )  # fmt: skip
    sagemaker.update_endpoint(EndpointName="canary", EndpointConfigName="k2", DeploymentConfig=CANARY)

    def bodies(count: int) -> set[bytes]:
        return {cloud.invoke("canary", b"1")["Body"] for _ in range(count)}

    assert eventually(lambda: len(bodies(20)) == 2)
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    description = cloud.settled("canary")
    assert (description["EndpointStatus"], description["EndpointConfigName"]) == ("InService", "k1")
    assert "errors" in description["FailureReason"]
    statuses = [detail["EndpointStatus"] for _, detail in cloud.events if detail.get("EndpointName") == "canary"]
    assert statuses[-3:] == ["Updating", "RollingBack", "InService"]
    assert bodies(10) == {b"old:1"}
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="test")
    sagemaker.update_endpoint(EndpointName="canary", EndpointConfigName="k2", DeploymentConfig=CANARY)
    assert eventually(lambda: len(bodies(20)) == 2)
    pending = sagemaker.describe_endpoint(EndpointName="canary")["PendingDeploymentSummary"]
    assert pending["EndpointConfigName"] == "k2"
    assert pending["ProductionVariants"][0]["VariantStatus"][0]["Status"] == "Baking"
    description = cloud.settled("canary")
    assert (description["EndpointConfigName"], description["LastDeploymentConfig"]) == ("k2", CANARY)
    assert bodies(10) == {b"new:1"}
    sagemaker.delete_endpoint(EndpointName="canary")


@pytest.mark.parametrize(
    ("files", "environment", "reason"),
    [
        ({"model.json": "{}"}, {"SAGEMAKER_SERVING_MODULE": ""}, "SAGEMAKER_SERVING_MODULE"),
        ({"model.json": '{"healthy": false}', "code/app.py": APP}, {}, "did not pass the ping health check"),
        ({"model.json": "{}", "../climbs": "x"}, {}, "cannot be unpacked"),
    ],
)
def test_an_endpoint_that_cannot_start_fails_with_the_reason(
    cloud: Cloud, files: dict[str, str], environment: dict[str, str], reason: str
) -> None:
    name = f"bad-{len(cloud.client('sagemaker').list_models()['Models'])}"
    cloud.model(name, "v", files, **environment)
    cloud.config(name, name, variant={"ContainerStartupHealthCheckTimeoutInSeconds": 60})
    sagemaker = cloud.client("sagemaker")
    description = cloud.endpoint(name, name)
    assert description["EndpointStatus"] == "Failed"
    assert reason in description["FailureReason"]
    with pytest.raises(ClientError, match="only delete it"):
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=name)
    sagemaker.delete_endpoint(EndpointName=name)


def test_a_server_that_died_is_replaced(cloud: Cloud) -> None:
    cloud.model("mortal", "m")
    cloud.config("mortal", "mortal")
    cloud.endpoint("mortal", "mortal")
    victims = [process for process in psutil.process_iter() if serves(process, cloud)]
    newest = max(victims, key=psutil.Process.create_time)
    os.killpg(os.getpgid(newest.pid), signal.SIGKILL)
    eventually(lambda: not newest.is_running() or newest.status() == psutil.STATUS_ZOMBIE)
    with pytest.raises(ClientError) as error:
        cloud.invoke("mortal", b"1")
    assert error.value.response["Error"]["Code"] == "ModelError"

    def answer() -> bytes | None:
        try:
            body: bytes = cloud.invoke("mortal", b"1")["Body"]
        except ClientError:
            return None
        return body

    assert eventually(answer) == b"m:1"


def serves(process: psutil.Process, cloud: Cloud) -> bool:
    """True if the process is an inference server of this cloud."""
    with contextlib.suppress(psutil.Error):
        return "gunicorn" in process.cmdline() and str(cloud.context.workdir) in process.cwd()
    return False


def test_the_variants_name_must_stay(cloud: Cloud, flights: str) -> None:
    cloud.config("other-name", "v1", variant={"VariantName": "Blue"})
    with pytest.raises(ClientError, match="names must stay"):
        cloud.client("sagemaker").update_endpoint(EndpointName=flights, EndpointConfigName="other-name")


def test_a_deleted_endpoint_is_gone_with_its_process(cloud: Cloud) -> None:
    cloud.model("deleted", "v")
    cloud.config("deleted", "deleted")
    cloud.endpoint("deleted", "deleted")
    sagemaker = cloud.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName="deleted")
    assert sagemaker.describe_endpoint(EndpointName="deleted")["EndpointStatus"] == "Deleting"
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        sagemaker.create_endpoint(EndpointName="deleted", EndpointConfigName="deleted")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        sagemaker.delete_endpoint(EndpointName="deleted")
    with pytest.raises(ClientError, match=r"Endpoint deleted of account 123456789012 not found\."):
        cloud.invoke("deleted", b"1")
    eventually(lambda: not list((cloud.context.workdir / "sagemaker" / "hosting" / "deleted").glob("*/ml")))
    eventually(lambda: "deleted" not in [entry["EndpointName"] for entry in sagemaker.list_endpoints()["Endpoints"]])
    cloud.endpoint("deleted", "deleted")
    sagemaker.delete_endpoint(EndpointName="deleted")


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("describe_endpoint", {"EndpointName": "no"}, 'Could not find endpoint "arn:.*:endpoint/no"'),
        ("describe_endpoint_config", {"EndpointConfigName": "no"}, 'Could not find endpoint configuration "arn:'),
        ("describe_model", {"ModelName": "no"}, 'Could not find model "arn:.*:model/no"'),
        ("create_endpoint", {"EndpointName": "x", "EndpointConfigName": "no"}, "Could not find endpoint configuration"),
        (
            "create_endpoint",
            {"EndpointName": "flights", "EndpointConfigName": "c1"},
            "Cannot create already existing endpoint ",
        ),
        ("update_endpoint", {"EndpointName": "no", "EndpointConfigName": "c1"}, "Could not find endpoint "),
        (
            "update_endpoint",
            {"EndpointName": "flights", "EndpointConfigName": "no"},
            "Could not find endpoint configuration",
        ),
        ("create_pipeline", {"PipelineName": "p", "RoleArn": ROLE, "ClientRequestToken": "x" * 32}, "does not emulate"),
    ],
)
def test_what_is_not_there_or_is_there_already_is_an_error(
    cloud: Cloud, flights: str, operation: str, request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        getattr(cloud.client("sagemaker"), operation)(**request_)


def test_names_are_taken_once_and_archives_must_exist(cloud: Cloud, flights: str) -> None:
    with pytest.raises(ClientError, match='Cannot create already existing model "arn'):
        cloud.model("v1", "v1")
    with pytest.raises(ClientError, match='Cannot create already existing endpoint configuration "arn'):
        cloud.config("c1", "v1")
    container = {"Image": "x", "ModelDataUrl": "s3://lake/none.tar.gz", "Environment": {}}
    with pytest.raises(ClientError, match=r"Could not find model data at s3://lake/none.tar.gz\."):
        cloud.client("sagemaker").create_model(ModelName="none", PrimaryContainer=container, ExecutionRoleArn=ROLE)


def test_weights_and_capacities_change_what_is_reported(cloud: Cloud, flights: str) -> None:
    sagemaker = cloud.client("sagemaker")
    wanted = [{"VariantName": "AllTraffic", "DesiredWeight": 2.0, "DesiredInstanceCount": 3}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=flights, DesiredWeightsAndCapacities=wanted)
    (variant,) = sagemaker.describe_endpoint(EndpointName=flights)["ProductionVariants"]
    assert (variant["DesiredWeight"], variant["CurrentInstanceCount"]) == (2.0, 3)


def test_an_action_that_is_not_emulated_is_an_error(cloud: Cloud) -> None:
    with pytest.raises(ClientError):
        cloud.client("sagemaker").create_monitoring_schedule(
            MonitoringScheduleName="m", MonitoringScheduleConfig={"MonitoringType": "DataQuality"}
        )


def test_capacity_is_scaled_as_moto_has_it(cloud: Cloud, flights: str) -> None:
    scaling = cloud.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{flights}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    policy = {
        "TargetValue": 100.0,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    }
    scaling.put_scaling_policy(
        **target, PolicyName="p", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration=policy
    )
    (found,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert found["TargetTrackingScalingPolicyConfiguration"] == policy
