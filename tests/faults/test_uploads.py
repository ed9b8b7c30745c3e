"""Faults of uploads: each ends as docs/reliability.md says, with the champion in service and the upload kept."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from cloud import lease, s3
from cloud.platform import client
from perennial import layout
from perennial.records import DatasetVersion
from tests.faults.account import ROWS, Account, assert_invariants, table
from tests.faults.test_crashes import Disturbance

HEADER, ROW = b"x,y\n", b"1.5,true\n2.5,false\n"
SOUND = HEADER + ROW * 4
FAULTY = {
    "empty": (b"", "empty"),
    "header only": (HEADER, "no-rows"),
    "a short row": (SOUND + b"1.5\n", "short-row"),
    "a long row": (SOUND + b"1.5,true,9\n", "long-row"),
    "truncated": (SOUND[:-7], "truncated"),
    "an unclosed quote": (SOUND + b'"1.5,true\n', "unclosed-quote"),
    "UTF-16": (SOUND.decode().encode("utf-16"), "encoding"),
    "Latin-1": (SOUND + "1.5,trüe\n".encode("latin-1"), "encoding"),
    "another delimiter": (SOUND.replace(b",", b";"), "delimiter"),
    "no header": (ROW * 4, "header"),
    "carriage returns alone": (SOUND.replace(b"\n", b"\r"), "line-ends"),
    "a column twice": (SOUND.replace(b"x,y", b"x,x"), "duplicate-column"),
    "a column missing": (b"x\n" + b"1.5\n" * 8, "missing-column"),
    "a column misspelt": (SOUND.replace(b"x,y", b"x,why"), "missing-column"),
    "not a number": (SOUND + b"nan,true\n", "not-finite"),
    "a NUL byte": (SOUND + b"1\0.5,true\n", "nul-byte"),
    "S3's error page": (b"<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>", "error-page"),
    "one class": (HEADER + b"1.5,true\n" * 8, "one-class"),
    "gzip cut off": (gzip.compress(SOUND * 50)[:-20], "truncated"),
}


@pytest.fixture
def served(account: Account) -> Account:
    """An account in which a champion serves."""
    account.upload("apples", "first.csv", table(0))
    account.settle()
    assert account.champion("apples")
    return account


def kept(account: Account, champion: str | None) -> None:
    """The champion is the one before, and serves."""
    assert account.champion("apples") == account.served("apples") == champion
    assert_invariants(account)


def test_a_faulty_file_is_set_aside_with_its_reason_and_the_champion_stays(served: Account) -> None:
    champion = served.champion("apples")
    for name, (body, code) in FAULTY.items():
        key = served.upload("apples", f"{name}.csv.gz" if "gzip" in name else f"{name}.csv", body)
        served.settle()
        run, dataset = served.run(key), served.dataset(key)
        assert (run.state, code in run.problem_codes) == ("quarantined", True), (name, run.problem_codes)
        copy = layout.quarantine("apples", dataset.id, key.rsplit("/", 1)[-1])
        assert s3.read("data", copy) == body, name
    kept(served, champion)


@pytest.mark.parametrize(
    "name", [pytest.param("a b.csv", marks=pytest.mark.quick), "größe-数据.csv", "a+b%2B&c=d.csv", "'quoted' (1).csv"]
)
def test_a_key_may_hold_blanks_plus_signs_and_any_letters(account: Account, name: str) -> None:
    key = account.upload("apples", name, b"\xef\xbb\xbf" + table(1))
    account.settle()
    assert account.run(key).state == "promoted", account.run(key).reasons
    assert_invariants(account)


def test_an_object_version_that_is_deleted_midway_fails_the_run_and_the_next_upload_goes_on(served: Account) -> None:
    champion = served.champion("apples")
    key = served.upload("apples", "a.csv", table(1))
    served.deliver(*served.events)
    served.events.clear()
    (execution,) = served.running()
    while execution.state != "Inspect files":
        served.step(execution)
    client("s3").delete_object(Bucket="data", Key=key, VersionId=served.dataset(key).version_id)
    served.settle()
    run = served.run(key)
    assert run.state == "failed"
    assert "MissingObjectError" in run.reasons[1]
    assert served.champion("apples") == served.served("apples") == champion
    client("s3").put_object(Bucket="data", Key=key, Body=table(1))  # the deletion was a person's, not ours
    again = served.upload("apples", "b.csv", table(2))
    served.settle()
    assert served.run(again).state == "promoted"
    assert_invariants(served)


@pytest.mark.quick
def test_an_object_that_is_overwritten_midway_is_read_in_the_version_of_its_event(account: Account) -> None:
    key = account.upload("apples", "a.csv", table(1))
    account.deliver(*account.events)
    account.events.clear()
    client("s3").put_object(Bucket="data", Key=key, Body=b"<Error>")
    account.settle()
    assert account.run(key).state == "promoted", account.run(key).reasons
    assert account.dataset(key).rows == ROWS
    assert_invariants(account)


def test_a_part_with_another_checksum_and_a_part_that_never_comes_are_set_aside(served: Account) -> None:
    champion = served.champion("apples")
    for name, part in (("changed", {"name": "a.csv", "sha256": hashlib.sha256(b"x").hexdigest()}),
                       ("missing", {"name": "never.csv"})):  # fmt: skip
        client("s3").put_object(Bucket="data", Key=f"incoming/apples/{name}/a.csv", Body=table(1))
        key = served.upload("apples", f"{name}/manifest.json", json.dumps({"files": [part]}).encode())
        before = served.clock.now
        served.settle()
        assert served.run(key).state == "quarantined", served.run(key).reasons
        waited = served.clock.now - before
        assert (waited >= timedelta(hours=1, minutes=10)) == (name == "missing")
    kept(served, champion)


@pytest.mark.quick
def test_of_five_uploads_at_once_the_last_one_wins(account: Account) -> None:
    keys = [account.upload("apples", f"{number}.csv", table(number)) for number in range(5)]
    for number, event in enumerate(account.events):
        event["time"] = (account.clock.now + timedelta(seconds=number)).isoformat()
    account.deliver(*account.events)
    account.events.clear()
    account.settle()
    states = [account.run(key).state for key in keys]
    assert states == ["promoted", "superseded", "superseded", "superseded", "promoted"]
    assert account.champion("apples") == account.run(keys[4]).version
    assert_invariants(account)


def test_an_event_of_an_execution_that_is_closed_starts_nothing(account: Account) -> None:
    """Dispatch ends just after StartExecution, and its message comes again when the run is over."""
    key = account.upload("apples", "a.csv", table(1))
    (event,) = account.events
    account.events.clear()
    disturbance = Disturbance(account, "Dispatch", "StartExecution", "killed")
    with disturbance.under_way():
        assert account.deliver(event)
    assert account.dataset(key).state == "pending"
    account.settle()
    assert account.run(key).state == "promoted"
    for _ in range(2):
        assert not account.deliver(event)
    account.settle()
    assert len(account.executions) == 1
    assert_invariants(account)


def test_a_replay_of_everything_changes_nothing(account: Account) -> None:
    """All events and messages come again, in another order: a redrive of dead letters, a replay of the archive."""
    seen: list[dict] = []
    deliver = account.deliver
    account.deliver = lambda *bodies: (seen.extend(bodies), deliver(*bodies))[1]  # type: ignore[method-assign]
    for number in range(3):
        account.upload("apples", f"{number}.csv", table(number) if number != 1 else b"")
        account.settle()
    before = (list(account.executions), account.champion("apples"), account.sagemaker.updates.copy())
    notices = len(account.read_notices())
    random.Random(1).shuffle(seen)
    deliver(*seen[:10])
    for body in list(seen):
        deliver(body)
    account.settle()
    assert (list(account.executions), account.champion("apples"), account.sagemaker.updates) == before
    assert len(account.read_notices()) == notices
    assert_invariants(account)


def test_clocks_that_differ_by_five_minutes_and_a_change_to_summer_time_change_no_decision(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Functions read clocks that are 5 minutes early or late, in the hour that Berlin leaves out."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    account.clock.now = datetime(2026, 3, 29, 0, 50, tzinfo=UTC)
    chance = random.Random(1)
    for module in ("task", "conclusion", "dispatch.handler"):
        skewed = lambda: account.clock.now + timedelta(minutes=chance.choice((-5, 0, 5)))  # noqa: E731
        monkeypatch.setattr(f"functions.{module}.utc_now", skewed)
    keys = [account.upload("apples", f"{number}.csv", table(number)) for number in range(2)]
    account.events[0]["time"] = "2026-03-29T01:59:59+01:00"
    account.events[1]["time"] = "2026-03-29T03:00:01+02:00"  # two seconds later
    account.settle()
    assert [account.run(key).state for key in keys] == ["promoted", "promoted"]
    assert account.champion("apples") == account.run(keys[1]).version
    account.clock.forward(minutes=10)
    assert_invariants(account)


def test_the_order_of_uploads_is_that_of_their_moments_whatever_the_zone() -> None:
    def at(moment: str) -> str:
        return lease.order(DatasetVersion(
            id="ds-a-000000000000", model="a", name="a", bucket="data", key="k", version_id="v", size=1, sequencer="",
            uploaded_at=datetime.fromisoformat(moment), spec_digest="", card_digest="",
        ))  # fmt: skip

    assert at("2026-03-29T03:00:01+02:00") > at("2026-03-29T01:59:59+01:00") > at("2026-03-29T00:59:58Z")
    assert at("2026-06-01T10:00:00+02:00") < at("2026-06-01T09:00:00Z")
