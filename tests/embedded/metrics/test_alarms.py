"""Alarms change state by the metrics, with CloudWatch's reasons, and run their actions."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.conftest import World, eventually
from tests.embedded.metrics.conftest import alarm

FROM_TOPICS = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": "*",
}


def put(world: World, name: str, *values: float, **dimensions: str) -> None:
    named = [{"Name": key, "Value": value} for key, value in (dimensions or {"Endpoint": "e"}).items()]
    data = {"MetricName": name, "Dimensions": named, "Values": list(values)}
    world.client("cloudwatch").put_metric_data(Namespace="Test", MetricData=[data])


def described(world: World, name: str) -> dict[str, Any]:
    (found,) = world.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    answer: dict[str, Any] = found
    return answer


def reaches(world: World, name: str, *states: str) -> dict[str, Any]:
    """Waits until the history shows the states, in this order, and returns the alarm's description in the last.

    A state may last less than a second here, so the alarm's present state is not asked for.
    """

    def there() -> dict[str, Any] | None:
        request = {"AlarmName": name, "HistoryItemType": "StateUpdate", "ScanBy": "TimestampAscending"}
        items = world.client("cloudwatch").describe_alarm_history(**request)["AlarmHistoryItems"]
        expected = list(states)
        for item in items:
            new = json.loads(item["HistoryData"])["newState"]
            if new["stateValue"] == expected[0]:
                expected.pop(0)
            if not expected:
                return {"StateReason": new["stateReason"], "StateReasonData": new["stateReasonData"]}
        return None

    answer: dict[str, Any] = eventually(there)
    return answer


def test_an_alarm_rings_tells_why_and_tells_the_topic(world: World) -> None:
    cloudwatch = world.client("cloudwatch")
    topic = world.client("sns").create_topic(Name="rings")["TopicArn"]
    queue = world.client("sqs").create_queue(QueueName="rings")["QueueUrl"]
    arn = queue.rsplit("/", 1)[-1]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [FROM_TOPICS]})
    world.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    world.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:123456789012:{arn}")
    cloudwatch.put_metric_alarm(**alarm("rings", AlarmActions=[topic], TreatMissingData="notBreaching"))
    quiet = reaches(world, "rings", "OK")
    assert quiet["StateReason"] == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
        "[NonBreaching]."
    )
    put(world, "rings", 2.0, 3.5)
    rung = reaches(world, "rings", "OK", "ALARM")
    assert rung["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [5.5 (")
    assert rung["StateReason"].endswith(
        ")] was greater than or equal to the threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    data = rung["StateReasonData"]
    assert (data["statistic"], data["period"], data["threshold"]) == ("Sum", 60, 5.0)
    assert data["recentDatapoints"] == [5.5]
    assert data["evaluatedDatapoints"][0]["sampleCount"] == 2
    (message,) = eventually(
        lambda: world.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=1).get("Messages")
    )
    notice = json.loads(message["Body"])
    assert notice["Subject"] == 'ALARM: "rings" in us-east-1'
    told = json.loads(notice["Message"])
    assert (told["NewStateValue"], told["OldStateValue"], told["AlarmName"]) == ("ALARM", "OK", "rings")
    assert told["NewStateReason"] == rung["StateReason"]
    assert told["Trigger"]["MetricName"] == "rings"
    reaches(world, "rings", "OK", "ALARM", "OK")  # once the bad period has left the range
    history = cloudwatch.describe_alarm_history(AlarmName="rings")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history][::-1][:4] == [
        'Alarm "rings" created',
        "Alarm updated from INSUFFICIENT_DATA to OK",  # the state in which an alarm begins
        "Alarm updated from OK to ALARM",
        f"Successfully executed action {topic}",
    ]
    updates = cloudwatch.describe_alarm_history(AlarmName="rings", HistoryItemType="StateUpdate")["AlarmHistoryItems"]
    change = json.loads(updates[-2]["HistoryData"])
    assert (change["oldState"]["stateValue"], change["newState"]["stateValue"]) == ("OK", "ALARM")


def test_a_percentile_alarm_is_made_of_the_values(world: World) -> None:
    request = alarm("p99", Statistic=None, ExtendedStatistic="p99", Threshold=90.0)
    world.client("cloudwatch").put_metric_alarm(**request)
    for _ in range(3):
        put(world, "p99", *map(float, range(1, 101)))
    found = reaches(world, "p99", "ALARM")
    assert found["StateReasonData"]["recentDatapoints"] == [99.0]
    reaches(world, "p99", "ALARM", "INSUFFICIENT_DATA")


def test_a_metric_math_alarm_compares_two_metrics(world: World) -> None:
    def metric(name: str, version: str) -> dict[str, Any]:
        named = {"Namespace": "Test", "MetricName": name, "Dimensions": [{"Name": "Model", "Value": version}]}
        stat = {"Metric": named, "Period": 60, "Stat": "Sum"}
        return {"Id": f"{name}_{version}", "MetricStat": stat, "ReturnData": False}

    expression = "IF(FILL(count_new, 0) < 5, 0, ABS(sum_new / count_new - sum_old / count_old))"
    queries = [metric(name, version) for name in ("sum", "count") for version in ("new", "old")]
    queries.append({"Id": "shift", "Expression": expression, "ReturnData": True})
    only = {"AlarmName": "shift", "Metrics": queries, "EvaluationPeriods": 1, "Threshold": 0.2}
    only |= {"ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching"}
    world.client("cloudwatch").put_metric_alarm(**only)
    values = {("sum", "new"): 9.0, ("count", "new"): 10.0, ("sum", "old"): 10.0, ("count", "old"): 20.0}
    data = [
        {"MetricName": name, "Dimensions": [{"Name": "Model", "Value": version}], "Value": value}
        for (name, version), value in values.items()
    ]
    world.client("cloudwatch").put_metric_data(Namespace="Test", MetricData=data)
    found = reaches(world, "shift", "ALARM")
    assert found["StateReasonData"]["recentDatapoints"] == [pytest.approx(0.4)]
    shown = {query["Id"]: query for query in described(world, "shift")["Metrics"]}
    assert shown["shift"]["Expression"] == expression
    assert shown["sum_new"]["MetricStat"]["Metric"]["Dimensions"] == [{"Name": "Model", "Value": "new"}]


def test_a_state_set_by_hand_acts_and_lasts_until_the_next_evaluation(world: World) -> None:
    cloudwatch = world.client("cloudwatch")
    topic = world.client("sns").create_topic(Name="hand")["TopicArn"]
    cloudwatch.put_metric_alarm(**alarm("hand", AlarmActions=[topic], TreatMissingData="notBreaching"))
    reaches(world, "hand", "OK")
    cloudwatch.set_alarm_state(AlarmName="hand", StateValue="ALARM", StateReason="by hand")
    reaches(world, "hand", "OK", "ALARM", "OK")
    history = cloudwatch.describe_alarm_history(AlarmName="hand", HistoryItemType="Action")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in history] == [f"Successfully executed action {topic}"]


def test_the_history_begins_at_a_date(world: World) -> None:
    cloudwatch = world.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("dated", TreatMissingData="notBreaching"))
    reaches(world, "dated", "OK")
    now = datetime.now(UTC)
    later = cloudwatch.describe_alarm_history(AlarmName="dated", StartDate=now)["AlarmHistoryItems"]
    before = cloudwatch.describe_alarm_history(AlarmName="dated", StartDate=now - timedelta(hours=1))
    assert (later, len(before["AlarmHistoryItems"])) == ([], 2)


def test_a_late_evaluator_leaves_no_minute_out(world: World) -> None:
    world.client("cloudwatch").put_metric_alarm(**alarm("late", TreatMissingData="notBreaching"))
    reaches(world, "late", "OK")
    with world.cloud._alarms.lock:  # nothing is evaluated until the breaching minute is beyond the evaluation range
        put(world, "late", 9.0)
        time.sleep(4 * 0.6 + 0.5)
    reaches(world, "late", "OK", "ALARM", "OK")


def test_an_alarm_put_again_keeps_its_state(world: World) -> None:
    cloudwatch = world.client("cloudwatch")
    cloudwatch.put_metric_alarm(**alarm("again", TreatMissingData="notBreaching"))
    reaches(world, "again", "OK")
    cloudwatch.put_metric_alarm(**alarm("again", TreatMissingData="ignore"))
    assert described(world, "again")["StateValue"] == "OK"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Statistic": None, "ExtendedStatistic": "p101"}, "p101 is not emulated"),
        ({"EvaluationPeriods": 2, "DatapointsToAlarm": 3}, "DatapointsToAlarm"),
        ({"TreatMissingData": "quiet"}, "not supported for TreatMissingData"),
        ({"Period": 90}, "multiple of 60"),
        ({"Statistic": None}, "must be given"),
    ],
)
def test_an_alarm_that_could_not_be_evaluated_is_refused(world: World, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        world.client("cloudwatch").put_metric_alarm(**alarm("refused", **changes))
    assert not world.client("cloudwatch").describe_alarms(AlarmNames=["refused"])["MetricAlarms"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("m1 +", "ends too early"),
        ("m1 / m7", "m7 is undefined"),
        ("ANOMALY_DETECTION_BAND(m1)", "does not emulate ANOMALY_DETECTION_BAND"),
        ("SELECT MAX(x) FROM y", "is not expected there"),
    ],
)
def test_an_expression_that_means_nothing_is_refused(world: World, expression: str, message: str) -> None:
    stat = {"Metric": {"Namespace": "Test", "MetricName": "x"}, "Period": 60, "Stat": "Sum"}
    queries = [{"Id": "m1", "MetricStat": stat, "ReturnData": False}, {"Id": "e1", "Expression": expression}]
    request = {"AlarmName": "refused", "Metrics": queries, "EvaluationPeriods": 1, "Threshold": 1.0}
    with pytest.raises(ClientError, match=message):
        world.client("cloudwatch").put_metric_alarm(**request, ComparisonOperator="GreaterThanThreshold")


def test_many_values_cost_moto_one_entry_and_keep_their_statistics(world: World) -> None:
    put(world, "many", 1.0, 2.0, 6.0)
    now = datetime.now(UTC)
    (point,) = world.client("cloudwatch").get_metric_statistics(
        Namespace="Test", MetricName="many", StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=1),
        Period=60, Statistics=["Average", "Maximum", "SampleCount"],
    )["Datapoints"]  # fmt: skip
    assert (point["Average"], point["Maximum"], point["SampleCount"]) == (3.0, 6.0, 3.0)


def test_metric_data_has_percentiles_and_metric_math(world: World) -> None:
    put(world, "asked", *map(float, range(1, 101)))
    named = {"Namespace": "Test", "MetricName": "asked", "Dimensions": [{"Name": "Endpoint", "Value": "e"}]}

    def query(name: str, stat: str, **more: Any) -> dict[str, Any]:
        return {"Id": name, "MetricStat": {"Metric": named, "Period": 3600, "Stat": stat}} | more

    queries = [
        query("high", "p99"),
        query("total", "Sum", ReturnData=False),
        query("count", "SampleCount", ReturnData=False),
        {"Id": "mean", "Expression": "total / count"},
        {"Id": "twice", "Expression": "mean * 2", "Label": "Doubled"},
    ]
    now = datetime.now(UTC)
    span = {"StartTime": now - timedelta(minutes=30), "EndTime": now + timedelta(minutes=1)}
    found = world.client("cloudwatch").get_metric_data(MetricDataQueries=queries, **span)["MetricDataResults"]
    assert {result["Id"]: result["Values"] for result in found} == {"high": [99.0], "mean": [50.5], "twice": [101.0]}
    assert [result["Label"] for result in found] == ["asked p99", "mean", "Doubled"]
    wrong = [query("m1", "Sum"), {"Id": "e1", "Expression": "TOPK(m1)"}]
    with pytest.raises(ClientError, match="does not emulate TOPK"):
        world.client("cloudwatch").get_metric_data(MetricDataQueries=wrong, **span)
