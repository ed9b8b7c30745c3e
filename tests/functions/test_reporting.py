"""The reporting state writes a run's pages from its records in every state, and changes no outcome."""

from __future__ import annotations

import json
from datetime import timedelta

import boto3
import pytest

from functions.reporting import handler
from perennial.records import Champion
from tests.perennial.reports import cases

RUN = "run-loans-9be2410c77aa"
REFERENCE = "runs/run-loans-1f0c93ab27de/profile.json"
EVENT = {
    "run": {
        "id": RUN, "model": "loans", "dataset": "ds-loans-9be2410c77aa", "trigger": "upload", "token": 1,
        "spec": {"bucket": "models", "key": "specs/loans/s.json"},
    }
}  # fmt: skip


def put(bucket: str, key: str, value: object) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(value).encode())


@pytest.fixture
def write(world, context):
    """`write(outcome)`: the run as it ended and what it left; then the state. What lies under reports/ after it."""

    def run(outcome: str, version_of_serving: str = "loans@1f0c93ab27de") -> dict[str, bytes]:
        data = cases.data(outcome)
        ended = data.run
        world.ledger.open_run(ended.model_copy(update={"reference_profile": REFERENCE}))
        world.ledger.claim(data.dataset)
        if data.version:
            world.ledger.put_version(data.version)
            champion = Champion(model="loans", version=data.version.id, run=RUN, token=4, since=cases.MOMENT)
            item = {"pk": "model#loans", "sk": "champion", "record": champion.model_dump_json()}
            world.ledger.table.put_item(Item=item)
        put("models", f"specs/loans/{'5' * 64}.json", data.spec)
        folder = f"datasets/loans/{cases.DATASETS[-1]}/"
        for name, bucket, key in (
            ("verdict", "data", folder + "verdict.json"),
            ("drift", "data", folder + "drift.json"),
            ("evaluation", "models", f"runs/{RUN}/evaluation.json"),
            ("decision", "models", f"runs/{RUN}/decision.json"),
        ):
            if getattr(data, name) is not None:
                put(bucket, key, getattr(data, name))
        if data.profile and data.reference:
            put("data", folder + "profile.json", data.profile.as_dict())
            put("models", REFERENCE, data.reference.as_dict())
        assert handler(EVENT, context) == {"report": f"reports/loans/{RUN}.html"}
        s3 = boto3.client("s3")
        listed = s3.list_objects_v2(Bucket="models", Prefix="reports/")["Contents"]
        return {one["Key"]: s3.get_object(Bucket="models", Key=one["Key"])["Body"].read() for one in listed}

    return run


def test_a_promoted_run_leaves_its_report_a_card_and_the_pages_of_its_model(write):
    found = write("promoted")
    names = (RUN, "cards/9be2410c77aa", "index", "lineage", f"datasets/{cases.DATASETS[-1]}")
    pages = ["reports/index", *(f"reports/loans/{name}" for name in names)]
    data = [f"reports/loans/{name}" for name in ("glance.json", f"summaries/{RUN}.json")]
    assert sorted(found) == sorted([*(f"{one}.html" for one in pages), *(f"{one}.json" for one in pages), *data])
    (glance,) = json.loads(found["reports/index.json"])["models"]
    assert (glance["model"], glance["state"], glance["champion"]["version"]) == ("loans", "new", "loans@9be2410c77aa")
    report = json.loads(found[f"reports/loans/{RUN}.json"])
    assert report["decision"]["state"] == "promoted"
    assert {one["name"] for one in report["sections"]["drift"]["distributions"]} >= {"income", "region"}
    assert f'href="{RUN}.html"'.encode() in found["reports/loans/index.html"]
    assert b"loans@9be2410c77aa" in found["reports/loans/cards/9be2410c77aa.html"]


def test_pages_bear_their_content_type(write):
    write("promoted")
    s3 = boto3.client("s3")
    kinds = {
        end: s3.head_object(Bucket="models", Key=f"reports/loans/{RUN}.{end}")["ContentType"]
        for end in ("html", "json")
    }
    assert kinds == {"html": "text/html; charset=utf-8", "json": "application/json; charset=utf-8"}


@pytest.mark.parametrize("outcome", ["refused", "quarantined", "unchanged", "failed", "superseded"])
def test_every_other_outcome_leaves_a_report_and_no_card(write, outcome):
    found = write(outcome)
    assert json.loads(found[f"reports/loans/{RUN}.json"])["decision"]["state"] == outcome
    assert not [key for key in found if "/cards/" in key]
    assert json.loads(found["reports/loans/index.json"])["runs"][0]["reported"] is True


def test_the_report_says_what_the_objects_say_and_is_the_same_when_it_is_written_again(write, world, context):
    first = write("refused")
    handler(EVENT, context)
    again = boto3.client("s3").get_object(Bucket="models", Key=f"reports/loans/{RUN}.html")["Body"].read()
    assert again == first[f"reports/loans/{RUN}.html"]
    summary = json.loads(first[f"reports/loans/summaries/{RUN}.json"])
    assert summary["headline"]["candidate"]["value"] == 0.742
    assert summary["gap"] == {
        "measure": "true_positive_rate",
        "columns": ["sex"],
        "value": 0.114,
        "low": 0.064,
        "high": 0.164,
    }


def test_a_run_without_a_note_of_its_reference_is_compared_with_the_champion_before_it(write, world, context):
    write("promoted")
    before = cases.version().model_copy(update={"id": "loans@1f0c93ab27de", "profile_key": REFERENCE})
    world.ledger.put_version(before)
    champion = Champion(
        model="loans",
        version="loans@9be2410c77aa",
        run=RUN,
        token=4,
        since=cases.MOMENT + timedelta(1),
        previous=before.id,
    )
    world.ledger.table.put_item(Item={"pk": "model#loans", "sk": "champion", "record": champion.model_dump_json()})
    run = world.ledger.run(RUN)
    bare = run.model_copy(update={"reference_profile": ""})
    world.ledger.table.put_item(
        Item={"pk": "model#loans", "sk": f"run#{RUN}", "record": bare.model_dump_json(), "state": bare.state}
    )
    handler(EVENT, context)
    to_json = boto3.client("s3").get_object(Bucket="models", Key=f"reports/loans/{RUN}.json")["Body"].read()
    assert json.loads(to_json)["sections"]["drift"]["distributions"]
