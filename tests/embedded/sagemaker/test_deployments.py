"""Deployments: refusals of AWS, and the properties that an update keeps, exceeds and cannot undo."""

import dataclasses
import os
import shutil
import signal
import time
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from embedded.context import Clients
from embedded.sagemaker.blue_green import TrafficShift
from embedded.sagemaker.deployment_config import TrafficStep, check, steps
from embedded.sagemaker.endpoints import Endpoint
from embedded.sagemaker.errors import RefusedError
from embedded.sagemaker.fleets import Fleet
from embedded.sagemaker.prewarmed import PrewarmedInterpreter
from embedded.sagemaker.records import ResourceRecord
from tests.embedded.sagemaker.conftest import Cloud, eventually


def routing(kind: str = "CANARY", value: int = 50, unit: str = "CAPACITY_PERCENT", **changes: Any) -> dict[str, Any]:
    member = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(kind)
    size = {member: {"Type": unit, "Value": value}} if member else {}
    return {"Type": kind, "WaitIntervalInSeconds": 60} | size | changes


def policy(traffic: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": traffic} | members}


def planned(request: dict[str, Any], instances: int = 2) -> list[TrafficStep]:
    check(request)
    return steps(request["BlueGreenUpdatePolicy"], instances)


def test_traffic_goes_over_in_the_steps_of_the_policy() -> None:
    assert planned(policy(routing(value=10), TerminationWaitInSeconds=120), 10) == [
        TrafficStep(0.1, 60),
        TrafficStep(1.0, 120),
    ]
    assert planned(policy(routing(value=1, unit="INSTANCE_COUNT")), 4) == [TrafficStep(0.25, 60), TrafficStep(1.0, 0)]
    linear = planned(policy(routing("LINEAR", 30)), 4)
    assert [round(step.share, 6) for step in linear] == [0.3, 0.6, 0.9, 1.0]
    assert [step.seconds for step in linear] == [60, 60, 60, 0]
    assert planned(policy(routing("ALL_AT_ONCE"), TerminationWaitInSeconds=5), 1) == [TrafficStep(1.0, 5)]


@pytest.mark.parametrize(
    ("request_", "instances", "message"),
    [
        (policy(routing(value=60)), 2, "from 1 to 50 percent"),
        (policy(routing("LINEAR", 5)), 2, "from 10 to 50 percent"),
        (policy(routing(value=2, unit="INSTANCE_COUNT")), 3, "got 2 instances"),
        (policy(routing()), 1, "at least 2 instances"),
        (policy(routing(CanarySize=None)), 2, "CanarySize is missing"),
        (policy(routing("ALL_AT_ONCE", CanarySize={"Type": "INSTANCE_COUNT", "Value": 1})), 2, "for Type CANARY only"),
        (policy(routing(WaitIntervalInSeconds=None)), 2, "WaitIntervalInSeconds must not be null"),
        (policy(routing(WaitIntervalInSeconds=3601)), 2, "less than or equal to 3600"),
        (policy(routing("SLOWLY")), 2, "Type must be"),
        (policy(routing(), TerminationWaitInSeconds=4000), 2, "less than or equal to 3600"),
        (policy(routing(), MaximumExecutionTimeoutInSeconds=599), 2, "greater than or equal to 600"),
        (
            policy(routing(), TerminationWaitInSeconds=600, MaximumExecutionTimeoutInSeconds=650),
            2,
            "waiting time of 660",
        ),
        ({"AutoRollbackConfiguration": {"Alarms": []}}, 2, "must hold BlueGreenUpdatePolicy"),
        ({"RollingUpdatePolicy": {"MaximumBatchSize": {}}}, 2, "does not emulate"),
        (
            policy(routing()) | {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": str(n)} for n in range(11)]}},
            2,
            "at most 10 alarms",
        ),
    ],
)
def test_a_deployment_against_the_rules_is_refused(request_: dict[str, Any], instances: int, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        planned(request_, instances)


@pytest.fixture(scope="module")
def pair(cloud: Cloud) -> str:
    """An endpoint of two instances; the configurations d1 (in force) and d2 are there."""
    for name in ("d1", "d2"):
        cloud.model(name, name)
        cloud.config(name, name, variant={"InitialInstanceCount": 2})
    assert cloud.endpoint("pair", "d1")["EndpointStatus"] == "InService"
    return "pair"


def test_a_refused_update_leaves_the_endpoint_as_it_is(cloud: Cloud, pair: str) -> None:
    cloud.config("d-small", "d2")
    with pytest.raises(ClientError, match="at least 2 instances"):
        cloud.client("sagemaker").update_endpoint(
            EndpointName=pair, EndpointConfigName="d-small", DeploymentConfig=policy(routing())
        )
    assert cloud.client("sagemaker").describe_endpoint(EndpointName=pair)["EndpointStatus"] == "InService"


def test_an_update_keeps_weights_and_counts_if_it_is_told_to(cloud: Cloud, pair: str) -> None:
    sagemaker = cloud.client("sagemaker")
    wanted = [{"VariantName": "AllTraffic", "DesiredWeight": 3.0, "DesiredInstanceCount": 4}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=pair, DesiredWeightsAndCapacities=wanted)
    sagemaker.update_endpoint(
        EndpointName=pair,
        EndpointConfigName="d2",
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    (variant,) = cloud.settled(pair)["ProductionVariants"]
    assert (variant["CurrentWeight"], variant["CurrentInstanceCount"]) == (1.0, 4)
    sagemaker.update_endpoint(EndpointName=pair, EndpointConfigName="d1")
    assert cloud.settled(pair)["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_a_configuration_in_use_can_be_deleted_as_on_aws_and_the_endpoint_serves_on(cloud: Cloud) -> None:
    cloud.model("stale", "stale")
    cloud.config("stale", "stale")
    cloud.endpoint("stale", "stale")
    sagemaker = cloud.client("sagemaker")
    sagemaker.delete_endpoint_config(EndpointConfigName="stale")
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.describe_endpoint_config(EndpointConfigName="stale")
    assert cloud.invoke("stale", b"1")["Body"] == b"stale:1"
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="stale", DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredWeight": 1.0}]
        )
    sagemaker.delete_endpoint(EndpointName="stale")


@pytest.mark.parametrize(("seconds", "reason"), [
    (0.0, None), (601.0, "The deployment has exceeded its MaximumExecutionTimeoutInSeconds of 600"),
])  # fmt: skip
def test_a_deployment_that_takes_too_long_is_to_be_rolled_back(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, seconds: float, reason: str | None
) -> None:
    context = dataclasses.replace(cloud.context, speed=6000.0)  # a wait of 600 s takes 0.1 s on the wall
    request = policy(routing("ALL_AT_ONCE"), TerminationWaitInSeconds=590, MaximumExecutionTimeoutInSeconds=600)
    clients = Clients(context)
    empty = Fleet(
        context,
        clients,
        "e",
        ResourceRecord("c", "arn", {"ProductionVariants": []}),
        {},
        PrewarmedInterpreter(context, ()),
    )
    traffic_shift = TrafficShift(context, clients, request, 2)
    with monkeypatch.context() as earlier:  # the new fleet took so long to start
        then = time.monotonic() - seconds
        earlier.setattr("embedded.sagemaker.blue_green.time", SimpleNamespace(monotonic=lambda: then))
        traffic_shift.start_timeout()
    assert traffic_shift.run(Endpoint("e", "arn", [], lambda _: None), empty) == reason


def ended(cloud: Cloud, name: str) -> dict[str, Any] | None:
    description: dict[str, Any] = cloud.client("sagemaker").describe_endpoint(EndpointName=name)
    return None if description["EndpointStatus"] in ("Updating", "RollingBack") else description


def test_a_rollback_to_a_fleet_that_is_lost_fails_and_a_later_update_mends_it(cloud: Cloud) -> None:
    for name in ("lost", "found"):
        cloud.model(name, name)
        cloud.config(name, name, variant={"InitialInstanceCount": 2})
    cloud.endpoint("lost", "lost")
    cloudwatch, sagemaker = cloud.client("cloudwatch"), cloud.client("sagemaker")
    cloudwatch.put_metric_alarm(
        AlarmName="lost", MetricName="x", Namespace="y", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold", Statistic="Sum", TreatMissingData="ignore",
    )  # fmt: skip
    (server,) = (cloud.context.workdir / "sagemaker" / "hosting" / "lost").glob("*")
    config = policy(routing(WaitIntervalInSeconds=600)) | {
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "lost"}]}
    }
    sagemaker.update_endpoint(EndpointName="lost", EndpointConfigName="found", DeploymentConfig=config)
    eventually(lambda: baking(cloud, "lost"))
    shutil.rmtree(server / "ml" / "model")
    for process in psutil.process_iter():
        if runs_in(process, str(server)):
            os.killpg(os.getpgid(process.pid), signal.SIGKILL)
    cloudwatch.set_alarm_state(AlarmName="lost", StateValue="ALARM", StateReason="test")
    description = eventually(lambda: ended(cloud, "lost"), 90)
    assert (description["EndpointStatus"], description["EndpointConfigName"]) == ("UpdateRollbackFailed", "lost")
    assert "the old fleet did not pass the ping health check" in description["FailureReason"]
    sagemaker.update_endpoint(EndpointName="lost", EndpointConfigName="found")
    description = cloud.settled("lost")
    assert (description["EndpointStatus"], description["EndpointConfigName"]) == ("InService", "found")
    assert {cloud.invoke("lost", b"1")["Body"] for _ in range(5)} == {b"found:1"}
    sagemaker.delete_endpoint(EndpointName="lost")


def baking(cloud: Cloud, name: str) -> bool:
    summary = cloud.client("sagemaker").describe_endpoint(EndpointName=name).get("PendingDeploymentSummary") or {}
    variants = summary.get("ProductionVariants") or [{}]
    return any(status["Status"] == "Baking" for status in variants[0].get("VariantStatus", []))


def runs_in(process: psutil.Process, directory: str) -> bool:
    try:
        return process.cwd().startswith(directory)
    except psutil.Error:
        return False
