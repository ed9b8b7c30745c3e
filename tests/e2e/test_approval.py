"""Approvals end to end: the required card of the data, and the approval of a release."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cloud import identities
from cloud.platform import client
from perennial.approval import Answer
from tests.e2e.conftest import ROOT, Loop, until
from tests.e2e.data import as_csv, orders

pytestmark = pytest.mark.slow

COLUMNS = ["order", "price", "returned"]
CARD = {"origin": "made for the tests", "licence": "CC0-1.0"}


def table(seed: int, count: int = 600) -> bytes:
    return as_csv(orders(1000 * seed, count, seed)[COLUMNS])


def waiting(loop: Loop, model: str, key: str) -> str:
    """The id of the run of an upload, as soon as it waits for a person."""

    def asked() -> str | None:
        run = loop.run_of(model, key)
        return run["id"] if run and any(step["name"] == "approval" for step in run["steps"]) else None

    loop.put(key, table(len(key)))
    found = until(asked, 60, f"the question of {key}")
    return str(found)


def token(loop: Loop, run: str) -> str | None:
    """The task token, which only AWS has."""
    model = run.split("-")[1]
    key = {"pk": {"S": f"model#{model}"}, "sk": {"S": f"token#{run}"}}
    item = loop.client("dynamodb").get_item(TableName=loop.names["ledger_table"], Key=key).get("Item")
    return item["token"]["S"] if item else None


def policy(loop: Loop, model: str) -> dict:
    """The permissions to answer for a model, as docs/approval.md lists them."""
    text = (ROOT / "docs" / "approval.md").read_text()
    block = text.split("```json\n", 1)[1].split("```", 1)[0]
    account = loop.client("sts").get_caller_identity()["Account"]
    names = {"REGION": "us-east-1", "ACCOUNT": account, "LEDGER": loop.names["ledger_table"], "flights": model}
    for name, value in names.items():
        block = block.replace(name, value)
    return dict(json.loads(block))


@pytest.fixture(scope="module")
def approver(loop: Loop) -> Loop:
    """The same loop for another principal, who may do nothing but answer."""
    iam = loop.client("iam")
    iam.create_user(UserName="approver")
    document = json.dumps(policy(loop, "asks"))
    iam.put_user_policy(UserName="approver", PolicyName="answer", PolicyDocument=document)
    key = iam.create_access_key(UserName="approver")["AccessKey"]
    keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    return replace(loop, environment=loop.environment | keys | {"AWS_SESSION_TOKEN": ""})


@pytest.fixture(scope="module")
def approved(loop: Loop, approver: Loop) -> dict:
    """A run that waited, was approved, and has ended."""
    loop.notices()
    run = waiting(loop, "asks", "asks/a.csv")
    secret = token(loop, run)
    assert secret
    runs = loop.perennial("runs", "--model", "asks")
    explained = [loop.perennial("explain", run, *words) for words in ((), ("--all",), ("--json",))]
    notices = until(lambda: [subject for subject in loop.notices() if "waits" in subject], 20, "the notice")
    lease = loop.client("dynamodb").get_item(
        TableName=loop.names["ledger_table"], Key={"pk": {"S": "model#asks"}, "sk": {"S": "lease"}}
    )["Item"]
    loop.put("asks/later.csv", table(77))  # waits for the model, and is dealt with by the test that rejects
    own = loop.perennial("approve", run, "--why", "it is mine")
    answered = approver.perennial("approve", run, "--why", "checked by hand")
    again = loop.perennial("approve", run)
    shown = b"".join(done.stdout + done.stderr for done in (runs, *explained, own, answered, again))
    return {
        "run": loop.ended("asks", "asks/a.csv"),
        "shown": shown.decode(),
        "secret": secret,
        "explained": explained[0].stdout.decode(),
        "notices": notices,
        "own": own,
        "answered": answered,
        "again": again,
        "lease": lease,
    }


def test_a_run_that_waits_says_so_tells_people_and_holds_its_model(approved):
    run = approved["run"]["id"]
    assert f"{run}: waits for approval until " in approved["explained"]
    assert f"next: perennial approve {run}" in approved["explained"]
    assert approved["notices"] == [f"asks: waits for approval ({run})"]
    assert approved["lease"]["holder"]["S"] == run
    asked = next(step for step in approved["run"]["steps"] if step["name"] == "approval")
    assert approved["lease"]["expires_at"]["S"] > asked["details"]["until"]


def test_an_approved_candidate_serves_and_the_record_says_who_and_why(loop, approved):
    assert approved["answered"].returncode == 0, approved["answered"].stderr
    run = approved["run"]
    assert run["state"] == "promoted", run["reasons"]
    answer = next(step for step in run["steps"] if step["name"] == "answer")
    assert answer["details"]["by"].endswith(":user/approver")
    assert answer["details"]["why"] == "checked by hand"
    assert any("Approved by arn:aws:" in reason for reason in run["reasons"])
    (champion,) = loop.records("asks", "champion")
    assert champion["version"] == run["version"]


def test_who_uploaded_is_known_by_the_id_that_sts_answers_and_may_not_approve(loop, approved):
    (dataset,) = [one for one in loop.records("asks", "dataset#") if one["key"] == "incoming/asks/a.csv"]
    assert dataset["uploader"] == loop.client("sts").get_caller_identity()["UserId"]
    assert approved["own"].returncode == 1
    told = approved["own"].stderr.decode()
    assert "Who uploaded the dataset may not approve; another principal may." in told
    assert "next: perennial approve" in told


def test_a_second_answer_is_one_sentence(loop, approved):
    assert approved["again"].returncode == 1
    assert b"Traceback" not in approved["again"].stderr
    late = loop.perennial("reject", approved["run"]["id"], "--why", "too late")
    assert late.returncode == 1
    assert b"has ended (promoted) and does not wait for approval" in late.stderr


def test_the_token_is_shown_nowhere_and_forgotten(loop, approved):
    assert approved["secret"] not in approved["shown"]
    assert approved["secret"] not in json.dumps(approved["run"])
    assert token(loop, approved["run"]["id"]) is None
    logs = loop.client("logs")
    names = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    events = [event for name in names for event in logs.filter_log_events(logGroupName=name)["events"]]
    assert any(approved["run"]["id"] in event["message"] for event in events), "there are logs to look at"
    assert not [event for event in events if approved["secret"] in event["message"]]


def test_a_rejected_candidate_does_not_serve(loop, approved):
    def asked() -> str | None:
        run = loop.run_of("asks", "asks/later.csv")
        return run["id"] if run and any(step["name"] == "approval" for step in run["steps"]) else None

    run = until(asked, 60, "the question of the upload that waited")
    done = loop.perennial("reject", run, "--why", "not before May")
    assert done.returncode == 0, done.stderr
    ended = loop.ended("asks", "asks/later.csv")
    assert ended["state"] == "refused"
    assert ended["reasons"][1].startswith("Rejected by arn:aws:")
    assert ended["reasons"][1].endswith(": not before May.")
    assert loop.records("asks", "champion")[0]["version"] == approved["run"]["version"]


def test_an_approval_by_who_uploaded_that_passes_the_command_is_a_rejection(loop, approved, monkeypatch):
    run = waiting(loop, "asks", "asks/own.csv")
    for name, value in loop.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    client.cache_clear()
    sent = Answer(approved=True, why="it is mine")
    proof = identities.prove(sent.statement("perennial", run))
    client.cache_clear()
    output = json.dumps(sent.as_dict() | {"proof": proof})
    loop.client("stepfunctions").send_task_success(taskToken=token(loop, run), output=output)
    ended = loop.ended("asks", "asks/own.csv")
    assert ended["state"] == "refused"
    assert "does not count, because the same principal uploaded the dataset" in ended["reasons"][1]
    assert any(reason.endswith("next: perennial retrain asks --why TEXT") for reason in ended["reasons"])
    assert loop.records("asks", "champion")[0]["version"] == approved["run"]["version"]


def test_a_run_that_is_stopped_while_it_waits_frees_the_model(loop, approved):
    run = waiting(loop, "asks", "asks/stopped.csv")
    execution = loop.names["state_machine"].replace(":stateMachine:", ":execution:") + ":" + run
    loop.client("stepfunctions").stop_execution(executionArn=execution)
    assert loop.ended("asks", "asks/stopped.csv")["state"] == "stopped"
    until(lambda: token(loop, run) is None, 20, "the end of the token")
    late = loop.perennial("approve", run)
    assert late.returncode == 1
    assert b"has ended (stopped)" in late.stderr


def test_silence_is_a_no(loop):
    began = time.monotonic()
    loop.put("silent/a.csv", table(5))
    ended = loop.ended("silent", "silent/a.csv")
    assert ended["state"] == "refused"
    assert ended["reasons"][1] == "Nobody answered in time, so the candidate is refused."
    assert time.monotonic() - began >= 3
    assert loop.records("silent", "champion") == []
    assert loop.client("sagemaker").list_endpoints(NameContains="perennial-silent")["Endpoints"] == []


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({"licence": None}, "card-licence", "the card names no licence"),
        ({"personal_data": "customer numbers"}, "card-lawful-basis", "no ground on which it is used"),
        ({"collected": "2020-01-01", "retention_days": 30}, "card-retention", "which ended on 2020-01-31"),
    ],
)
def test_data_that_nobody_vouches_for_is_quarantined_unread(loop, change, code, told):
    loop.put(f"carded/{code}.csv.card.json", json.dumps(CARD | change).encode())
    loop.put(f"carded/{code}.csv", table(6))
    run = loop.ended("carded", f"carded/{code}.csv")
    assert run["state"] == "quarantined"
    assert told in "\n".join(run["reasons"])
    assert "--card CARD.yaml" in run["next_command"]
    assert [step["name"] for step in run["steps"]] == ["validation"]
    explained = loop.perennial("explain", run["id"]).stdout.decode()
    assert len(explained.splitlines()) <= 5
    assert told in explained


def test_a_card_that_comes_with_its_data_opens_the_way_and_is_in_the_lineage(loop, tmp_path: Path):
    path, card = tmp_path / "good.csv", tmp_path / "my.yaml"
    path.write_bytes(table(8))
    card.write_text("origin: the shop\nlicence: CC0-1.0\nterms: Tests alone.\n")
    done = loop.perennial("upload", str(path), "--model", "carded", "--card", str(card), "--wait", "--json")
    answer = json.loads(done.stdout)
    assert answer["outcome"] == "refused", "by the gate's floor, after a training"
    (dataset,) = [item for item in loop.records("carded", "dataset#") if item["id"] == answer["dataset"]]
    tree = loop.perennial("lineage", answer["dataset"]).stdout.decode()
    assert f"card:{dataset['card_digest'][:12]}" in tree
    assert "terms: Tests alone" in tree
