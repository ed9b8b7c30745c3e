"""`perennial forget` on the embedded cloud, with its permissions: the person is nowhere, another model serves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perennial.forgetting import contents
from perennial.forgetting.subject import Subject
from perennial.forgetting.tracing import Tracer
from perennial.spec import load
from tests.e2e.conftest import MODELS, Loop, until
from tests.e2e.data import as_csv, orders
from tests.e2e.test_marker import ask, elsewhere, objects
from tests.signatures import verified

pytestmark = pytest.mark.slow

PERSON: dict[str, Any] = {"order": 88123456, "price": 777.4375, "shop": "Zebedeeshop", "note": "Zebedeenote"}
SUBJECT = f"order={PERSON['order']}"


def tracer() -> Tracer:
    """A search for each value of the person apart from the others."""
    return Tracer(load(MODELS / "marked.yaml"), [Subject({name: value}) for name, value in PERSON.items()])


def places(loop: Loop) -> set[str]:
    search = tracer()
    return {f"{bucket}/{key}" for bucket, key, body in objects(loop) if contents.search(body, search)}


@pytest.fixture(scope="module")
def forgotten(loop: Loop) -> dict[str, Any]:
    """The record of a forgetting of a person, of whom the champion learned."""
    table = orders(9000, 1500, 7).drop(columns="weight").assign(note="plain")
    table.loc[len(table)] = {**PERSON, "gift": True, "returned": True}
    loop.put("marked/person.csv", as_csv(table))
    run = loop.ended("marked", "marked/person.csv")
    assert run["state"] == "promoted", run["reasons"]
    ask(loop, json.dumps({"price": PERSON["price"], "shop": PERSON["shop"], "gift": True}))
    until(lambda: tabulated(loop), 60, "the person's request in a table of traffic")
    assert len(places(loop)) > 3
    told = loop.perennial("forget", "marked", "--subject", SUBJECT, "--yes", "--no-wait", "--json")
    assert told.returncode == 0, told.stderr
    begun = json.loads(told.stdout)
    record = until(lambda: ended(loop, begun["id"]), 180, "the end of the forgetting")
    return dict(record) | {"before": run["version"]}


def tabulated(loop: Loop) -> bool:
    loop.call("functions.tabulation")
    return any("tables/requests/marked/" in place for place in places(loop))


def ended(loop: Loop, identity: str) -> dict[str, Any] | None:
    found = next(one for one in loop.records("marked", "forgetting#") if one["id"] == identity)
    return found if found["outcome"] != "running" else None


def test_the_person_is_nowhere_and_another_model_serves(loop: Loop, forgotten: dict[str, Any]) -> None:
    assert forgotten["outcome"] == "forgotten", forgotten["reasons"]
    assert forgotten["learnt"] == [forgotten["before"]]
    assert places(loop) == set()
    search = tracer()
    told = {name: [text for text in texts if search.mentions(text)] for name, texts in elsewhere(loop).items()}
    assert {name: texts for name, texts in told.items() if texts} == {}
    (champion,) = loop.records("marked", "champion")
    assert champion["version"] != forgotten["before"]
    assert champion["previous"] is None
    lineage = loop.perennial("lineage", "marked", "--subject", SUBJECT)
    assert b"no model version was trained on them" in lineage.stdout


def test_others_verify_the_receipt(loop: Loop, forgotten: dict[str, Any]) -> None:
    told = loop.perennial("forget", "marked", "--receipt", forgotten["id"], "--json")
    assert told.returncode == 0, told.stderr
    files = json.loads(told.stdout)
    assert verified(*(loop.checkout / files[name] for name in ("public_key", "signature", "receipt")))
    receipt = json.loads((loop.checkout / files["receipt"]).read_text())
    assert (receipt["left"], receipt["learnt"][0]["version"]) == (0, forgotten["before"])
