"""Metric filters count log events by pattern, with values, dimensions and defaults from their JSON."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded.metrics.filter_patterns import MISSING, PatternError, compile_pattern
from tests.embedded.conftest import World, eventually

GROUP = "/aws/sagemaker/Endpoints/perennial-m"


def matches(pattern: str, message: str) -> bool:
    try:
        entry = json.loads(message)
    except ValueError:
        entry = MISSING
    return compile_pattern(pattern)[1](message, entry)


EVENT = '{"event": "request", "status": 200, "rows": [{"id": "a*b"}], "ok": true, "none": null, "time": 1.5}'


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ $.event = "request" && $.status = 200 }', True),
        ("{ $.event = request }", True),
        ("{ $.status >= 500 }", False),
        ("{ $.status != 200 }", False),
        ("{ $.status < 300 && ($.event = other || $.time > 1) }", True),
        ('{ $.event = "re*" }', True),
        ('{ $.event = "*x*" }', False),
        ("{ $.event = %^req% }", True),
        ('{ $.rows[0].id = "a*" }', True),
        ('{ $["event"] = "request" }', True),
        ("{ $.ok IS TRUE }", True),
        ("{ $.none IS NULL }", True),
        ("{ $.missing IS NULL }", False),
        ("{ $.missing NOT EXISTS }", True),
        ("{ $.missing != 3 }", False),
        ("{ $.event > 3 }", False),
        ('{ $.status = "200" }', False),
        ("", True),
        ("request", True),
        ('"event\\": " -nothing', False),
        ("request -status", False),
        ("?nope ?request", True),
        ("request nope", False),
    ],
)
def test_a_pattern_matches_as_on_aws(pattern: str, expected: bool) -> None:
    assert matches(pattern, EVENT) is expected


def test_a_json_pattern_passes_over_what_is_no_json() -> None:
    assert not matches("{ $.missing NOT EXISTS }", "plain text")


@pytest.mark.parametrize("pattern", ["{ $.a = }", "{ $.a", "{ a = 1 }", "{ $.a > x }", "{ $.a = 1 && }", "[a, b]"])
def test_a_pattern_that_cannot_be_read_is_an_error(pattern: str) -> None:
    with pytest.raises(PatternError):
        compile_pattern(pattern)


def put_filter(world: World, name: str, pattern: str, value: str, **transformation: Any) -> None:
    given = {"metricName": name, "metricNamespace": "Perennial/Serving", "metricValue": value} | transformation
    world.client("logs").put_metric_filter(
        logGroupName=GROUP, filterName=name, filterPattern=pattern, metricTransformations=[given]
    )


def log(world: World, *messages: dict[str, Any] | str) -> None:
    texts = [text if isinstance(text, str) else json.dumps(text) for text in messages]
    now = int(time.time() * 1000)
    world.client("logs").put_log_events(
        logGroupName=GROUP, logStreamName="s", logEvents=[{"timestamp": now, "message": text} for text in texts]
    )


def statistics(world: World, name: str, **dimensions: str) -> dict[str, float]:
    now = datetime.now(UTC)
    points = world.client("cloudwatch").get_metric_statistics(
        Namespace="Perennial/Serving",
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7200,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    return {key: sum(point[key] for point in points) for key in ("Sum", "SampleCount")}


@pytest.fixture(scope="module")
def group(world: World) -> str:
    world.client("logs").create_log_group(logGroupName=GROUP)
    world.client("logs").create_log_stream(logGroupName=GROUP, logStreamName="s")
    return GROUP


def test_values_and_dimensions_come_from_the_events_fields(world: World, group: str) -> None:
    pattern = '{ $.event = "request" && $.status = 200 }'
    put_filter(world, "Score", pattern, "$.score_sum", dimensions={"Model": "$.model"})
    put_filter(world, "Requests", pattern, "1", unit="Count")
    log(
        world,
        {"event": "request", "status": 200, "score_sum": 1.5, "model": "m@1"},
        {"event": "request", "status": 200, "score_sum": 2.0, "model": "m@1"},
        {"event": "request", "status": 200, "score_sum": 7.0, "model": "m@2"},
        {"event": "request", "status": 200, "score_sum": "none", "model": "m@2"},
        {"event": "request", "status": 200, "score_sum": 1.0},
        {"event": "request", "status": 500, "score_sum": 9.0, "model": "m@1"},
        "Traceback (most recent call last)",
    )
    assert statistics(world, "Score", Model="m@1") == {"Sum": 3.5, "SampleCount": 2}
    assert statistics(world, "Score", Model="m@2") == {"Sum": 7.0, "SampleCount": 1}
    assert statistics(world, "Requests") == {"Sum": 5.0, "SampleCount": 5}


def test_a_filter_put_again_replaces_the_one_before_and_a_deleted_one_counts_no_more(world: World, group: str) -> None:
    logs = world.client("logs")
    put_filter(world, "Once", "ERROR", "1")
    put_filter(world, "Once", "WARN", "2")
    (found,) = logs.describe_metric_filters(logGroupName=group, filterNamePrefix="Once")["metricFilters"]
    assert (found["filterPattern"], found["metricTransformations"][0]["metricValue"]) == ("WARN", "2")
    assert abs(found["creationTime"] / 1000 - time.time()) < 60
    log(world, "ERROR one", "WARN two")
    logs.delete_metric_filter(logGroupName=group, filterName="Once")
    log(world, "WARN three")
    assert statistics(world, "Once") == {"Sum": 2.0, "SampleCount": 1}
    assert not logs.describe_metric_filters(logGroupName=group, filterNamePrefix="Once")["metricFilters"]
    with pytest.raises(ClientError, match="The specified metric filter does not exist"):
        logs.delete_metric_filter(logGroupName=group, filterName="Once")


def test_the_default_is_put_for_a_minute_in_which_nothing_matched(world: World, group: str) -> None:
    put_filter(world, "Refused", "refused", "1", defaultValue=0.0)

    def counted() -> bool:
        log(world, "quiet")
        return statistics(world, "Refused")["SampleCount"] >= 2

    assert eventually(counted)
    assert statistics(world, "Refused")["Sum"] == 0.0


@pytest.mark.parametrize(
    ("group_name", "pattern", "transformation", "said"),
    [
        ("/nobody", "x", {}, "log group does not exist"),
        (GROUP, "{ $.a = }", {}, "Invalid metric filter pattern"),
        (GROUP, "x", {"metricValue": "many"}, "could not convert"),
        (GROUP, "x", {"defaultValue": 0.0, "dimensions": {"A": "$.a"}}, "mutually exclusive"),
        (GROUP, "x", {"dimensions": dict.fromkeys("ABCD", "$.a")}, "at most 3"),
    ],
)
def test_a_filter_that_aws_refuses_is_refused(
    world: World, group: str, group_name: str, pattern: str, transformation: dict[str, Any], said: str
) -> None:
    given = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"} | transformation
    with pytest.raises(ClientError, match=said):
        world.client("logs").put_metric_filter(
            logGroupName=group_name, filterName="f", filterPattern=pattern, metricTransformations=[given]
        )
