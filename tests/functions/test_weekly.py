"""The weekly notice goes out once a week, tells every model, and names what waits for a person with the command."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from cloud import retrainings
from functions import weekly
from functions.dispatch import handler as dispatch
from perennial.records import Champion, Run
from perennial.retraining_records import RetrainingDecision

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
VERSION = "flights@ba9876543210"


@pytest.fixture
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "utc_now", lambda: NOW)


@pytest.fixture
def send(world, context, monday):
    """Calls the function; gives its answer, and the subject, text and severity of the notice or None."""

    def send() -> tuple[dict, tuple[str, str, str] | None]:
        answer = weekly.handler({}, context)
        found = boto3.client("sqs").receive_message(QueueUrl=world.inbox).get("Messages", [])
        if not found:
            return answer, None
        body = json.loads(found[0]["Body"])
        boto3.client("sqs").delete_message(QueueUrl=world.inbox, ReceiptHandle=found[0]["ReceiptHandle"])
        return answer, (body["Subject"], body["Message"], body["MessageAttributes"]["severity"]["Value"])

    return send


def run(identity: str, state: str, days_ago: float, **more: object) -> Run:
    begun = NOW - timedelta(days=days_ago)
    ended = None if state == "running" else begun + timedelta(hours=2)
    return Run(
        id=identity, model="flights", dataset="", trigger="upload", spec_digest="5" * 64, token=1, state=state,
        started_at=begun, ended_at=ended, training_job=f"{identity}-job", **more,
    )  # fmt: skip


def promote(world) -> None:
    champion = Champion(model="flights", version=VERSION, run="run-1", token=1, since=NOW - timedelta(days=21))
    world.ledger.table.put_item(Item={"pk": "model#flights", "sk": "champion", "record": champion.model_dump_json()})
    look = {
        "version": VERSION,
        "verdict": "stale",
        "metrics": [
            {"name": "roc_auc", "live": {"value": 0.61}, "promised": {"value": 0.7}},
            {"name": "value", "live": {"value": 0.5}, "promised": {"value": 1.2}},
        ],
        "staleness": {"since": "2026-11-02T07:00:00+00:00", "settled": 120.0, "windows": {}},
    }
    world.ledger.put_monitoring("flights", NOW - timedelta(hours=3), look)


def test_models_without_anything_are_told_with_the_next_command(send):
    answer, told = send()
    assert answer == {"sent": True}
    subject, text, severity = told
    assert (subject, severity) == ("weekly: 2 models, 0 matters for a person", "info")
    assert "flights: no champion; next: perennial upload FILE --model flights" in text


def test_a_model_is_told_with_its_verdict_metrics_runs_and_money(world, send):
    promote(world)
    for each in (run("run-flights-1", "promoted", 21), run("run-flights-2", "refused", 2)):
        world.ledger.open_run(each)
    _, (_, text, _) = send()
    assert f"flights: stale; {VERSION} serves for 21 days" in text
    assert "roc_auc: 0.610, promised 0.700; value per prediction: 0.500 USD, promised 1.200" in text
    assert "lost by staleness since the last training: 120.00 USD" in text
    assert "1 run: 1 refused; instances at most 0.23 USD" in text  # two hours; the older run is of another week
    assert "https://console.aws.amazon.com/s3/object/models?region=us-east-1&prefix=reports/flights/index.html" in text
    assert "next: perennial monitor flights" in text
    assert text.endswith("next: perennial site")


def test_what_waits_for_a_person_comes_first_and_makes_a_warning(world, send):
    promote(world)
    waiting = run("run-flights-3", "running", 1, approval_until=NOW + timedelta(days=2))
    world.ledger.open_run(waiting)
    asked = RetrainingDecision(
        model="flights", action="ask", rule="asked", sentences=("3 candidates in a row were refused.",), at=NOW,
        last_at=NOW,
    )  # fmt: skip
    retrainings.put_decision(world.ledger, asked)
    _, (subject, text, severity) = send()
    assert (subject, severity) == ("weekly: 2 models, 2 matters for a person", "warning")
    head = text.split("flights: stale")[0]
    assert "next: perennial approve run-flights-3" in head
    assert "3 candidates in a row were refused. next: perennial monitor flights --resume --why TEXT" in head


def test_a_week_has_one_notice_and_the_next_week_another(world, send, monkeypatch):
    assert send()[1] is not None
    assert send() == ({"sent": False}, None)
    monkeypatch.setattr(dispatch, "utc_now", lambda: NOW + timedelta(days=7))
    assert send()[1] is not None


def test_a_model_that_cannot_be_read_is_named_and_hides_no_other(world, send):
    world.ledger.table.put_item(Item={"pk": "model#airtime", "sk": "champion", "record": "{"})
    answer, (_, text, severity) = send()
    assert answer == {"sent": True}
    assert "airtime: its spec or its records could not be read; next: perennial runs --model airtime" in text
    assert "flights: no champion" in text
    assert severity == "warning"
