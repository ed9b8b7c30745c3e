"""Automatic retraining: decisions are recorded with their reasons, begin a run, or ask a person once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud import retrainings
from cloud.ledger import Ledger
from functions import conclusion, retraining
from functions import weekly as weekly_module
from functions.dispatch import handler as handler_module
from functions.dispatch.handler import handler as dispatch
from functions.dispatch.handler import specs
from functions.retraining import Model
from perennial.contract.lifecycle import Retraining
from perennial.identity import retrain_run_id
from perennial.records import Champion, DatasetVersion, ModelVersion, Run
from perennial.retraining_policy import Ruling
from perennial.retraining_records import Resumption

NOW = datetime(2026, 11, 27, 6, 0, tzinfo=UTC)
SPEC = specs()["flights"]
VERSION = "flights@ba9876543210"
CHAMPION = Champion(
    model="flights", version=VERSION, run="run-flights-ba9876543210", token=1, since=NOW - timedelta(days=50)
)


def dataset(days: int, rows: int = 900, accepted: bool = True) -> DatasetVersion:
    return DatasetVersion(
        id=f"ds-flights-{days:012x}", model="flights", name=f"{days}.csv", bucket="data",
        key=f"incoming/flights/{days}", version_id="v", size=1, uploaded_at=NOW - timedelta(days=days),
        sequencer=str(1000 - days), spec_digest="5" * 64, card_digest="c" * 64, state="unchanged", accepted=accepted,
        rows=rows,
    )  # fmt: skip


def run(days: int, state: Any = "refused", trigger: Any = "retrain", trained_on: tuple[str, ...] = ()) -> Run:
    began = NOW - timedelta(days=days)
    return Run(
        id=f"run-flights-{days:012x}", model="flights", dataset="ds-flights-000000000028", trigger=trigger,
        spec_digest="5" * 64, token=1, state=state, started_at=began, ended_at=began + timedelta(minutes=30),
        trained_on=trained_on,
    )  # fmt: skip


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    """A champion that was trained 50 days ago on the dataset of day 60; day 40 and day 30 are newer."""
    ledger.put_version(
        ModelVersion(
            id=VERSION, model="flights", digest="b" * 64, archive_key="a", archive_sha256="a" * 64, run=CHAMPION.run,
            datasets=(dataset(60).id,), profile_key="p", code_digest="d" * 64, spec_digest=SPEC.digest(),
            parameters={}, metrics={}, environment={}, created_at=NOW,
        )
    )  # fmt: skip
    ledger.table.put_item(Item={"pk": "model#flights", "sk": "champion", "record": CHAMPION.model_dump_json()})
    for each in (dataset(60), dataset(40), dataset(30), dataset(20, accepted=False)):
        ledger.claim(each)
    return ledger


def look(world: Any, spec: Any = SPEC, verdict: str = "stale", now: datetime = NOW, found: Any = None) -> Ruling:
    facts = retrainings.facts(world.ledger, spec, CHAMPION, verdict, now)
    return retraining.look(world.platform, world.ledger, Model(spec, CHAMPION, found), facts)


def test_labelled_rows_are_those_of_accepted_datasets_that_no_training_has_seen(ledger: Ledger) -> None:
    assert retrainings.facts(ledger, SPEC, CHAMPION, "stale", NOW).labelled == 1800
    ledger.open_run(run(5, trained_on=(dataset(30).id,)))
    assert retrainings.facts(ledger, SPEC, CHAMPION, "stale", NOW).labelled == 900


def test_the_price_of_a_run_is_that_of_the_instance_while_it_lasted(ledger: Ledger) -> None:
    ledger.open_run(run(5))
    (attempt,) = retrainings.facts(ledger, SPEC, CHAMPION, "stale", NOW).attempts
    assert attempt.price == pytest.approx(0.115 / 2)


def test_a_stale_model_begins_a_run_whose_first_step_is_the_decision(world: Any, context: Any) -> None:
    assert look(world).action == "train"
    (message,) = world.messages()
    (decision,) = retrainings.decisions(world.ledger, "flights")
    assert decision.run == retrain_run_id("flights", VERSION, message["occasion"])
    deliver(message, context)
    (started,) = world.executions()
    assert started["id"] == decision.run
    (step,) = world.ledger.run(decision.run).steps
    assert (step.name, step.sentences) == ("retraining", decision.sentences)
    assert look(world, now=NOW + timedelta(hours=1)).rule == "running"


def test_a_decision_that_lasts_is_one_record_with_its_looks(world: Any) -> None:
    for hour in range(5):
        look(world, verdict="fresh", now=NOW + timedelta(hours=hour))
    look(world, trained_by(world, retraining=Retraining(min_labels=5000)), now=NOW + timedelta(hours=5))
    newest, first = retrainings.decisions(world.ledger, "flights")
    assert (first.rule, first.looks, first.last_at) == ("not due", 5, NOW + timedelta(hours=4))
    assert (newest.rule, newest.looks) == ("labels", 1)
    assert newest.sentences[1] == "1,800 labelled rows are new; 5,000 are needed."
    assert world.messages() == []


def test_a_person_is_asked_once_and_their_word_lets_trainings_go_on(world: Any, context: Any) -> None:
    for days in (20, 15, 10):
        world.ledger.open_run(run(days))
    for hour in range(3):
        assert look(world, now=NOW + timedelta(hours=hour)).action == "ask"
    (message,) = world.messages()
    assert (message["action"], message["subject"]) == ("ask_about_retraining", run(10).id)
    deliver(message, context)
    deliver(message, context)
    assert world.notices() == ["flights: retraining stopped, look at it"]
    later = NOW + timedelta(hours=4)
    retrainings.resume(world.ledger, Resumption(model="flights", who="me", why="mended", at=later))
    assert look(world, now=later).action == "train"


def test_a_question_that_is_answered_meanwhile_is_not_sent(world: Any, context: Any) -> None:
    for days in (20, 15, 10):
        world.ledger.open_run(run(days))
    look(world)
    (message,) = world.messages()
    look(world, verdict="fresh", now=NOW + timedelta(hours=1))
    deliver(message, context)
    assert world.notices() == []


def test_retraining_that_is_off_is_recorded_as_such(world: Any) -> None:
    spec = trained_by(world, retrain=False)
    assert look(world, spec).rule == "off"
    assert world.messages() == []


def test_ninety_days_with_a_model_that_cannot_be_mended_are_three_runs_and_four_notices(
    world: Any, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real functions, once a day, with new labels each day; every candidate is refused, and nobody answers."""
    clock = [NOW]
    for module in (handler_module, conclusion):
        monkeypatch.setattr(module, "utc_now", lambda: clock[0])
    ended: set[str] = set()
    notices: list[str] = []
    for day in range(90):
        clock[0] = now = NOW + timedelta(days=day)
        newer = {"id": f"ds-flights-{1000 + day:012x}", "uploaded_at": now, "sequencer": f"{2000 + day}"}
        world.ledger.claim(dataset(30).model_copy(update=newer))
        look(world, now=now)
        while messages := world.messages():
            for message in messages:
                deliver(message, context)
            clock[0] = now + timedelta(minutes=30)
            for started in world.executions():
                if started["id"] not in ended:
                    conclusion.handler({"run": started, "outcome": "refused"}, context)
                    ended.add(started["id"])
        if now.isoweekday() == 1:
            weekly_module.handler({}, context)
        notices += world.notices()
    weekly = [subject for subject in notices if subject.startswith("weekly: ")]
    told = [subject for subject in notices if subject not in weekly]
    assert len(ended) == 3
    assert sum(each.price for each in retrainings.facts(world.ledger, SPEC, CHAMPION, "stale", NOW).attempts) < 0.2
    assert [": refused" in subject for subject in told] == [True, True, True, False]
    assert told[3] == "flights: retraining stopped, look at it"
    assert len(weekly) == 13
    assert weekly[-1] == "weekly: 2 models, 1 matter for a person"


def trained_by(world: Any, **changes: Any) -> Any:
    """A spec with another policy, by which the champion was trained, too: so that new rows alone are a reason."""
    spec = replace(SPEC, monitoring=replace(SPEC.monitoring, **changes))
    version = world.ledger.version(VERSION).model_copy(update={"spec_digest": spec.digest()})
    world.ledger.put_version(version)
    return spec


def deliver(message: dict[str, Any], context: Any) -> None:
    dispatch({"Records": [{"messageId": "1", "body": json.dumps(message), "eventSource": "aws:sqs"}]}, context)
