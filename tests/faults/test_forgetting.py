"""A person is forgotten everywhere, whatever crashes; OpenSSL verifies the receipt. An ended retention deletes, too."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cloud import forgettings, parts, s3
from cloud.forgettings import ForgettingError
from cloud.platform import client
from embedded.moto_patches import signing
from embedded.moto_patches.patches import Patches
from perennial import layout
from perennial.forgetting import contents
from perennial.forgetting.places import BUCKETS
from perennial.forgetting.receipt import Receipt
from perennial.forgetting.subject import parse as subject
from perennial.forgetting.tracing import Tracer
from perennial.forgetting.work import Forgetting
from perennial.identity import retrain_run_id
from perennial.spec import parse
from tests.faults.account import Account, assert_invariants
from tests.faults.sagemaker import packed
from tests.faults.workflow import StateError
from tests.functions.disturbances import KilledError, disturbed
from tests.signatures import verified

MARK = "Quirrelmann"
SPEC = """
name: people
problem: binary
target: y
card: {origin: a test, licence: CC0-1.0, terms: do as you like, retention_days: 400}
key: [customer]
columns:
  customer: {type: text}
  x: {type: number}
  town: {type: category, feature: true}
  age: {type: integer}
  y: {type: boolean}
training: {window: 1}
validation: {min_rows: 4}
retrain: always
release: {instances: 2, traffic: canary, share: 0.5, bake_minutes: 3}
"""
PERSON = {"x": 913.4375, "town": "Kleinmarkt", "age": 41}


def people(seed: int, marked: bool = True) -> bytes:
    rows = [f"c{seed}-{n},{seed}.{n:03},Bern,{20 + n},{'true' if n % 2 else 'false'}" for n in range(40)]
    if marked:
        rows.insert(7, f"{MARK},{PERSON['x']},{PERSON['town']},{PERSON['age']},true")
    return "\n".join(["customer,x,town,age,y", *rows]).encode()


#: streams of the endpoint's log, and how the features in their row differ from the person's
LOGGED: dict[str, dict[str, Any]] = {"of the person": {}, "of another": {"age": 7}}


@pytest.fixture(autouse=True)
def true_signatures() -> Iterator[None]:
    patches = Patches()
    signing.install(patches)
    yield
    patches.undo()


@pytest.fixture
def populated(account: Account) -> Account:
    """A model that learned from the person in its second upload, and has served a request of theirs."""
    account.specs["people"] = parse(SPEC)
    for number in (1, 2):
        account.upload("people", f"{number}.csv", people(number, marked=number == 2))
        account.settle()
    champion = account.champion("people")
    assert champion
    version = account.world.ledger.version(champion)
    run = account.run("incoming/people/2.csv")
    held_out = pl.DataFrame({"key.customer": ["c2-1", MARK], "label": [True, True], "score": [0.5, 0.9]})
    file = io.BytesIO()
    held_out.write_parquet(file)
    golden = {"rows": [PERSON], "predictions": [{"label": True, "probability": 0.75}]}
    request = {"observedContentType": "application/json", "mode": "INPUT", "encoding": "JSON"}
    captured = {
        "captureData": {"endpointInput": request | {"data": json.dumps({"rows": [PERSON]})}},
        "eventMetadata": {"eventId": "1", "inferenceTime": "2026-01-01T00:00:00Z"},
    }
    other = json.dumps(captured).replace("Kleinmarkt", "Bern").replace("913.4375", "1.5")
    capture = layout.captures("people", champion) + "/e/v/2026/01/01/00/a.jsonl"
    put("models", layout.training_archive(run.id, "job", layout.OUTPUT_ARCHIVE), file.getvalue())
    put("models", layout.beside(version.archive_key, layout.GOLDEN_ROWS), json.dumps(golden).encode())
    put("models", version.archive_key, packed({"golden.json": golden}))
    put("traffic", capture, f"{json.dumps(captured)}\n{other}\n".encode())
    logs, endpoint = client("logs"), "/aws/sagemaker/Endpoints/perennial-people"
    features = {name: value for name, value in PERSON.items() if name not in ("customer", "y")}
    logged = {stream: json.dumps({"event": "inputs", "rows": [features | more]}) for stream, more in LOGGED.items()}
    for group in ("perennial-platform-FunctionsPlanLogs0-1", endpoint):
        logs.create_log_group(logGroupName=group)
        of_rows = logged if group == endpoint else {}
        for stream, text in ({"quoting": f"row of {MARK} refused", "plain": "nothing to see"} | of_rows).items():
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
            moment = int(time.time() * 1000)  # of moto's own clock
            logs.put_log_events(
                logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": moment, "message": text}]
            )
    note = account.world.ledger.run(run.id)
    steps = tuple(
        step.model_copy(update={"sentences": (*step.sentences, f"{MARK} is an outlier.")}) for step in note.steps
    )
    text = note.model_copy(update={"steps": steps}).model_dump_json()
    assert account.world.ledger.replace_text("people", f"run#{run.id}", note.model_dump_json(), text)
    assert places_with(account)
    return account


def put(bucket: str, key: str, body: bytes) -> None:
    client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def tracer(account: Account) -> Tracer:
    spec = account.specs["people"]
    found = Tracer(spec, [subject(f"customer={MARK}", spec)])
    found.known.append(dict(PERSON))
    return found


def places_with(account: Account) -> list[str]:
    """Everything that holds the person: object versions, decoded; records; logs. Its own request apart."""
    search, found = tracer(account), []
    s3 = client("s3")
    for bucket in BUCKETS:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for one in page.get("Versions", []):
                body = s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
                if MARK.encode() in body or PERSON["town"].encode() in body or contents.search(body, search):
                    found.append(f"s3://{bucket}/{one['Key']}")
    table = account.world.ledger.table
    found += [f"ledger {item['sk']}" for item in table.scan()["Items"] if MARK in json.dumps(item, default=str)]
    for group in client("logs").describe_log_groups()["logGroups"]:
        events = client("logs").filter_log_events(logGroupName=group["logGroupName"])["events"]
        found += [group["logGroupName"] for event in events if MARK in event["message"]]
        found += [event["logStreamName"] for event in events if event["logStreamName"] == "of the person"]
    return found


def begun(account: Account) -> Forgetting:
    spec, world = account.specs["people"], account.world
    asked = ("ann", account.clock.now)
    return forgettings.begin(world.platform, world.ledger, spec, [subject(f"customer={MARK}", spec)], asked)


def step(account: Account, record: Forgetting) -> str:
    """One call of the function; what it waits for happens."""
    result = account.call("Forget", {"id": record.id}, {})
    if result["outcome"] == "waiting":
        account.clock.forward(seconds=result["seconds"])
        account.settle()
    return str(result["outcome"])


def worked(account: Account, record: Forgetting, most: int = 300) -> Forgetting:
    for _ in range(most):
        if step(account, record) in ("forgotten", "incomplete"):
            return forgettings.get(account.world.ledger, record.id)
    raise AssertionError(f"it does not end: {forgettings.get(account.world.ledger, record.id)}")


def is_signed(account: Account, record: Forgetting, folder: Path) -> bool:
    for ending, body in forgettings.signed(account.world.platform, record).items():
        (folder / f"receipt{ending}").write_bytes(body)
    return verified(*(folder / f"receipt.{ending}" for ending in ("pem", "sig", "json")))


def assert_forgotten(account: Account, record: Forgetting, before: str | None, folder: Path) -> None:
    """Nothing of the person is left, everything of the others is; another model serves; the receipt is signed."""
    assert record.outcome == "forgotten", record.reasons
    assert places_with(account) == []
    assert record.learnt == (before,)
    champion = account.world.ledger.champion("people")
    assert champion
    assert champion.version != before
    assert champion.previous is None
    assert account.served("people") == champion.version
    assert client("s3").list_object_versions(Bucket="models", Prefix="forgetting/").get("Versions", []) == []
    (upload,) = client("s3").list_object_versions(Bucket="data", Prefix="incoming/people/2.csv")["Versions"]
    body = client("s3").get_object(Bucket="data", Key=upload["Key"])["Body"].read()
    assert body == people(2, marked=False)
    assert account.dataset("incoming/people/2.csv").version_id == upload["VersionId"]
    rows = pl.read_parquet(
        client("s3").get_object(
            Bucket="data", Key=layout.part("people", account.dataset("incoming/people/2.csv").id, 0, layout.ROWS)
        )["Body"]
    )
    assert rows.height == 40
    for dataset in account.world.ledger.datasets("people"):
        part = layout.part("people", dataset.id, 0, layout.ROWS)
        assert parts.read("data", dataset) == [s3.sha256("data", part)], "a training job would refuse the part"
    streams = client("logs").describe_log_streams(logGroupName="/aws/sagemaker/Endpoints/perennial-people")
    assert [one["logStreamName"] for one in streams["logStreams"]] == ["of another", "plain"]
    assert len(account.world.ledger.datasets("people")) == 2, "an upload that was written again is no new dataset"
    assert account.reconcile()["found"] == 0
    assert is_signed(account, record, folder)
    receipt = Receipt.read((folder / "receipt.json").read_bytes())
    assert (receipt.left, receipt.successor) == (0, champion.version)
    assert receipt.learnt[0]["version"] == before
    assert MARK not in (folder / "receipt.json").read_text()
    assert_invariants(account)


@pytest.mark.quick
def test_a_person_is_forgotten_everywhere_and_the_receipt_is_signed(populated: Account, tmp_path: Path) -> None:
    before = populated.champion("people")
    assert_forgotten(populated, worked(populated, begun(populated)), before, tmp_path)
    (tmp_path / "receipt.json").write_bytes((tmp_path / "receipt.json").read_bytes().replace(b'"left":0', b'"left":1'))
    assert not verified(*(tmp_path / f"receipt.{ending}" for ending in ("pem", "sig", "json")))


def test_later_data_is_compared_with_a_reference_without_the_person(populated: Account) -> None:
    worked(populated, begun(populated))
    populated.upload("people", "3.csv", people(3, marked=False))
    populated.settle()
    assert populated.run("incoming/people/3.csv").state == "promoted"
    assert_invariants(populated)


@pytest.mark.slow
def test_a_crash_after_each_call_of_each_step_changes_nothing_of_the_end(populated: Account, tmp_path: Path) -> None:
    """The first try of a step dies after its first call, the second one after its second, and so on."""
    before, record, calls = populated.champion("people"), begun(populated), 0
    undisturbed = populated.call
    number = 0

    def dying(name: str, payload: Any, data: dict[str, Any]) -> Any:
        nonlocal number, calls
        if name != "Forget":
            return undisturbed(name, payload, data)
        number += 1
        with disturbed(populated.world.ledger, number, "killed") as made:
            found = undisturbed(name, payload, data)
        calls += len(made)
        number = 0
        return found

    populated.call = dying
    for _ in range(5000):
        try:
            outcome = step(populated, record)
        except (StateError, KilledError):
            continue
        if outcome in ("forgotten", "incomplete"):
            break
    populated.call = undisturbed
    assert calls > 100
    assert_forgotten(populated, forgettings.get(populated.world.ledger, record.id), before, tmp_path)


@pytest.mark.parametrize("how", ["twice", pytest.param("lost", marks=pytest.mark.slow)])
def test_a_call_that_is_done_twice_or_whose_response_is_lost_changes_nothing_of_the_end(
    populated: Account, tmp_path: Path, how: Any
) -> None:
    before, record = populated.champion("people"), begun(populated)
    undisturbed, number = populated.call, 0

    def disturbing(name: str, payload: Any, data: dict[str, Any]) -> Any:
        nonlocal number
        if name != "Forget":
            return undisturbed(name, payload, data)
        number = number % 97 + 1
        with disturbed(populated.world.ledger, number, how):
            return undisturbed(name, payload, data)

    populated.call = disturbing
    for _ in range(2000):
        try:
            outcome = step(populated, record)
        except (StateError, KilledError):
            continue
        if outcome in ("forgotten", "incomplete"):
            break
    populated.call = undisturbed
    assert_forgotten(populated, forgettings.get(populated.world.ledger, record.id), before, tmp_path)


def test_a_refused_candidate_leaves_the_champion_and_the_work_is_resumed(populated: Account, tmp_path: Path) -> None:
    before, record = populated.champion("people"), begun(populated)
    populated.sagemaker.outcomes = {retrain_run_id("people", str(before), record.execution): "refuse"}
    ended = worked(populated, record)
    assert (ended.outcome, populated.champion("people")) == ("incomplete", before)
    assert "ended as refused" in ended.reasons[0]
    assert ended.next_command == f"perennial forget people --resume {record.id}"
    world = populated.world
    again = forgettings.resume(world.platform, world.ledger, record.id)
    assert_forgotten(populated, worked(populated, again), before, tmp_path)
    with pytest.raises(ForgettingError, match="is done"):
        forgettings.resume(world.platform, world.ledger, record.id)


def test_a_run_under_way_ends_first_and_uploads_wait_for_the_work(populated: Account) -> None:
    record = begun(populated)
    for stage in ("hold", "search", "erase"):
        while forgettings.get(populated.world.ledger, record.id).stage == stage:
            step(populated, record)
    key = populated.upload("people", "3.csv", people(3, marked=False))
    populated.settle()
    assert populated.dataset(key).state == "pending"
    worked(populated, record)
    populated.reconcile()
    populated.settle()
    assert populated.dataset(key).state == "promoted"
    assert_invariants(populated)


def test_nobody_is_told_the_person(populated: Account) -> None:
    record = begun(populated)
    execution = client("stepfunctions").describe_execution(
        executionArn=f"{populated.world.platform.forgetting_machine.replace('stateMachine', 'execution')}"
        f":{record.execution}"
    )
    assert MARK not in execution["input"]
    worked(populated, record)
    assert MARK not in json.dumps(populated.read_notices())


def test_an_ended_retention_deletes_the_dataset_and_what_learned_from_it(populated: Account, tmp_path: Path) -> None:
    """The second upload is newer; the first one's retention ends first."""
    populated.clock.forward(days=100)
    populated.upload("people", "3.csv", people(3, marked=False))
    populated.settle()
    populated.clock.forward(days=301)
    assert populated.world.ledger.datasets("people")[0].kept_until
    populated.reconcile()
    (record,) = forgettings.of_model(populated.world.ledger, "people")
    assert (record.kind, len(record.datasets)) == ("retention", 2)
    assert worked(populated, record).outcome == "forgotten"
    versions = client("s3").list_object_versions(Bucket="data", Prefix="incoming/people/").get("Versions", [])
    assert [one["Key"] for one in versions] == ["incoming/people/3.csv"]
    for identity in record.datasets:
        listed = client("s3").list_object_versions(Bucket="data", Prefix=layout.dataset("people", identity))
        assert listed.get("Versions", []) == []
    assert is_signed(populated, record, tmp_path)
    assert populated.reconcile()["found"] == 0
    assert len(forgettings.of_model(populated.world.ledger, "people")) == 1


def test_a_forgetting_whose_execution_died_is_begun_again(populated: Account) -> None:
    record = begun(populated)
    states = client("stepfunctions")
    arn = f"{populated.world.platform.forgetting_machine.replace('stateMachine', 'execution')}:{record.execution}"
    states.stop_execution(executionArn=arn)
    populated.reconcile()
    again = forgettings.get(populated.world.ledger, record.id)
    assert (again.attempt, forgettings.is_running(populated.world.platform, again)) == (2, True)


def test_later_rows_of_a_forgotten_person_are_left_out_if_the_spec_says_so(populated: Account) -> None:
    worked(populated, begun(populated))
    populated.specs["people"] = parse(SPEC.replace("min_rows: 4", "min_rows: 4, forgotten: leave_out"))
    key = populated.upload("people", "3.csv", people(3))
    populated.settle()
    dataset = populated.dataset(key)
    assert (dataset.state, dataset.rows, dataset.rows_quarantined) == ("promoted", 40, 0)
    told = populated.run(key).step("validation")
    assert told
    assert told.sentences[0] == "40 rows accepted, 1 of forgotten persons left out"
    rows = client("s3").get_object(Bucket="data", Key=layout.part("people", dataset.id, 0, layout.ROWS))["Body"].read()
    assert MARK.encode() not in rows
    secret = forgettings.secret(populated.world.ledger, "people")
    assert secret not in json.dumps(populated.read_notices())
