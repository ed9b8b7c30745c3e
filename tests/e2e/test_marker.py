"""Values of one person are looked for in every byte that the loop wrote: they lie only where docs/privacy.md says."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from perennial.forgetting import contents
from perennial.forgetting.places import BUCKETS, place_of, prefixes
from perennial.forgetting.subject import Subject
from perennial.forgetting.tracing import Tracer
from perennial.spec import load
from tests.e2e.conftest import MODELS, Loop, until
from tests.e2e.data import as_csv, orders

pytestmark = pytest.mark.slow

PERSON: dict[str, Any] = {"order": 77123456, "price": 913.4375, "shop": "Quirrelmannshop", "note": "Quirrelmannote"}
#: beside the data and the model, which hold rows: docs/privacy.md
ALLOWED = {
    "uploads", "accepted rows", "quarantined rows", "refused datasets", "results about datasets", "frozen grids",
    "keys that were compared", "archives of training jobs", "champions beside plans", "results of runs",
    "registered models", "captured traffic", "requests in tables",
}  # fmt: skip


@pytest.fixture(scope="module")
def written(loop: Loop) -> list[dict[str, Any]]:
    """The runs of three uploads with the person: accepted, with rows that break rules, refused. Requests, too."""
    loop.notices()
    table = orders(0, 1500, 5).drop(columns="weight").assign(note="plain")
    mine = {**PERSON, "gift": True, "returned": True}
    table.loc[len(table)] = mine
    broken = orders(5000, 1500, 6).drop(columns="weight").assign(note="plain").astype({"price": object})
    broken.loc[0] = {**mine, "order": PERSON["order"] + 1, "price": PERSON["note"]}
    refused = table.astype({"price": object})
    refused["price"] = PERSON["note"]
    runs = []
    for name, rows in (("sound", table), ("broken", broken), ("refused", refused)):
        loop.put(f"marked/{name}.csv", as_csv(rows))
        runs.append(loop.ended("marked", f"marked/{name}.csv"))
        if name == "sound":
            body = json.dumps({name: mine[name] for name in ("price", "shop", "gift")})
            for asked in (body, body.replace(str(PERSON["price"]), f'"{PERSON["note"]}"')):
                ask(loop, asked)
    return runs


def ask(loop: Loop, body: str) -> None:
    """A request, which may be refused. Its caller alone is told the value, which the caller has sent."""
    runtime = loop.client("sagemaker-runtime")
    with contextlib.suppress(runtime.exceptions.ModelError):
        runtime.invoke_endpoint(EndpointName="perennial-marked", ContentType="application/json", Body=body)


def tracer() -> Tracer:
    """A search for each value of the person apart from the others."""
    return Tracer(load(MODELS / "marked.yaml"), [Subject({name: value}) for name, value in PERSON.items()])


def test_the_values_lie_only_beside_the_data_and_the_model(loop: Loop, written: list[dict[str, Any]]) -> None:
    assert [run["state"] for run in written][::2] == ["promoted", "quarantined"], [run["reasons"] for run in written]
    until(lambda: reported(loop, written), 60, "the reports")
    search, found = tracer(), dict[str, list[str]]()
    for bucket, key, body in objects(loop):
        if contents.search(body, search):
            place = place_of(bucket, "marked", key)
            found.setdefault(place.name if place else "of no place", []).append(key)
    assert found.keys() - ALLOWED == set(), {name: found[name] for name in found.keys() - ALLOWED}
    assert {"uploads", "accepted rows", "refused datasets"} <= found.keys()  # the search finds what is there


def test_no_ledger_history_notice_or_log_has_a_value(loop: Loop, written: list[dict[str, Any]]) -> None:
    search = tracer()
    read = elsewhere(loop)
    told = {name: [text for text in texts if search.mentions(text)] for name, texts in read.items()}
    assert {name: texts for name, texts in told.items() if texts} == {}
    assert all(read.values()), {name: len(texts) for name, texts in read.items()}


def reported(loop: Loop, runs: list[dict[str, Any]]) -> bool:
    listed = loop.client("s3").list_objects_v2(Bucket=loop.names["models_bucket"], Prefix="reports/marked/")
    keys = [one["Key"] for one in listed.get("Contents", [])]
    return all(any(run["id"] in key for key in keys) for run in runs)


def objects(loop: Loop) -> Iterator[tuple[Any, str, bytes]]:
    """Every version of every object of the model, and of those that belong to no model."""
    s3 = loop.client("s3")
    for bucket in BUCKETS:
        name = loop.names[f"{bucket}_bucket"]
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for one in page.get("Versions", []):
                own = one["Key"].startswith(prefixes(bucket, "marked"))
                if own or one["Key"].count("/") < 2:
                    body = s3.get_object(Bucket=name, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
                    yield bucket, one["Key"], body


def elsewhere(loop: Loop) -> dict[str, list[str]]:
    """The texts of the ledger, of execution histories, of notices and of all logs."""
    ledger = loop.client("dynamodb").get_paginator("scan").paginate(TableName=loop.names["ledger_table"])
    machine, states = loop.names["state_machine"], loop.client("stepfunctions")
    executions = states.list_executions(stateMachineArn=machine, maxResults=1000)["executions"]
    marked = [one["executionArn"] for one in executions if "-marked-" in one["name"]]
    logs = loop.client("logs")
    groups = [group["logGroupName"] for page in logs.get_paginator("describe_log_groups").paginate()
              for group in page["logGroups"]]  # fmt: skip
    return {
        "ledger": [json.dumps(item, ensure_ascii=False) for page in ledger for item in page["Items"]],
        "histories": [
            json.dumps(states.get_execution_history(executionArn=arn, maxResults=1000), default=str) for arn in marked
        ],
        "notices": bodies(loop),
        "logs": [
            event["message"]
            for group in groups
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
            for event in page["events"]
        ],
    }


def bodies(loop: Loop) -> list[str]:
    """The notices that came since the tests of this module began."""
    sqs, found = loop.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=loop.inbox, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(message["Body"])
            sqs.delete_message(QueueUrl=loop.inbox, ReceiptHandle=message["ReceiptHandle"])
    return found
