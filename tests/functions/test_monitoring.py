"""Live traffic is compared with the champion's training data, weighted by the champion's importance."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import polars as pl
import pytest

from cloud import retrainings, tables
from embedded.sagemaker.data_capture import CapturedInvocation, _record
from examples.flights import COLUMNS, read
from functions import monitoring
from functions.dispatch.handler import specs
from functions.tabulation.handler import Tabulation
from functions.tabulation.handler import handler as tabulate
from perennial import layout
from perennial.contract import observed
from perennial.estimation.estimate import Estimation
from perennial.profile import Grid, freeze, profile
from perennial.records import Champion, ModelVersion
from stacks.monitoring import MONITORED

SPEC = specs()["flights"]
FEATURES = list(SPEC.features())


def handler(event, context):
    """The hourly functions, one after the other."""
    tabulate(event, context)
    return monitoring.handler(event, context)


@pytest.fixture(scope="module")
def flights() -> pl.DataFrame:
    return read([1]).select(COLUMNS["flights"]).drop_nulls("late").sample(4000, seed=1)


def promote(world, rows: pl.DataFrame, importance: dict[str, float]) -> None:
    now = datetime.now(UTC)
    rows = rows.with_columns(pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"))
    reference = profile(rows, freeze(rows, SPEC.contract()))
    boto3.client("s3").put_object(Bucket="models", Key="runs/old/profile.json", Body=json.dumps(reference.as_dict()))
    version = ModelVersion(
        id="flights@ba9876543210", model="flights", digest="b" * 64, archive_key="a", archive_sha256="a" * 64,
        run="run-flights-ba9876543210", datasets=(), profile_key="runs/old/profile.json", code_digest="d" * 64,
        spec_digest="5" * 64, parameters={}, metrics={}, importance=importance, environment={}, created_at=now,
    )  # fmt: skip
    world.ledger.put_version(version)
    since = now - timedelta(days=10)
    champion = Champion(model="flights", version=version.id, run=version.run, token=1, since=since)
    world.ledger.table.put_item(Item={"pk": "model#flights", "sk": "champion", "record": champion.model_dump_json()})


def capture(rows: pl.DataFrame, hours_ago: int = 0) -> None:
    """One captured request with all rows, as an endpoint's data capture writes it."""
    now = datetime.now(UTC) - timedelta(hours=hours_ago)
    line = {
        "captureData": {
            "endpointInput": {
                "observedContentType": "text/csv",
                "mode": "INPUT",
                "data": rows.select(FEATURES).write_csv(),
                "encoding": "CSV",
            }
        },
        "eventMetadata": {"eventId": f"{hours_ago}", "inferenceTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")},
        "eventVersion": "0",
    }
    key = f"capture/perennial-flights/AllTraffic/{now:%Y/%m/%d/%H}/00-1.jsonl"
    boto3.client("s3").put_object(Bucket="traffic", Key=key, Body=json.dumps(line))


@pytest.mark.parametrize(("eye", "stale"), [("distance", True), ("visib", False)])
def test_traffic_that_moved_makes_a_model_stale_only_where_the_champion_looks(world, context, flights, eye, stale):
    promote(world, flights.head(2000), {name: 0.1 if name == eye else 0.0 for name in FEATURES})
    for hours_ago in (7 * 24, 7 * 24 + 25):  # the weekdays are known
        capture(flights.head(2000).sample(1500, seed=2), hours_ago)
    Tabulation(world.platform, world.ledger, SPEC, datetime.now(UTC) - timedelta(hours=7 * 24 - 2)).run()
    for hours_ago in (0, 25):
        capture(flights.tail(2000).with_columns(distance=pl.col("distance") * 2), hours_ago)
    assert handler({}, context) == {"stale": {"flights": stale}}
    (decision,) = retrainings.decisions(world.ledger, "flights")
    assert decision.action == ("train" if stale else "wait")
    assert [message["action"] for message in world.messages()] == (["retrain"] if stale else [])


def test_traffic_like_the_training_rows_leaves_the_champion_alone(world, context, flights, capsys):
    promote(world, flights.head(2000), dict.fromkeys(FEATURES, 0.1))
    capture(flights.tail(2000))
    assert handler({}, context) == {"stale": {"flights": False}}
    assert world.messages() == []
    written = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"Monitored"' in line]
    names = {metric["Name"] for one in written for metric in one["_aws"]["CloudWatchMetrics"][0]["Metrics"]}
    assert {one["Monitored"] for one in written} == {"flights"}
    assert {"Staleness", "Drift", "Coverage", "AgeDays"} <= names <= set(MONITORED), "the dashboard draws them"


def note(rows: pl.DataFrame) -> None:
    """One line of the server's log with rows that it logged, among others."""
    logs, now = boto3.client("logs"), datetime.now(UTC)
    group = {"logGroupName": "/aws/sagemaker/Endpoints/perennial-flights"}
    logs.create_log_group(**group)
    logs.create_log_stream(**group, logStreamName="AllTraffic/i-1")
    noted = {"event": "inputs", "model": "flights@ba9876543210", "rows": json.loads(rows.select(FEATURES).write_json())}
    lines = ["Booting worker", json.dumps({"event": "request", "type": '"inputs"'}), json.dumps(noted)]
    events = [{"timestamp": int(now.timestamp() * 1000), "message": line} for line in lines]
    logs.put_log_events(**group, logStreamName="AllTraffic/i-1", logEvents=events)


def test_rows_that_hide_sensitive_columns_are_read_from_the_servers_log(world, flights):
    promote(world, flights.head(2000), {})
    serving = replace(SPEC.serving, sensitive="drop")
    columns = SPEC.columns | {"carrier": replace(SPEC.columns["carrier"], sensitive=True)}
    spec = replace(SPEC, serving=serving, columns=columns)
    now = datetime.now(UTC)
    rows = flights.with_columns(pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"))
    grid = freeze(rows, SPEC.contract())
    window = (now - timedelta(hours=1), now + timedelta(hours=1))
    Tabulation(world.platform, world.ledger, spec, now).run()
    assert tables.observations(world.platform, spec, *window).frame.is_empty()
    note(flights.head(300))
    Tabulation(world.platform, world.ledger, spec, now).run()
    frame = tables.observations(world.platform, spec, *window).frame
    shown = monitoring._without_hidden(profile(rows, grid), spec)
    found = profile(frame, Grid({name: each for name, each in shown.grid.columns.items() if name != SPEC.target}))
    assert found.rows == 300
    assert "carrier" not in found.columns
    assert "distance" in found.columns


def test_a_model_is_not_looked_at_again_before_it_is_due(world, context, flights):
    promote(world, flights.head(2000), {})
    assert handler({}, context) == {"stale": {"flights": False}}
    assert handler({}, context) == {"stale": {}}


def captured(world, body: bytes | str, content_type: str) -> None:
    """Capture records as the embedded SageMaker writes them, one request in each object."""
    config = {"CaptureOptions": [{"CaptureMode": "Input"}]}
    content = body.encode() if isinstance(body, str) else body
    now = datetime.now(UTC)
    line = json.dumps(_record(config, CapturedInvocation(content, content_type, b"", "text/csv", None, None), now))
    key = f"capture/perennial-flights/AllTraffic/{now:%Y/%m/%d/%H}/{hash(content)}.jsonl"
    boto3.client("s3").put_object(Bucket="traffic", Key=key, Body=line + "\n")


def test_requests_that_cannot_be_read_are_counted_and_told(world, context, flights):
    promote(world, flights.head(2000), dict.fromkeys(FEATURES, 0.1))
    rows = flights.tail(600).select(FEATURES)
    captured(world, json.dumps({"rows": rows.rows()}), "application/json")
    captured(world, json.dumps([{**rows.row(0, named=True), "unknown": 1}]), "application/json")
    captured(world, b"\xff\xfe", "text/csv")
    captured(world, "{", "image/png")
    handler({}, context)
    ((key),) = [
        item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket="traffic", Prefix="watch/")["Contents"]
    ]
    record = json.loads(boto3.client("s3").get_object(Bucket="traffic", Key=key)["Body"].read())
    assert (record["rows"], record["unreadable"]) == (600, 3)
    assert "3 captured requests could not be read, or were refused by the server; none counts." in record["sentences"]


def test_traffic_is_read_by_the_spec_that_the_champion_was_trained_by(world, context, flights):
    promote(world, flights.head(2000), dict.fromkeys(FEATURES, 0.1))
    older = replace(SPEC, columns=dict(reversed(SPEC.columns.items())))
    assert older.features() != SPEC.features()
    boto3.client("s3").put_object(Bucket="models", Key=f"specs/flights/{'5' * 64}.json", Body=older.canonical())
    captured(
        world, flights.tail(600).select(older.features()).write_csv(include_header=False), "text/csv; header=absent"
    )
    handler({}, context)
    found = boto3.client("s3").list_objects_v2(Bucket="traffic", Prefix="watch/")["Contents"][-1]["Key"]
    record = json.loads(boto3.client("s3").get_object(Bucket="traffic", Key=found)["Body"].read())
    assert (record["rows"], record["unreadable"], record["drift"]) == (600, 0, "stable")


def test_one_window_that_drifted_is_watched_and_trains_nothing(world, context, flights):
    promote(world, flights.head(2000), dict.fromkeys(FEATURES, 0.1))
    capture(flights.tail(2000).with_columns(distance=pl.col("distance") * 2))
    assert handler({}, context) == {"stale": {"flights": False}}
    assert world.messages() == []
    record = world.ledger.monitoring("flights")
    assert record["verdict"] == "watch"
    assert record["sentences"][0].startswith("The newest window: distance: its mean changed from")


def serve(world, rows: pl.DataFrame, score: float) -> None:
    """Parts of the tables: rows that were answered an hour ago with a score, and the label false of each."""
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    version = "flights@ba9876543210"
    named = pl.int_range(pl.len()).cast(pl.String)
    typed = rows.with_columns(pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"))
    requests = typed.drop("late").with_columns(
        pl.lit(at).alias(observed.AT), pl.lit(version).alias(observed.VERSION), named.alias(observed.EVENT),
        named.alias(observed.REQUEST), pl.lit(0).alias(observed.ROW), pl.lit(score).alias(observed.SCORE),
    )  # fmt: skip
    labels = requests.select(
        observed.REQUEST, pl.lit(value=False).alias(observed.LABEL), pl.lit(0).alias(observed.ROW),
        pl.lit(at).alias(observed.KNOWN_AT), pl.lit(at).alias(observed.UPLOADED_AT), pl.lit("t").alias(observed.TRUTH),
    )  # fmt: skip
    parts = {
        layout.table_hour(layout.REQUESTS, version, at): requests,
        layout.table_upload("flights", at.date(), "t"): labels,
    }
    for name, part in parts.items():
        boto3.client("s3").put_object(Bucket="traffic", Key=name, Body=tables.parquet(part))


@pytest.mark.parametrize(("score", "action"), [(0.9, "train"), (0.1, "wait")])
def test_by_cost_a_model_is_trained_when_its_lost_value_reaches_the_price(world, flights, score, action):
    promote(world, flights.head(2000), dict.fromkeys(FEATURES, 0.0))
    evaluation = {
        "candidate": {"threshold": 0.5, "metrics": {}},
        "value": {"candidate": {"per_row": {"value": 0.0, "low": -0.1, "high": 0.1}}},
        "estimation": Estimation(classes=("false", "true")).to_json(),
    }
    key = layout.run("run-flights-ba9876543210", layout.EVALUATION)
    boto3.client("s3").put_object(Bucket="models", Key=key, Body=json.dumps(evaluation))
    serve(world, flights.tail(1000), score)  # a warning for nothing costs 12
    retraining = replace(SPEC.monitoring.retraining, by="cost")
    spec = replace(SPEC, monitoring=replace(SPEC.monitoring, retraining=retraining))
    now = datetime.now(UTC)
    found = monitoring._monitor(world.platform, world.ledger, spec, world.ledger.champion("flights"), now)
    assert found.staleness.money == (12_000 if score > 0.5 else 0)
    assert world.ledger.monitoring("flights")["staleness"] == found.staleness.to_json()
    (point,) = world.ledger.live_points("flights")
    assert (point.version, point.verdict, point.currency) == (found.version, found.verdict, "USD")
    assert (point.value["value"], point.value_promised["value"]) == (-12 if score > 0.5 else 0, 0)
    (decision,) = retrainings.decisions(world.ledger, "flights")
    assert decision.action == action
    assert decision.sentences[0] == (
        f"Staleness has lost {found.staleness.money:,.2f} since the last training; a training costs 0.12."
    )
