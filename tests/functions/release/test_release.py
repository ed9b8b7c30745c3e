"""A release is watched, and rolled back by an alarm or a golden row."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest

from cloud import endpoints, lease, rollbacks
from cloud.platform import from_environment
from functions.release import canary, check, deployment, rollback
from functions.release.deployment import BUSY_WAITS
from perennial import layout
from perennial.contract.model import ModelSpec
from perennial.environment import Environment
from tests.functions.release.conftest import Context, House, eventually


def measure(house: House, namespace: str, version: str = "", **metrics: float) -> None:
    """Metrics as SageMaker and the metric filters put them, now."""
    named = {"Model": version} if version else {"EndpointName": house.endpoint, "VariantName": "AllTraffic"}
    dimensions = [{"Name": name, "Value": value} for name, value in named.items()]
    boto3.client("cloudwatch").put_metric_data(
        Namespace=namespace,
        MetricData=[{"MetricName": name, "Dimensions": dimensions, "Value": value} for name, value in metrics.items()],
    )


def metric(version: str, name: str, value: float) -> dict[str, Any]:
    """A metric of one version, for PutMetricData."""
    return {"MetricName": name, "Dimensions": [{"Name": "Model", "Value": version}], "Value": value}


@contextmanager
def slow_answers(house: House) -> Iterator[None]:
    """Keeps the latency alarm in ALARM: puts a slow answer, again and again."""
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            measure(house, "AWS/SageMaker", ModelLatency=812_000)
            ended.wait(0.2)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        eventually(lambda: alarm(house, "latency")["StateValue"] == "ALARM")
        yield
    finally:
        ended.set()
        thread.join()


def changed(spec: ModelSpec, **release: Any) -> ModelSpec:
    """The spec with another release."""
    data = spec.to_json()
    return ModelSpec.from_json(data | {"release": data["release"] | release})


def alarm(house: House, kind: str) -> dict[str, Any]:
    name = Environment().alarm(house.model, kind)
    (found,) = boto3.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return dict(found)


def baking(house: House) -> None:
    """Begin the release, and wait until a share of the traffic goes to the candidate."""
    house.deploy()
    eventually(lambda: house.call(check)["outcome"] == "baking")


def test_a_first_version_makes_the_endpoint_and_becomes_champion(house: House) -> None:
    version = house.promote("a")
    assert house.serves() == version.id == house.champion().version
    assert "The endpoint is created" in house.told()


def test_a_canary_is_asked_the_golden_rows_while_it_bakes_and_then_serves(house: House) -> None:
    house.promote("a")
    second = house.promote("b")
    assert f"{second.id} answers the golden rows as offline, on live traffic." in house.told()
    assert house.champion().previous == f"{house.model}@{'a' * 12}"
    sent = boto3.client("sagemaker").describe_endpoint(EndpointName=house.endpoint)["LastDeploymentConfig"]
    routing = sent["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert (routing["Type"], routing["CanarySize"]["Value"], routing["WaitIntervalInSeconds"]) == ("CANARY", 50, 180)
    rolling = {one["AlarmName"] for one in sent["AutoRollbackConfiguration"]["Alarms"]}
    assert rolling == {Environment().alarm(house.model, kind) for kind in layout.ALARMS}


@pytest.mark.parametrize(
    "how", ["skewed", *(pytest.param(how, marks=pytest.mark.slow) for how in ("constant", "raises"))]
)
def test_a_canary_that_answers_otherwise_than_offline_is_called_back_and_the_row_is_named(
    house: House, how: str
) -> None:
    champion = house.promote("a")
    house.begin(house.version("b", how))
    baking(house)
    eventually(lambda: house.call(canary)["asked"])
    wanted = {"Namespace": Environment().serving_metrics, "MetricName": "Withdrawn"}
    seen = boto3.client("cloudwatch").list_metrics(**wanted)["Metrics"]
    assert {"Name": "Model", "Value": f"{house.model}@{'b' * 12}"} in [d for m in seen for d in m["Dimensions"]]
    assert house.follow() == "refused"
    assert house.serves() == champion.id == house.champion().version
    (told,) = [step.sentences for step in house.run().steps if step.name == "restore"]
    assert "rolled back" in told[0]
    assert ("differs from the model's offline prediction" in told[0]) == (how != "raises")
    assert f"The endpoint serves {champion.id}." in told


def test_a_canary_that_is_slow_is_led_back_by_the_latency_of_its_own_answers(house: House) -> None:
    house.spec = changed(house.spec, alarms={"latency_ms": 200})
    champion = house.promote("a")
    house.begin(house.version("b", "slow"))
    baking(house)
    assert house.follow() == "refused"
    assert Environment().alarm(house.model, "latency") in house.told()
    assert "the limit is 200 ms" in house.told()
    assert house.serves() == champion.id


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("errors", "37 answers in a minute were errors (5xx), the limit is 1"),
        pytest.param("latency", "took 812 ms, the limit is 500 ms", marks=pytest.mark.slow),
        pytest.param(
            "invalid", "61% of the rows were refused or out of contract, the limit is 50%", marks=pytest.mark.slow
        ),
        pytest.param(
            "shift", "further from the champion's than chance explains, the limit is 0.07395", marks=pytest.mark.slow
        ),
    ],
)
def test_a_rollback_by_alarm_says_which_and_by_how_much(house: House, kind: str, words: str) -> None:
    champion = house.promote("a")
    version = house.version("b")
    house.begin(version)
    baking(house)
    if kind == "errors":
        measure(house, "AWS/SageMaker", Invocation5XXErrors=37)
    elif kind == "latency":
        measure(house, "AWS/SageMaker", ModelLatency=812_000)
    elif kind == "invalid":
        measure(house, Environment().serving_metrics, version.id, Rows=100_000, Invalid=61_000)
    else:  # in one call: the alarm compares metrics of the same minute
        totals = {version.id: 600_000.0, champion.id: 300_000.0}
        data = [metric(id, "ScoreSum", total) for id, total in totals.items()]
        data += [metric(id, "ScoreCount", 1_000_000) for id in totals]
        boto3.client("cloudwatch").put_metric_data(Namespace=Environment().serving_metrics, MetricData=data)
    assert house.follow() == "refused"
    assert words in house.told()
    assert Environment().alarm(house.model, kind) in house.told()
    assert house.serves() == champion.id


def test_an_alarm_that_is_ok_again_before_anybody_looks_is_named_all_the_same(house: House) -> None:
    house.promote("a")
    house.begin(house.version("b"))
    baking(house)
    measure(house, "AWS/SageMaker", ModelLatency=812_000)
    eventually(lambda: not house.is_changing() and alarm(house, "latency")["StateValue"] == "OK")
    assert house.follow() == "refused"
    assert "took 812 ms, the limit is 500 ms" in house.told()


def test_a_release_waits_an_hour_while_an_alarm_of_the_one_before_is_in_alarm(house: House) -> None:
    champion = house.promote("a")
    house.begin(house.version("b"))
    baking(house)
    measure(house, "AWS/SageMaker", ModelLatency=812_000)
    assert house.follow() == "refused"
    house.begin(house.version("c"))
    waits = {"start_deployment": BUSY_WAITS - 1}
    house.ledger.update_run(house.run().model_copy(update={"waits": waits}))

    with slow_answers(house):
        found = house.call(deployment)
        assert (found["outcome"], found["seconds"] * BUSY_WAITS) == ("waiting", 3600)
        assert re.search(r"812 ms.* No release begins before it is OK", found["reason"])
        assert found["reason"] in house.told()
        eventually(lambda: alarm(house, "latency")["StateValue"] == "ALARM")  # the call above put it anew
        with pytest.raises(endpoints.EndpointBusyError, match="812 ms"):
            house.call(deployment)
    assert house.serves() == champion.id


@pytest.mark.slow
def test_alarms_are_put_anew_with_the_limits_of_the_spec_and_the_names_of_the_versions(house: House) -> None:
    house.promote("a")
    boto3.client("cloudwatch").set_alarm_state(
        AlarmName=Environment().alarm(house.model, "invalid"), StateValue="ALARM", StateReason="an earlier release"
    )
    version = house.version("b")
    house.begin(version)
    baking(house)
    assert alarm(house, "invalid")["StateValue"] != "ALARM"  # an alarm of an earlier release does not end this one
    assert alarm(house, "latency")["Threshold"] == 500_000
    metrics = {m["Id"]: m for m in alarm(house, "shift")["Metrics"]}
    named = {id: m["MetricStat"]["Metric"]["Dimensions"][0]["Value"] for id, m in metrics.items() if "MetricStat" in m}
    assert (named["new_sum"], named["old_sum"]) == (version.id, f"{house.model}@{'a' * 12}")
    assert metrics["shift"]["ReturnData"] is True
    assert 0 < alarm(house, "shift")["Threshold"] < 0.5
    assert house.follow() == "promoted"


def test_a_release_that_is_begun_again_after_a_crash_is_the_same_release(house: House) -> None:
    house.promote("a")
    house.begin(house.version("b"))
    baking(house)
    before = alarm(house, "errors")["AlarmConfigurationUpdatedTimestamp"]
    again = house.call(deployment)
    assert again | {"began": ""} == house.state["release"] | {"began": ""}
    assert alarm(house, "errors")["AlarmConfigurationUpdatedTimestamp"] == before
    assert house.follow() == "promoted"


def test_a_way_back_that_meets_an_update_calls_the_candidate_back_first(house: House) -> None:
    house.promote("a")
    house.begin(house.version("b"))
    baking(house)
    assert house.call(rollback)["outcome"] == "waiting"
    assert house.back() == "refused"
    assert house.serves() == house.champion().version


def test_a_version_whose_machines_never_come_up_is_refused_with_sagemakers_reason(house: House) -> None:
    champion = house.promote("a")
    house.begin(house.version("b", "no archive"))
    assert house.go() == "refused"
    assert "did not take" in house.told()
    assert house.serves() == champion.id


def test_configurations_that_nobody_needs_are_deleted_after_a_release(house: House) -> None:
    house.spec = changed(house.spec, traffic="all_at_once", bake_minutes=0)
    for digit in "abcdef0":
        house.promote(digit)
    found = boto3.client("sagemaker").list_endpoint_configs(NameContains=house.endpoint)["EndpointConfigs"]
    kept = {config["EndpointConfigName"].split("-")[2][0] for config in found}
    assert kept == set("cdef0")
    models = boto3.client("sagemaker").list_models(NameContains=house.endpoint)["Models"]
    assert len(models) == 5


def test_a_rollback_by_hand_lets_the_version_before_serve_again(house: House) -> None:
    first, second = house.promote("a"), house.promote("b")
    platform = from_environment()
    champion, version = rollbacks.target(platform, house.ledger, house.model, None)
    assert (champion.version, version.id) == (second.id, first.id)
    house.begin(version, "rollback")
    assert house.go() == "promoted"
    assert house.serves() == first.id == house.champion().version
    assert house.champion().previous == second.id
    assert "goes back to" in house.told()


@pytest.mark.slow
def test_a_version_that_was_swept_is_made_again_for_a_rollback(house: House) -> None:
    house.spec = changed(house.spec, traffic="all_at_once", bake_minutes=0)
    for digit in "abcdef":
        house.promote(digit)
    _, version = rollbacks.target(from_environment(), house.ledger, house.model, f"{house.model}@{'a' * 12}")
    house.begin(version, "rollback")
    assert house.go() == "promoted"
    assert house.serves() == version.id


def test_a_rollback_to_what_cannot_serve_says_why(house: House) -> None:
    platform = from_environment()
    with pytest.raises(rollbacks.RollbackError, match="serves yet, so there is nothing to go back from"):
        rollbacks.target(platform, house.ledger, house.model, None)
    first = house.promote("a")
    with pytest.raises(rollbacks.RollbackError, match=r"first champion.*next: perennial upload FILE"):
        rollbacks.target(platform, house.ledger, house.model, None)
    never = house.version("c")
    with pytest.raises(rollbacks.RollbackError, match=f"--to {never.id}, if that is wanted: it was never champion"):
        rollbacks.target(platform, house.ledger, house.model, None)
    with pytest.raises(rollbacks.RollbackError, match="the version that serves"):
        rollbacks.target(platform, house.ledger, house.model, first.id)
    with pytest.raises(rollbacks.RollbackError, match="no version of"):
        rollbacks.target(platform, house.ledger, house.model, "other@" + "a" * 12)
    second = house.promote("b")
    boto3.client("s3").delete_object(Bucket="models", Key=first.archive_key)
    with pytest.raises(rollbacks.RollbackError, match=f"the archive of {first.id} is gone"):
        rollbacks.target(platform, house.ledger, house.model, None)
    assert house.champion().version == second.id


def test_a_rollback_waits_for_no_run_but_is_refused_while_one_is_under_way(house: House) -> None:
    from datetime import UTC, datetime

    house.promote("a")
    house.promote("b")
    ends = rollbacks.target(from_environment(), house.ledger, house.model, None)
    house.begin(house.version("c"))
    holder = lease.holder(house.ledger, house.model, datetime.now(UTC))
    with pytest.raises(rollbacks.RollbackError, match=f"{holder} of '{house.model}' is under way"):
        rollbacks.start(from_environment(), house.ledger, ends, ("somebody", "to see"), datetime.now(UTC))


@pytest.mark.slow
def test_an_endpoint_that_could_not_be_led_back_is_touched_by_nobody(house: House, hosting: Any) -> None:
    from moto.sagemaker.models import sagemaker_backends

    house.promote("a")
    house.begin(house.version("b"))
    house.deploy()
    eventually(lambda: not house.is_changing(), 60)
    backend = sagemaker_backends[hosting.context.account_id][hosting.context.region]
    backend.hosting.endpoints[house.endpoint].status = "UpdateRollbackFailed"
    for function in (check, deployment):
        with pytest.raises(endpoints.StuckEndpointError, match="a person is needed"):
            function.handler(house.state, Context())
