"""Labelled rows that an endpoint answered become a dataset of its own, with card and lineage, and begin the loop."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from typing import Any

import boto3
import polars as pl
import pytest

from cloud import retrainings, served, tables
from functions.dispatch.handler import handler as dispatch
from functions.retraining import Model, look
from perennial import layout
from perennial.contract import observed as names
from perennial.identity import dataset_id, upload_run_id
from perennial.monitoring import request_schema, truth_schema
from perennial.served import labelled
from tests.functions.test_retraining import CHAMPION, NOW, SPEC, VERSION
from tests.functions.test_retraining import ledger as ledger

ASKED, UPLOADED = NOW - timedelta(days=3), NOW - timedelta(days=1)
FLIGHT = {
    "time_hour": ASKED, "carrier": "AA", "origin": "EWR", "dest": "MIA", "distance": 1085, "weekday": 3, "hour": 9,
    "minute": 30, "sched_arr_time": 1230,
}  # fmt: skip


def requests(count: int, first: int = 1, **changes: Any) -> pl.DataFrame:
    """Answered requests of one row each; flight numbers count from `first`."""
    rows = [
        {**FLIGHT, "flight": first + place, names.AT: ASKED, names.VERSION: VERSION, names.EVENT: f"e{first + place}",
         names.REQUEST: f"q{first + place}", names.ROW: 0, **changes}
        for place in range(count)
    ]  # fmt: skip
    schema = request_schema(SPEC)
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def labels(count: int, first: int = 1, late: bool = True, **changes: Any) -> pl.DataFrame:
    """Labels by inference id."""
    rows = [
        {names.REQUEST: f"q{first + place}", names.LABEL: late, names.KNOWN_AT: UPLOADED, names.UPLOADED_AT: UPLOADED,
         names.TRUTH: "truth-flights-0123456789ab", **changes}
        for place in range(count)
    ]  # fmt: skip
    schema = truth_schema(SPEC)
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def keep(asked: pl.DataFrame, *truths: pl.DataFrame) -> None:
    s3 = boto3.client("s3")
    day = ASKED.date()
    key = layout.table(layout.REQUESTS, "flights", day) + "0123456789ab-00.parquet"
    s3.put_object(Bucket="traffic", Key=key, Body=tables.parquet(asked))
    for place, frame in enumerate(truths):
        key = layout.table(layout.TRUTHS, "flights", UPLOADED.date()) + f"truth-flights-{place:012x}.parquet"
        s3.put_object(Bucket="traffic", Key=key, Body=tables.parquet(frame))


def consider(world: Any, now: datetime = NOW) -> Any:
    found = served.find(world.platform, SPEC, now)
    facts = retrainings.facts(world.ledger, SPEC, CHAMPION, "stale", now)
    return found, look(world.platform, world.ledger, Model(SPEC, CHAMPION, found), facts)


def uploads() -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket="data", Prefix="incoming/flights/served-").get("Contents", [])
    return [item["Key"] for item in listed if item["Key"].endswith(".parquet")]


def test_labelled_rows_become_a_dataset_with_card_and_lineage_that_begins_a_run(world: Any, context: Any) -> None:
    keep(requests(1200), labels(1100))
    found, ruling = consider(world)
    assert (ruling.action, found.rows.height) == ("train", 1100)
    assert "2,900 labelled rows are new" in ruling.sentences[1], "1,100 of the traffic, 1,800 of uploads"
    (key,) = uploads()
    s3 = boto3.client("s3")
    head = s3.head_object(Bucket="data", Key=key)
    identity = dataset_id("flights", "data", key, head["VersionId"])
    rows = pl.read_parquet(io.BytesIO(s3.get_object(Bucket="data", Key=key)["Body"].read()))
    assert rows.columns == list(SPEC.columns)
    assert rows["late"].to_list() == [True] * 1100
    card = json.loads(s3.get_object(Bucket="data", Key=layout.cards(key)[1])["Body"].read())
    assert card["origin"].startswith(f"1,100 rows that {VERSION} answered from 2026-11-24 06:00")
    origins = s3.get_object(Bucket="data", Key=layout.dataset("flights", identity, layout.ORIGINS))["Body"].read()
    assert pl.read_parquet(io.BytesIO(origins))[names.REQUEST].n_unique() == 1100
    edges = {(edge.kind, edge.target) for edge in world.ledger.edges(identity)}
    assert edges == {("labelled_by", "truth-flights-0123456789ab"), ("answered_by", VERSION)}
    assert world.messages() == [], "the upload's event begins the run"
    created(key, head, context)
    (decision,) = retrainings.decisions(world.ledger, "flights")
    (started,) = world.executions()
    assert started["id"] == decision.run == upload_run_id(identity)
    assert world.ledger.run(started["id"]).step("retraining").sentences == ruling.sentences


def test_a_row_is_in_one_dataset_and_again_only_if_its_label_is_corrected(world: Any) -> None:
    keep(requests(1200), labels(1100))
    consider(world)
    later = NOW + timedelta(days=2)
    assert served.find(world.platform, SPEC, later).rows.height == 0
    known = NOW + timedelta(days=1)
    correction = {names.KNOWN_AT: known, names.UPLOADED_AT: known, names.TRUTH: "truth-flights-ffffffffffff"}
    keep(requests(1200), labels(1100), labels(5, late=False, **correction))
    found = served.find(world.platform, SPEC, later)
    assert found.rows["late"].to_list() == [False] * 5
    assert found.truths == ("truth-flights-ffffffffffff",)


def test_its_run_counts_as_an_attempt_and_not_as_a_persons_upload(world: Any, context: Any) -> None:
    keep(requests(1200), labels(1100))
    consider(world)
    (key,) = uploads()
    created(key, boto3.client("s3").head_object(Bucket="data", Key=key), context)
    facts = retrainings.facts(world.ledger, SPEC, CHAMPION, "stale", NOW + timedelta(hours=1))
    assert [attempt.outcome for attempt in facts.attempts] == ["running"]
    assert facts.other_runs == ()


def test_too_few_labelled_rows_make_no_dataset_and_count_for_nothing(world: Any) -> None:
    keep(requests(1200), labels(SPEC.validation.min_rows - 1))
    _, ruling = consider(world)
    assert "1,800 labelled rows are new" in ruling.sentences[1]
    assert uploads() == []
    assert [message["action"] for message in world.messages()] == ["retrain"]


def test_labels_that_a_training_upload_gave_are_a_dataset_already() -> None:
    frame = joined(requests(3), labels(3, **{names.TRUTH: "ds-flights-0123456789ab"}))
    assert labelled(frame, SPEC, None).rows.height == 0


def test_of_rows_with_one_key_the_newest_is_taken() -> None:
    later = requests(1, **{names.AT: ASKED + timedelta(hours=1), names.EVENT: "z"}).with_columns(minute=pl.lit(45))
    frame = pl.concat([joined(requests(1), labels(1)), joined(later.cast(request_schema(SPEC)), labels(1))])
    found = labelled(frame, SPEC, None)
    assert found.rows["minute"].to_list() == [45]


def test_rows_without_a_value_that_must_be_there_are_counted_and_left_out() -> None:
    frame = joined(pl.concat([requests(2), requests(3, first=3, carrier=None)]), labels(5))
    found = labelled(frame, SPEC, None)
    assert (found.rows.height, found.incomplete) == (2, 3)
    without = labelled(frame.drop("distance"), SPEC, None)
    assert (without.rows.height, without.incomplete) == (0, 5)
    assert without.card()["origin"].startswith("0 rows")


def joined(asked: pl.DataFrame, truths: pl.DataFrame) -> pl.DataFrame:
    from perennial.monitoring import observations

    return observations(asked, truths, SPEC).frame


def created(key: str, head: dict[str, Any], context: Any) -> None:
    """The event of the upload."""
    item = {"key": key, "version-id": head["VersionId"], "size": head["ContentLength"]}
    event = {"detail": {"bucket": {"name": "data"}, "object": item}, "time": f"{NOW:%FT%TZ}"}
    dispatch({"Records": [{"messageId": "1", "body": json.dumps(event), "eventSource": "aws:sqs"}]}, context)


@pytest.mark.parametrize("key", ["incoming/flights/jan.csv", "incoming/flights/served-1.parquet", "x/served-1"])
def test_another_upload_is_none_of_served_rows(key: str) -> None:
    assert layout.served_at(key) is None
    assert layout.served_at(layout.served("flights", NOW)) == NOW
