"""The dataset card as a gate: refused by the plan, stored with the data, its retention applied in later trainings."""

import json
from datetime import UTC, date, datetime, timedelta

import boto3
import pytest

from cloud import report_data, s3
from cloud.handovers import RunReference
from cloud.ledger import Ledger
from functions.conclusion import handler as conclude
from functions.dispatch.handler import handler as dispatch
from functions.preparation import handler as preparation
from functions.task import open_task
from functions.validation.merge import handler as merge
from functions.validation.plan import handler as plan
from perennial.reports import run_contents

KEY = "incoming/flights/jan.csv"


def put(key: str, body: bytes) -> str:
    return str(boto3.client("s3").put_object(Bucket="data", Key=key, Body=body)["VersionId"])


@pytest.fixture
def start(world, context):
    """Uploads a file, with the card beside it, as dispatch hears of both; the input of the run's states."""

    def started(card: bytes | None = None, name: str = "jan.csv.card.yaml", body: bytes = b"x") -> dict:
        keys = [(KEY.replace("jan.csv", name), card)] if card is not None else []
        records = []
        for key, content in [*keys, (KEY, body)]:
            item = {"key": key, "version-id": put(key, content), "size": len(content)}
            event = {"detail": {"bucket": {"name": "data"}, "object": item}, "time": f"{datetime.now(UTC):%FT%TZ}"}
            records.append({"messageId": key, "body": json.dumps(event), "eventSource": "aws:sqs"})
        assert not dispatch({"Records": records}, context)["batchItemFailures"]
        (run,) = world.executions()
        return {"run": run}

    return started


@pytest.mark.parametrize(
    ("card", "code", "told"),
    [
        (b"licence:\n", "card-licence", "the card names no licence"),
        (b"origin: ''\n", "card-origin", "does not say where the data comes from"),
        (b"personal_data: names\n", "card-lawful-basis", "personal data (names), but no ground"),
        (b"collected: 2001-01-01\nretention_days: 30\n", "card-retention", "which ended on 2001-01-31"),
        (b"licnce: MIT\n", "card-unreadable", "jan.csv.card.yaml:1: licnce: unknown field; did you mean 'licence'?"),
    ],
)
def test_a_card_that_lacks_something_refuses_the_data_unread(world, start, context, card, code, told):
    event = start(card)
    assert plan(event, context)["count"] == 0
    assert merge(event, context) == {"accepted": False}
    conclude({"run": event["run"], "outcome": "quarantined"}, context)
    run = world.ledger.run(event["run"]["id"])
    assert [problem["code"] for problem in run.step("validation").details["problems"]] == [code]
    assert told in "\n".join(run.reasons)
    assert run.next_command.startswith("perennial upload FILE --model flights --card CARD.yaml")
    assert world.ledger.dataset(run.dataset).accepted is False
    assert s3.read("data", f"quarantine/flights/{run.dataset}/jan.csv") == b"x"


def test_the_card_is_kept_with_the_data_and_named_by_its_digest(world, start, context):
    event = start(b'{"licence": "MIT", "collected": "2026-01-31", "retention_days": 365}', "jan.csv.card.json")
    plan(event, context)
    dataset = world.ledger.dataset(event["run"]["dataset"])
    kept = s3.read_json("data", f"datasets/flights/{dataset.id}/card.json")
    assert (kept["licence"], kept["collected"]) == ("MIT", "2026-01-31")
    assert kept["origin"].startswith("All flights that left New York City"), "the rest is the spec's"
    assert dataset.kept_until == date(2026, 1, 31) + timedelta(days=365)
    (edge,) = [edge for edge in world.ledger.edges(dataset.id) if edge.kind == "described_by"]
    assert edge.target == f"card:{dataset.card_digest}"


def test_two_cards_are_one_too_many(world, start, context):
    put(KEY + ".card.json", b"{}")
    event = start(b"licence: MIT\n")
    plan(event, context)
    merge(event, context)
    (problem,) = world.ledger.run(event["run"]["id"]).step("validation").details["problems"]
    assert problem["message"] == "there are two cards, jan.csv.card.yaml and jan.csv.card.json; one must go"


def test_a_card_that_is_no_page_is_not_read(world, start, context):
    event = start(b"#" * 70_000)
    plan(event, context)
    merge(event, context)
    assert "at most 65,536 are read" in "\n".join(world.ledger.run(event["run"]["id"]).step("validation").sentences)


def earlier(ledger: Ledger, own: str, days: int, kept: int) -> str:
    """An accepted dataset of so many days ago, to be kept for so many days from then on."""
    dataset = ledger.dataset(own)
    when = dataset.uploaded_at - timedelta(days=days)
    identity = f"ds-flights-{days:012x}"
    until = when.date() + timedelta(days=kept)
    changes = {"id": identity, "key": f"incoming/flights/{days}.csv", "uploaded_at": when, "kept_until": until}
    ledger.claim(dataset.model_copy(update={**changes, "accepted": True, "rows": 10, "state": "promoted"}))
    return identity


def test_data_whose_retention_has_ended_is_left_out_of_the_training(world, start):
    event = start()
    own = event["run"]["dataset"]
    fresh, old = earlier(world.ledger, own, days=10, kept=100), earlier(world.ledger, own, days=20, kept=5)
    window = preparation._window(open_task(RunReference.from_json(event["run"])))
    assert [dataset.id for dataset in window.datasets] == [fresh, own]
    assert [dataset.id for dataset in window.ended] == [old]
    assert list(preparation._left_out(window)) == [f"Left out, because their retention has ended: {old}."]


def test_what_would_not_have_been_in_the_window_anyway_is_not_said_to_be_left_out(world, start):
    event = start()
    own = event["run"]["dataset"]
    for days in (10, 20, 30):
        earlier(world.ledger, own, days=days, kept=1000)
    earlier(world.ledger, own, days=40, kept=5)
    window = preparation._window(open_task(RunReference.from_json(event["run"])))
    assert (len(window.datasets), window.ended) == (3, ())


def test_a_run_over_ended_data_alone_trains_nothing(world, start):
    event = start()
    world.ledger.change_dataset(event["run"]["dataset"], kept_until=date(2020, 1, 1))
    with pytest.raises(preparation.NothingToTrainOnError, match="next: perennial upload FILE"):
        preparation._window(open_task(RunReference.from_json(event["run"])))


def test_the_report_shows_the_card_that_came_with_the_data(world, start, context):
    event = start(b"licence: MIT\n")
    plan(event, context)
    report = report_data.of_run(world.platform, world.ledger, world.ledger.run(event["run"]["id"]))
    assert run_contents(report)["origin"]["card"]["licence"] == "MIT"
