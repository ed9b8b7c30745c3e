"""Target tracking of an endpoint's variant has alarms, and the target takes its policies and alarms along."""

from __future__ import annotations

from typing import Any

import pytest

from tests.embedded.conftest import World

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/v",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TRACKING = {
    "TargetValue": 100.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
}


def alarms(world: World) -> list[str]:
    found = world.client("cloudwatch").describe_alarms(AlarmNamePrefix="TargetTracking-endpoint/e/variant/v-")
    return sorted(alarm["AlarmName"].rsplit("-Alarm", 1)[1].split("-")[0] for alarm in found["MetricAlarms"])


def put(world: World) -> dict[str, Any]:
    scaling = world.client("application-autoscaling")
    scaling.register_scalable_target(**TARGET, MinCapacity=1, MaxCapacity=2)
    return dict(
        scaling.put_scaling_policy(
            **TARGET, PolicyName="p", PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=TRACKING,
        )
    )  # fmt: skip


def test_a_policy_has_two_alarms_and_put_again_it_has_the_same(world: World) -> None:
    first = put(world)
    assert len(first["Alarms"]) == 2
    assert alarms(world) == ["High", "Low"]
    put(world)
    assert alarms(world) == ["High", "Low"]


def test_a_deregistered_target_leaves_no_policy_and_no_alarm(world: World) -> None:
    put(world)
    scaling = world.client("application-autoscaling")
    scaling.deregister_scalable_target(**TARGET)
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []
    assert alarms(world) == []
    with pytest.raises(scaling.exceptions.ObjectNotFoundException):
        scaling.deregister_scalable_target(**TARGET)
