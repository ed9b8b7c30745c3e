"""Captured traffic becomes tables: each event once, whatever files come, twice, late, out of order, or in a crash."""

import io
import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud import tables
from cloud.platform import client
from functions.dispatch.handler import specs
from functions.tabulation.handler import Tabulation
from functions.tabulation.hours import Writer, listed
from perennial.contract import observed as names
from perennial.golden import INFERENCE_ID
from perennial.records import Champion, ModelVersion

SPEC = specs()["flights"]
NOW = datetime(2026, 11, 27, 12, 30, tzinfo=UTC)
VERSION, OTHER = "flights@0c0000000000", "flights@0b0000000000"  # whole captures are looked at at 12 and at 11 o'clock
ROW = {
    "carrier": "UA", "origin": "EWR", "dest": "IAH", "distance": 1400, "weekday": 5, "hour": 5, "minute": 15,
    "sched_arr_time": 819, "temp": 39.02, "wind_gust": None,
}  # fmt: skip
ANSWER = '{"predictions": [{"label": false, "probability": 0.25}]}'


def record(event: str, at: datetime, body: str | None = None, answer: str | None = ANSWER) -> str:
    sides = {"endpointInput": json.dumps(ROW) if body is None else body, "endpointOutput": answer}
    data = {
        side: {"observedContentType": "application/json", "mode": side, "data": text, "encoding": "JSON"}
        for side, text in sides.items()
        if text is not None
    }
    metadata = {"eventId": event, "inferenceId": f"id-{event}", "inferenceTime": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    return json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}) + "\n"


def key(hour: datetime, name: str, version: str = VERSION) -> str:
    digits = version.partition("@")[2]
    return f"capture/flights/{digits}/perennial-flights/AllTraffic/{hour:%Y/%m/%d/%H}/{name}.jsonl"


def put(key: str, text: str) -> None:
    boto3.client("s3").put_object(Bucket="traffic", Key=key, Body=text)


def tabulate(world, now: datetime = NOW, spec=SPEC):
    return Tabulation(world.platform, world.ledger, spec, now).run()


def table(world, since: datetime = NOW - timedelta(days=30), until: datetime = NOW + timedelta(days=1)) -> pl.DataFrame:
    return tables.requests(world.platform, SPEC, since, until)


def stored() -> dict[str, pl.DataFrame]:
    """All parts of the tables of requests and of what could not be read, by their keys."""
    s3 = boto3.client("s3")
    found = s3.list_objects_v2(Bucket="traffic", Prefix="tables/").get("Contents", [])
    bodies = {item["Key"]: s3.get_object(Bucket="traffic", Key=item["Key"])["Body"].read() for item in found}
    return {key: pl.read_parquet(io.BytesIO(body)) for key, body in bodies.items()}


def known(world, version: str, age_hours: int, spec=SPEC) -> ModelVersion:
    made = ModelVersion(
        id=version, model="flights", digest="b" * 64, archive_key="a", archive_sha256="a" * 64, run="run-flights-1",
        datasets=(), profile_key="p", code_digest="d" * 64, spec_digest=spec.digest(), parameters={}, metrics={},
        environment={}, created_at=NOW - timedelta(hours=age_hours),
    )  # fmt: skip
    world.ledger.put_version(made)
    boto3.client("s3").put_object(
        Bucket="models", Key=f"specs/flights/{spec.digest()}.json", Body=spec.canonical().encode()
    )
    return made


class CrashError(Exception):
    """The process ends after a call to AWS."""


@contextmanager
def crash_after(calls: int):
    """Ends the work after so many calls to S3: the call itself has been made."""
    left = [calls]

    def count(**_: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise CrashError

    events = client("s3").meta.events
    events.register("after-call.s3", count, unique_id="crash")
    try:
        yield
    finally:
        events.unregister("after-call.s3", unique_id="crash")


def test_an_answered_request_is_a_typed_row_that_names_its_version(world):
    known(world, VERSION, 5)
    at = NOW - timedelta(minutes=20)
    put(key(at, "a"), record("e1", at))
    counts = tabulate(world)
    (row,) = table(world).to_dicts()
    assert (counts.requests, counts.rows, counts.unreadable) == (1, 1, 0)
    assert row[names.AT] == at
    assert (row[names.VERSION], row[names.EVENT], row[names.REQUEST], row[names.ROW]) == (VERSION, "e1", "id-e1", 0)
    assert (row[names.ANSWER], row[names.SCORE]) == (False, 0.25)
    assert {name: row[name] for name in ROW} == ROW
    assert row["time_hour"] is None


def test_columns_that_the_model_does_not_see_are_kept_where_a_request_holds_them(world):
    known(world, VERSION, 5)
    keys = {"time_hour": "2026-11-27T10:00:00Z", "flight": 1545, "late": "true"}
    put(key(NOW, "a"), record("e1", NOW, json.dumps(ROW | keys)))
    put(key(NOW, "b"), record("e2", NOW, json.dumps(ROW | {"flight": "no number"})))
    tabulate(world)
    first, second = table(world).sort(names.EVENT).to_dicts()
    assert (first["time_hour"], first["flight"]) == (datetime(2026, 11, 27, 10, tzinfo=UTC), 1545)
    assert second["flight"] is None
    assert "late" not in first


def test_what_cannot_be_read_is_kept_apart_with_a_reason_and_a_place(world):
    known(world, VERSION, 5)
    wrong = {"number of answers": '{"predictions": []}', "refused": '{"error": "no", "row": 0, "field": null}'}
    lines = [
        record("fine", NOW),
        "no record\n",
        record("body", NOW, '{"carrier": "UA"}'),
        record("answer", NOW, answer=wrong["number of answers"]),
        record("refused", NOW, answer=wrong["refused"]),
        record("unknown answer", NOW, answer='{"something": 1}'),
    ]
    put(key(NOW, "a"), "".join(lines))
    counts = tabulate(world)
    apart = tables.unreadable(world.platform, "flights", NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    assert dict(apart.select(names.LINE, "_reason").iter_rows()) == {
        2: "record", 3: "request", 4: "answer", 5: "refused",
    }  # fmt: skip
    assert set(apart[names.OBJECT]) == {key(NOW, "a")}
    found = {row[names.EVENT]: row[names.ANSWER] for row in table(world).to_dicts()}
    assert found == {"fine": False, "unknown answer": None}
    assert (counts.requests, counts.unreadable, counts.unanswered, counts.repeated) == (2, 4, 1, 0)


def test_a_second_call_reads_no_capture_and_writes_nothing(world):
    known(world, VERSION, 5)
    put(key(NOW, "a"), record("e1", NOW))
    assert tabulate(world).rows == 1
    before = boto3.client("s3").list_object_versions(Bucket="traffic")["Versions"]
    assert tabulate(world).rows == 0
    assert boto3.client("s3").list_object_versions(Bucket="traffic")["Versions"] == before


def test_a_file_that_comes_late_by_weeks_counts_within_a_day(world):
    known(world, VERSION, 900)
    for number in range(4):
        known(world, f"flights@00000000000{number + 1}", number)
    old = NOW - timedelta(days=20)
    put(key(old, "late"), record("e1", old))
    assert tabulate(world, NOW + timedelta(hours=1)).rows == 0
    rows = [tabulate(world, NOW + timedelta(hours=hours)).rows for hours in range(2, 26)]
    assert sum(rows) == 1
    assert table(world)[names.EVENT].to_list() == ["e1"]


def test_an_older_call_does_not_overwrite_what_a_newer_one_has_written(world):
    """The older call has listed the captures; then a file comes, and the newer call is done first."""
    known(world, VERSION, 5)
    put(key(NOW, "a"), record("e1", NOW))
    older = Tabulation(world.platform, world.ledger, SPEC, NOW)
    writer = Writer(world.platform, older._parts())
    captures = older._captures("0c0000000000", whole=False)
    put(key(NOW, "b"), record("e2", NOW))
    tabulate(world)
    hour = NOW.replace(minute=0)
    writer.write_day(older._version("0c0000000000"), {hour: captures})
    assert writer.written == 0
    assert table(world)[names.EVENT].sort().to_list() == ["e1", "e2"]
    tabulate(world)
    assert table(world)[names.EVENT].sort().to_list() == ["e1", "e2"]


def test_captures_of_releases_that_named_no_version_are_the_champions_of_their_time(world):
    known(world, VERSION, 5)
    since = NOW - timedelta(hours=1)
    champion = Champion(model="flights", version=VERSION, run="run-flights-1", token=1, since=since)
    world.ledger.table.put_item(Item={"pk": "model#flights", "sk": "champion", "record": champion.model_dump_json()})
    put(f"capture/perennial-flights/AllTraffic/{NOW:%Y/%m/%d/%H}/a.jsonl", record("e1", NOW))
    tabulate(world)
    assert table(world).select(names.EVENT, names.VERSION).rows() == [("e1", VERSION)]


def test_tables_of_traffic_under_a_customers_key_are_under_that_key_too(world):
    key_id = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    spec = replace(SPEC, serving=replace(SPEC.serving, capture_kms_key=key_id))
    known(world, VERSION, 5)
    put(key(NOW, "a"), record("e1", NOW) + "no record\n")
    tabulate(world, spec=spec)
    s3 = boto3.client("s3")
    for item in listed("traffic", "tables/"):
        assert s3.head_object(Bucket="traffic", Key=item)["SSEKMSKeyId"] == key_id


def test_rows_that_a_server_logged_are_rows_with_hashed_columns_and_answers(world):
    columns = SPEC.columns | {"distance": replace(SPEC.columns["distance"], sensitive=True)}
    spec = replace(SPEC, columns=columns, serving=replace(SPEC.serving, sensitive="hash"))
    known(world, VERSION, 5, spec)
    rows = [ROW | {"distance": "0123456789abcdef"}, ROW | {"distance": None}]
    answers = [{"label": True, "probability": 0.75}, {"label": False, "probability": 0.25}]
    line = {"event": "inputs", "model": VERSION, "inference_id": "mine", "rows": rows, "answers": answers}
    asked = line | {"inference_id": INFERENCE_ID}  # golden rows of a release
    older = {"event": "inputs", "model": VERSION, "rows": [ROW | {"distance": "x"}]}
    broken = {"event": "inputs", "model": VERSION, "rows": [{"hour": "noon"}]}
    other = {"event": "inputs", "model": "airtime@0c0000000000", "rows": rows}
    logs, group = boto3.client("logs"), {"logGroupName": "/aws/sagemaker/Endpoints/perennial-flights"}
    now = datetime.now(UTC).replace(minute=30)  # CloudWatch takes no line of the future, or of long ago
    at = int((now - timedelta(hours=1)).timestamp() * 1000)
    logs.create_log_group(**group)
    logs.create_log_stream(**group, logStreamName="AllTraffic/i-1")
    events = [{"timestamp": at, "message": json.dumps(each)} for each in (line, asked, older, broken, other)]
    logs.put_log_events(**group, logStreamName="AllTraffic/i-1", logEvents=events)
    counts = [tabulate(world, now, spec), tabulate(world, now, spec)]
    assert [(each.requests, each.rows, each.unreadable, each.unanswered) for each in counts] == [(2, 3, 1, 1), (0,) * 4]
    found = tables.requests(world.platform, spec, now - timedelta(hours=2), now).sort(names.REQUEST, names.ROW)
    assert found["distance"].to_list() == ["x", "0123456789abcdef", None]
    assert found.select(names.REQUEST, names.ROW, names.ANSWER, names.SCORE).rows() == [
        (None, 0, None, None), ("mine", 0, True, 0.75), ("mine", 1, False, 0.25),
    ]  # fmt: skip
    assert set(found[names.VERSION]) == {VERSION}


def test_answers_that_are_captured_without_requests_are_no_fault(world):
    known(world, VERSION, 5)
    line = json.loads(record("e1", NOW))
    del line["captureData"]["endpointInput"]
    put(key(NOW, "a"), json.dumps(line) + "\n")
    assert tabulate(world).as_tuple() == (0, 0, 0, 0, 0)


EVENTS = st.integers(0, 11)
FILES = st.lists(
    st.tuples(
        st.integers(0, 3),  # hours before NOW in whose folder it lies
        st.lists(EVENTS, min_size=1, max_size=4),
        st.integers(0, 2),  # the call before which it comes
    ),
    min_size=1,
    max_size=5,
)


def content(events: list[int]) -> str:
    """Events 9 and above cannot be read; each has the same content wherever it comes."""
    bodies = {event: None if event < 9 else '{"carrier": 1}' for event in events}
    return "".join(record(f"e{event}", NOW - timedelta(hours=event), bodies[event]) for event in events)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(files=FILES, doubled=st.lists(st.integers(0, 4), max_size=2), crashes=st.lists(st.integers(0, 40), max_size=3))
def test_every_event_counts_exactly_once(world, files, doubled, crashes):
    """Files come in three portions, some twice under another name; calls crash after any number of calls to S3."""
    s3 = boto3.client("s3")
    known(world, VERSION, 5)
    for prefix in ("capture/", "tables/"):
        for item in listed("traffic", prefix):
            s3.delete_object(Bucket="traffic", Key=item)
    files = [*files, *(files[index] for index in doubled if index < len(files))]
    for portion in range(3):
        for number, (hours, events, comes) in enumerate(files):
            if comes == portion:
                put(key(NOW - timedelta(hours=hours), f"file-{number}"), content(events))
        for calls in crashes:
            with crash_after(calls):
                try:
                    tabulate(world)
                except CrashError:
                    continue
        tabulate(world)
        arrived = {event for _, events, comes in files if comes <= portion for event in events}
        parts = stored()
        found = {
            kind: sorted(event for name, part in parts.items() if f"/{kind}/" in name for event in part[names.EVENT])
            for kind in ("requests", "unreadable")
        }
        assert found["requests"] == sorted(f"e{event}" for event in arrived if event < 9)
        assert found["unreadable"] == sorted(f"e{event}" for event in arrived if event >= 9)


def test_each_part_is_the_same_whatever_the_order_of_files(world):
    known(world, VERSION, 5)
    texts = {name: content([number, number + 1]) for number, name in enumerate("abcdef")}
    for name in "fbdace":
        put(key(NOW, name), texts[name])
        tabulate(world)
    in_pieces = stored()
    for item in listed("traffic", "tables/"):
        boto3.client("s3").delete_object(Bucket="traffic", Key=item)
    tabulate(world)
    assert {name: part.to_dicts() for name, part in stored().items()} == {
        name: part.to_dicts() for name, part in in_pieces.items()
    }


def test_a_hole_in_the_tables_of_an_earlier_day_is_mended_within_a_day(world):
    """In the hour of the day in which all captures of the version are looked at."""
    known(world, VERSION, 24 * 11)
    looked_at = NOW.replace(hour=int(VERSION.partition("@")[2], 16) % 24)
    put(key(NOW - timedelta(days=10), "a"), content([1, 2]))
    tabulate(world, looked_at)
    (whole,) = [name for name in stored() if "/requests/" in name]
    boto3.client("s3").delete_object(Bucket="traffic", Key=whole)
    tabulate(world, looked_at + timedelta(hours=1))
    assert whole not in stored()
    tabulate(world, looked_at + timedelta(days=1))
    assert stored()[whole].height == 2


@pytest.mark.parametrize("name", ["a.jsonl", "2026/13/40/99/a", "x"])
def test_objects_that_are_no_captures_are_left_alone(world, name):
    known(world, VERSION, 5)
    put(f"capture/flights/0c0000000000/perennial-flights/AllTraffic/{NOW:%Y/%m/%d}/{name}", "x")
    assert tabulate(world).requests == 0
