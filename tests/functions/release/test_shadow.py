"""A shadow answers a copy of the traffic, and is compared before it serves."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from cloud import platform, traffic
from functions.release import rollback, shadow
from perennial.environment import Environment
from tests.functions.release.conftest import ROWS, House, eventually
from tests.functions.release.test_release import changed

PATTERNS = {
    "Rows": "$.rows", "Invalid": "$.invalid", "ScoreSum": "$.score_sum", "ScoreCount": "$.score_count",
    "Milliseconds": "$.milliseconds",
}  # fmt: skip


@pytest.fixture
def shadowed(house: House) -> House:
    """A model whose spec wants a shadow, with the log and the filters that the stack makes."""
    house.spec = changed(house.spec, shadow={"minutes": 3, "percent": 100}, traffic="all_at_once", bake_minutes=0)
    logs, group = boto3.client("logs"), Environment().endpoint_log(house.model)
    logs.create_log_group(logGroupName=group)
    filters = [(metric, '{ $.event = "request" }', value) for metric, value in PATTERNS.items()]
    for metric, pattern, value in [*filters, ("Failures", '{ ($.event = "request") && ($.status >= 500) }', "1")]:
        transformation = {"metricName": metric, "metricNamespace": "Perennial/Serving", "metricValue": value}
        logs.put_metric_filter(
            logGroupName=group,
            filterName=metric,
            filterPattern=pattern,
            metricTransformations=[transformation | {"dimensions": {"Model": "$.model"}}],
        )
    return house


def ask(house: House, times: int) -> set[str]:
    """The versions that answered."""
    runtime, answered = boto3.client("sagemaker-runtime"), set()
    body = json.dumps({"rows": ROWS}).encode()
    for _ in range(times):
        answer = runtime.invoke_endpoint(EndpointName=house.endpoint, ContentType="application/json", Body=body)
        answered.add(answer["CustomAttributes"].removeprefix("model="))
    return answered


def watched(house: House) -> None:
    """From the first look to the moment when the shadow has been there for its time."""
    while (told := house.call(shadow))["seconds"] != 180:
        assert told["outcome"] == "waiting"
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("how", "times", "state", "words"),
    [
        ("well", 20, "over", "400 rows without a failure"),
        ("raises", 20, "refused", "the candidate failed 20 times"),
        ("skewed", 150, "refused", "its mean score lay"),  # by a tenth of the spread: only many rows show that
    ],
)
def test_a_shadow_answers_nobody_and_its_answers_decide(
    shadowed: House, how: str, times: int, state: str, words: str
) -> None:
    shadowed.spec = changed(shadowed.spec, alarms={"score_shift": 0.001, "latency_ms": 5000})
    champion = shadowed.promote("a")
    candidate = shadowed.version("b", how)
    shadowed.begin(candidate)
    watched(shadowed)
    assert ask(shadowed, times) == {champion.id}
    since = datetime.now(UTC) - timedelta(minutes=5)

    def counted() -> bool:
        until = datetime.now(UTC) + timedelta(minutes=1)
        seen = traffic.counts(platform.from_environment(), candidate.id, since, until)
        return seen.failures >= times or seen.rows >= 20 * times

    eventually(counted)
    while (found := shadowed.call(shadow))["outcome"] == "waiting":
        time.sleep(0.2)
    assert found["outcome"] == state, shadowed.told()
    assert words in shadowed.told()
    if state == "over":
        assert shadowed.go() == "promoted"
    else:
        shadowed.call(rollback)
        eventually(lambda: not shadowed.is_changing())
        assert shadowed.serves() == champion.id


def test_without_a_champion_there_is_nothing_to_shadow(shadowed: House) -> None:
    shadowed.begin(shadowed.version("a"))
    assert shadowed.call(shadow)["outcome"] == "over"


def test_a_serverless_endpoint_is_made_and_led_on_without_alarms(house: House) -> None:
    house.spec = changed(
        house.spec, serverless={"memory_mb": 2048, "max_concurrency": 2}, traffic="all_at_once", bake_minutes=0
    )
    house.promote("a")
    second = house.promote("b")
    assert house.serves() == second.id
    described = boto3.client("sagemaker").describe_endpoint(EndpointName=house.endpoint)
    assert "LastDeploymentConfig" not in described
    assert "DataCaptureConfig" not in described
    assert "without canary" in house.told()
