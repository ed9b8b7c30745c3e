"""Labels: which count, which do not, and why; joined with the requests they are about."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import polars as pl
import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from cloud import tables
from functions import truth
from functions.dispatch import reconciliation
from functions.tabulation import labels
from perennial.contract import observed as names
from perennial.identity import truth_id
from perennial.monitoring import Observations
from perennial.records import DatasetVersion
from tests.functions.test_tabulation import NOW, ROW, SPEC, VERSION, key, known, put, record, tabulate

LATER = NOW + timedelta(days=2)


def upload(name: str, body: str | bytes, at: datetime = LATER, model: str = "flights") -> dict[str, Any]:
    """Puts a file under truth/ and hands its event to the function; returns the record, or {}."""
    path = f"truth/{model}/{name}"
    content = body.encode() if isinstance(body, str) else body
    version = boto3.client("s3").put_object(Bucket="data", Key=path, Body=content)["VersionId"]
    item = {"key": path, "version-id": version, "size": len(content), "sequencer": "1"}
    event = {"detail": {"bucket": {"name": "data"}, "object": item}, "time": at.isoformat()}
    truth.handle(SQSRecord({"body": json.dumps(event)}))
    truth.handle(SQSRecord({"body": json.dumps(event)}))  # events come at least once
    kept = f"tables/uploads/{model}/{truth_id(model, 'data', path, version)}.json"
    try:
        return json.loads(boto3.client("s3").get_object(Bucket="traffic", Key=kept)["Body"].read())
    except boto3.client("s3").exceptions.NoSuchKey:
        return {}


def ask(world, count: int, **more: Any) -> None:
    """Requests e0, e1, ..., an hour before NOW and then every second."""
    known(world, VERSION, 5)
    lines = [
        record(f"e{number}", NOW - timedelta(hours=1) + timedelta(seconds=number), json.dumps(ROW | more))
        for number in range(count)
    ]
    put(key(NOW - timedelta(hours=1), "asked"), "".join(lines))
    tabulate(world)


def joined(world, known_by: datetime | None = None) -> Observations:
    return tables.observations(world.platform, SPEC, NOW - timedelta(days=1), NOW, known_by)


def found(world) -> dict[str, bool | None]:
    return dict(joined(world).frame.select(names.EVENT, names.LABEL).iter_rows())


def test_a_label_joins_its_request_by_the_inference_id(world):
    ask(world, 3)
    counts = upload("a.csv", f"inference_id,late,known_at\nid-e0,true,{NOW.isoformat()}\nid-e1,no,\n")
    assert (counts["rows"], counts["labels"], counts["sentences"]) == (2, 2, [])
    seen = joined(world)
    assert dict(seen.frame.select(names.EVENT, names.LABEL).iter_rows()) == {"e0": True, "e1": False, "e2": None}
    assert seen.frame[names.KNOWN_AT].to_list() == [NOW, LATER, None]
    assert (seen.counts.rows, seen.counts.labelled, seen.counts.late) == (3, 2, 1)
    assert seen.counts.delay_hours["0.5"] == pytest.approx(25, abs=0.01)
    assert world.notices() == []


def test_a_label_joins_every_request_of_its_key(world):
    keys = {"time_hour": "2026-11-27T10:00:00Z", "flight": 1545}
    ask(world, 2, **keys)
    upload("a.csv", "time_hour,carrier,flight,late,seats\n2026-11-27T10:00:00Z,UA,1545,true,7\n")
    assert found(world) == {"e0": True, "e1": True}


def test_the_newest_label_wins_and_the_history_is_kept(world):
    ask(world, 2)
    upload("a.csv", "inference_id,late\nid-e0,true\nid-e1,true\n")
    upload("b.csv", "inference_id,late\nid-e0,false\nid-e1,true\n", LATER + timedelta(hours=1))
    old = f"inference_id,late,known_at\nid-e0,true,{LATER.isoformat()}\n"
    upload("c.csv", old, LATER + timedelta(hours=2))  # an older label that comes later
    seen = joined(world)
    assert found(world) == {"e0": False, "e1": True}
    assert seen.frame[names.CORRECTIONS].to_list() == [1, 0]
    assert seen.frame[names.KNOWN_AT].to_list() == [LATER + timedelta(hours=1), LATER]
    assert (seen.counts.labels, seen.counts.corrected, seen.counts.repeated) == (5, 1, 2)
    before = joined(world, known_by=LATER)
    assert before.frame[names.LABEL].to_list() == [True, True]


def test_labels_for_unknown_requests_are_kept_until_the_request_comes(world):
    ask(world, 1)
    counts = upload("a.csv", "inference_id,late\nid-late,true\nid-e0,true\n")
    assert counts["labels"] == 2
    assert joined(world).counts.unknown == 1
    at = NOW - timedelta(hours=2)
    put(key(at, "late"), record("late", at))
    tabulate(world)
    assert found(world) == {"late": True, "e0": True}
    assert joined(world).counts.unknown == 0


@pytest.mark.parametrize(
    ("body", "expected", "sentence"),
    [
        ("inference_id,late\nid-e0,true\nid-e0,false\nid-e1,true\n", {"contradictory": 2, "labels": 1}, "contradict"),
        ("inference_id,late\nid-e0,true\nid-e0,true\n", {"repeated": 1, "labels": 1}, ""),
        ("inference_id,late\nid-e0,perhaps\n,true\nid-e1,\nid-e2,true\n", {"wrong": 3, "labels": 1}, "late"),
        ("inference_id,late,known_at\nid-e0,true,2031-01-01T00:00:00Z\n", {"future": 1, "labels": 0}, "future"),
        ("inference_id,delay\nid-e0,17\n", {"refused": True, "labels": 0}, "no column 'late', the target of flights"),
        ("carrier,late\nUA,true\n", {"refused": True, "labels": 0}, "names no requests"),
        ("\0\1\2", {"refused": True, "labels": 0}, ""),
        ("", {"refused": True, "labels": 0}, ""),
        ("inference_id,late\n" + "x" * 70 + ",true\n", {"wrong": 1, "labels": 0}, "inference_id"),
    ],
)
def test_what_does_not_count_is_counted_and_told(world, body, expected, sentence):
    counts = upload("a.csv", body)
    assert {name: counts[name] for name in expected} == expected
    assert sentence in " ".join(counts["sentences"])
    told = expected.get("refused") or counts["wrong"] + counts["future"] + counts["contradictory"]
    assert len(world.notices()) == bool(told)


def test_the_target_of_another_model_is_recognised(world):
    other = next(name for name, spec in truth.specs().items() if spec.target != SPEC.target)
    target = truth.specs()[other].target
    assert f"it has that of {other}" in upload("a.csv", f"inference_id,{target}\nx,1\n")["sentences"][0]


def test_rows_of_a_request_are_told_apart(world):
    known(world, VERSION, 5)
    answer = json.dumps({"predictions": [{"label": False, "probability": 0.25}] * 2})
    put(key(NOW, "a"), record("e", NOW - timedelta(minutes=5), json.dumps([ROW, ROW]), answer))
    tabulate(world)
    upload("a.csv", "inference_id,late\nid-e,true\n")  # of which row?
    assert joined(world).counts.labelled == 0
    upload("b.csv", "inference_id,row,late\nid-e,1,true\n")
    assert joined(world).frame[names.LABEL].to_list() == [None, True]


def test_parquet_json_lines_and_gzip_are_read_as_uploads_are(world, tmp_path):
    ask(world, 3)
    pl.DataFrame({"inference_id": ["id-e0"], "late": [True]}).write_parquet(tmp_path / "a.parquet")
    upload("a.parquet", (tmp_path / "a.parquet").read_bytes())
    upload("b.jsonl", '{"inference_id": "id-e1", "late": false}\n')
    upload("c.csv.gz", gzip.compress(b"inference_id,late\nid-e2,yes\n"))
    assert found(world) == {"e0": True, "e1": False, "e2": True}


def test_labels_for_no_known_model_are_told(world):
    assert upload("a.csv", "inference_id,late\nx,true\n", model="nobody") == {}
    assert set(world.notices()) == {"labels for no known model"}


def test_a_million_rows_of_garbage_are_counted(world):
    body = "inference_id,late\n" + "garbage,of no kind\n" * 1_000_000
    counts = upload("a.csv", body)
    assert (counts["rows"], counts["wrong"], counts["labels"]) == (1_000_000, 1_000_000, 0)


def test_a_training_upload_whose_keys_were_asked_is_truth(world):
    asked = {"time_hour": "2026-11-27T10:00:00Z", "flight": 1545}
    ask(world, 2, **asked)
    at = datetime(2026, 11, 27, 10, tzinfo=UTC)
    dataset = DatasetVersion(
        id="ds-flights-000000000001", model="flights", name="a", bucket="data", key="incoming/a", version_id="1",
        size=1, uploaded_at=LATER, sequencer="1", spec_digest="", card_digest="", accepted=True,
    )  # fmt: skip
    world.ledger.claim(dataset)
    rows = pl.DataFrame(
        {"time_hour": [at, at], "carrier": ["UA", "UA"], "flight": [1545, 7], "late": [True, False]},
        schema_overrides={"time_hour": pl.Datetime("us", "UTC")},
    )
    file = f"datasets/flights/{dataset.id}/parts/00000/rows.parquet"
    boto3.client("s3").put_object(Bucket="data", Key=file, Body=tables.parquet(rows))
    assert labels.keep(world.platform, world.ledger, SPEC, LATER + timedelta(hours=1)) == 1
    seen = joined(world)
    assert seen.frame[names.LABEL].to_list() == [True, True]
    assert set(seen.frame[names.TRUTH]) == {dataset.id}
    assert labels.keep(world.platform, world.ledger, SPEC, LATER + timedelta(hours=30)) == 1  # once more, when complete
    assert labels.keep(world.platform, world.ledger, SPEC, LATER + timedelta(hours=31)) == 0


def test_labels_whose_event_was_lost_are_read_all_the_same(world, context, monkeypatch):
    ask(world, 1)
    body = b"inference_id,late\nid-e0,true\n"
    boto3.client("s3").put_object(Bucket="data", Key="truth/flights/lost.csv", Body=body)
    later = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr("functions.dispatch.handler.utc_now", lambda: later)
    assert reconciliation.handler({}, context) == {"found": 1}
    queue = world.platform.truth_queue
    (message,) = boto3.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    truth.handle(SQSRecord({"body": message["Body"]}))
    assert found(world) == {"e0": True}
    assert reconciliation.handler({}, context) == {"found": 0}


def test_labels_that_come_for_some_slices_only_are_told(world):
    known(world, VERSION, 5)
    rows = [ROW | {"carrier": "UA" if number < 300 else "DL"} for number in range(600)]
    at = NOW - timedelta(hours=1)
    put(key(at, "a"), "".join(record(f"e{n}", at, json.dumps(row)) for n, row in enumerate(rows)))
    tabulate(world)
    upload("a.csv", "inference_id,late\n" + "".join(f"id-e{n},true\n" for n in range(0, 300, 2)))
    (warning, *_) = joined(world).warnings
    assert warning.startswith("Labels are known for 0% of the 300 rows where 'carrier' is DL, and for 25% of all rows")
