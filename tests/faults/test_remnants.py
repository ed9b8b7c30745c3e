"""Alarms, targets, configurations and endpoints that nobody owns are found: deleted where that is safe, else told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cloud import alarms, endpoints, lease
from cloud.platform import client
from embedded.moto_patches import scaling
from embedded.moto_patches.patches import Patches
from perennial.environment import Environment
from tests.faults.account import Account, assert_invariants, table
from tests.faults.test_runs import walk_to

OF = Environment()


@pytest.fixture(autouse=True)
def answers_of_aws() -> Iterator[None]:
    """The code by which AWS tells that there is no scalable target."""
    patches = Patches()
    scaling.install(patches)
    yield
    patches.undo()


def tidy(account: Account) -> Any:
    return account.call("Tidy", {}, {})


def make(name: str) -> None:
    """An endpoint configuration and the SageMaker model of the same name."""
    sagemaker = client("sagemaker")
    container = {"Environment": {"PERENNIAL_MODEL_VERSION": name}}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn="arn:aws:iam::1:role/serving")
    variant = {"VariantName": "AllTraffic", "ModelName": name}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def make_alarm(name: str) -> None:
    client("cloudwatch").put_metric_alarm(
        AlarmName=name, Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip


def test_a_model_in_order_is_left_as_it_is(account: Account) -> None:
    account.upload("apples", "a.csv", table(1))
    account.settle()
    names = set(account.sagemaker.named)
    kept = alarms.existing(account.world.platform, "apples")
    assert tidy(account) == {"deleted": 0, "told": 0}
    assert set(account.sagemaker.named) == names
    assert alarms.existing(account.world.platform, "apples") == kept
    assert_invariants(account)


@pytest.mark.quick
def test_what_a_crash_left_behind_is_deleted(account: Account) -> None:
    account.upload("apples", "a.csv", table(1))
    account.settle()
    make(f"{OF.endpoint('apples')}-shadow-0123abcd")
    make_alarm(OF.alarm("pears", "errors"))  # pears has no endpoint
    target = endpoints._target(OF.endpoint("pears"))
    autoscaling = client("application-autoscaling")
    autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    assert tidy(account) == {"deleted": 3, "told": 0}
    found = autoscaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]])
    assert found["ScalableTargets"] == []
    assert ("config", f"{OF.endpoint('apples')}-shadow-0123abcd") not in account.sagemaker.named
    assert ("model", f"{OF.endpoint('apples')}-shadow-0123abcd") not in account.sagemaker.named
    assert alarms.existing(account.world.platform, "pears") == []
    assert tidy(account) == {"deleted": 0, "told": 0}
    assert account.served("apples") == account.champion("apples")
    assert_invariants(account)


def test_the_endpoint_of_a_model_that_is_not_deployed_is_told_once_a_day_and_kept(account: Account) -> None:
    account.upload("apples", "a.csv", table(1))
    account.settle()
    del account.specs["apples"]
    for _ in range(2):
        assert tidy(account) == {"deleted": 0, "told": 1}
    told = [notice for notice in account.read_notices() if "left behind" in notice["subject"]]
    assert len(told) == 1
    assert "Next: perennial retire apples" in told[0]["text"]
    assert OF.endpoint("apples") in account.sagemaker.endpoints
    account.clock.forward(days=1)
    tidy(account)
    assert len([notice for notice in account.read_notices() if "left behind" in notice["subject"]]) == 2


def test_an_endpoint_that_serves_another_version_than_the_champion_is_told(account: Account) -> None:
    account.upload("apples", "a.csv", table(1))
    account.settle()
    other = f"{OF.endpoint('apples')}-000000000000-abcdef"
    make(other)
    account.sagemaker.endpoints[OF.endpoint("apples")]["EndpointConfigName"] = other
    assert tidy(account) == {"deleted": 0, "told": 1}
    assert any("the champion's is" in notice["text"] for notice in account.read_notices())


def test_nothing_is_touched_during_a_run(account: Account) -> None:
    _, execution = walk_to(account, "a.csv", "Check endpoint")
    make(f"{OF.endpoint('apples')}-shadow-0123abcd")
    assert tidy(account) == {"deleted": 0, "told": 0}
    assert ("config", f"{OF.endpoint('apples')}-shadow-0123abcd") in account.sagemaker.named
    assert execution.status == "RUNNING"


def test_the_lease_is_free_again_after_it(account: Account) -> None:
    account.upload("apples", "a.csv", table(1))
    account.settle()
    tidy(account)
    assert lease.holder(account.world.ledger, "apples", account.clock.now) is None
