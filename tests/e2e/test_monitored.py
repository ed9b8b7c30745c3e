"""The loop closes by itself: served requests, their truth, the scheduled look, a stale model, a run, a new champion.

Schedules fire by the cloud's own EventBridge Scheduler, an hour every six seconds. Functions know the time of day, so
the test makes the next look due: it deletes the record of the last one, as if the interval were over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clouds import own_cloud
from tests.e2e.conftest import Loop, until
from tests.e2e.data import ORDERS, as_csv, orders

pytestmark = pytest.mark.slow

SPEC = f"""{ORDERS}training: {{parameters: {{max_iter: 20}}, window: 1, update: amend}}
gate: {{metric: roc_auc, floors: {{roc_auc: 0.6}}}}
monitoring:
  every_hours: 1
  min_rows: 200
  windows: 1
  confirm: 1
  retraining: {{min_labels: 200, cooldown_hours: 0}}
"""
COLUMNS = ["order", "price", "gift", "returned"]


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """A cloud of its own, whose time runs 600 times as fast."""
    with own_cloud(tmp_path_factory.mktemp("monitored"), {"returns.yaml": SPEC}, speed=600) as cloud:
        yield cloud.loop


@pytest.fixture(scope="module")
def first(loop: Loop) -> dict[str, Any]:
    """The run of the upload that made the first champion."""
    loop.put("returns/first.csv", as_csv(orders(0, 1500, 1)[COLUMNS]))
    run = loop.ended("returns", "returns/first.csv")
    assert run["state"] == "promoted", run["reasons"]
    return run


@pytest.fixture(scope="module")
def look(loop: Loop, first: dict[str, Any]) -> dict[str, Any]:
    """The look that found the model stale: requests whose truth is the opposite of what was learned."""
    asked = orders(10_000, 1000, 2)[COLUMNS]
    runtime = loop.client("sagemaker-runtime")
    for part in range(0, len(asked), 100):
        rows = json.loads(asked[part : part + 100].drop(columns="returned").to_json(orient="records"))
        body = json.dumps({"rows": rows})
        runtime.invoke_endpoint(EndpointName="perennial-returns", ContentType="application/json", Body=body)
    truth = Path(loop.checkout) / "truth.csv"
    truth.write_bytes(as_csv(asked.assign(returned=~asked["returned"])[["order", "returned"]]))
    done = loop.perennial("truth", str(truth), "--model", "returns", "--wait", "--json")
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["labels"] == 1000
    found: dict[str, Any] = until(lambda: stale_look(loop), 120, "a scheduled look that finds the model stale")
    return found


def stale_look(loop: Loop) -> dict[str, Any] | None:
    """The newest look, if it found the model stale; otherwise it is deleted, so that the next one is due."""
    for record in loop.records("returns", "watch"):
        if record["verdict"] == "stale":
            return record
        key = {"pk": {"S": "model#returns"}, "sk": {"S": "watch"}}
        loop.client("dynamodb").delete_item(TableName=loop.names["ledger_table"], Key=key)
    return None


@pytest.fixture(scope="module")
def retrained(loop: Loop, look: dict[str, Any]) -> dict[str, Any]:
    """The run that the look began."""
    found: dict[str, Any] = until(lambda: served_run(loop), 120, "the run on the labelled requests")
    return found


def served_run(loop: Loop) -> dict[str, Any] | None:
    """The run of the dataset that was made from requests, once it has ended."""
    served = {each["id"] for each in loop.records("returns", "dataset#") if "/served-" in each["key"]}
    runs = [run for run in loop.records("returns", "run#") if run["dataset"] in served]
    return next((run for run in runs if run["state"] not in ("pending", "running")), None)


def test_the_schedule_looks_and_finds_the_model_stale(first: dict[str, Any], look: dict[str, Any]) -> None:
    assert look["version"] == first["version"]
    assert 200 <= look["rows"] == look["labelled"] <= 1000, "a look sees what was tabulated by then"
    reasons = {reason["subject"] for reason in look["reasons"] if reason["state"] == "stale"}
    assert "roc_auc" in reasons, look["sentences"]


def test_a_run_begins_by_itself_and_its_candidate_is_promoted(
    loop: Loop, first: dict[str, Any], retrained: dict[str, Any]
) -> None:
    assert retrained["state"] == "promoted", retrained["reasons"]
    assert retrained["steps"][0]["name"] == "retraining"
    (candidates,) = [step for step in retrained["steps"] if step["name"] == "candidates"]
    assert candidates["details"]["taken"] in ("full", "amended"), "both were judged in the job"
    (champion,) = loop.records("returns", "champion")
    assert (champion["version"], champion["previous"]) == (retrained["version"], first["version"])
    decisions = loop.records("returns", "retraining#")
    assert [each["action"] for each in decisions if each.get("run") == retrained["id"]] == ["train"]


def test_the_new_version_knows_the_requests_and_truths_it_learned(
    loop: Loop, first: dict[str, Any], retrained: dict[str, Any]
) -> None:
    done = loop.perennial("lineage", retrained["version"], "--json")
    assert done.returncode == 0, done.stderr.decode()
    kinds: dict[str, set[str]] = {}
    collect(json.loads(done.stdout), kinds)
    assert kinds["trained_on"] >= {retrained["dataset"]}
    assert kinds["answered_by"] == {first["version"]}
    assert len(kinds["labelled_by"]) == 1


def collect(node: Any, kinds: dict[str, set[str]]) -> None:
    """Adds the ids of a document's nodes to the kinds of the edges that lead to them."""
    if isinstance(node, dict):
        if "kind" in node and "id" in node:
            kinds.setdefault(node["kind"], set()).add(node["id"])
        for value in node.values():
            collect(value, kinds)
    elif isinstance(node, list):
        for value in node:
            collect(value, kinds)
