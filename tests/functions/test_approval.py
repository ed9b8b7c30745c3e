"""A run that waits for an approval: the token is stored and never shown, the lease is held, answers are recorded."""

import io
import json
import tarfile
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from cloud import executions, identities, lease, report_data, s3
from functions import FunctionError
from functions.approval import record_approval, request_approval
from functions.cleanup import handler as clean_up
from functions.conclusion import handler as conclude
from functions.dispatch.handler import handler as dispatch
from functions.gate import handler as judge
from perennial.approval import (
    ANSWERED,
    NOT_BY_UPLOADER,
    REQUESTED,
    UPLOADER_ALLOWED,
    UPLOADER_UNKNOWN,
    Answer,
    notice,
    waits_until,
)
from perennial.reports import run_contents

TOKEN = "AQCkAAAAKgAAAAMAAAAAAAAAAW-the-token"
ME, MY_ID = "arn:aws:sts::123456789012:user/moto", "AKIAIOSFODNN7EXAMPLE"  # as moto's STS names everybody


@pytest.fixture
def send(world, context):
    def send(*bodies: dict) -> None:
        records = [
            {"messageId": str(n), "body": json.dumps(body), "eventSource": "aws:sqs"} for n, body in enumerate(bodies)
        ]
        assert not dispatch({"Records": records}, context)["batchItemFailures"]

    return send


@pytest.fixture
def run(world, send):
    """The run of an upload, as a state's input names it."""
    item = {"key": "incoming/flights/jan.csv", "version-id": "v1", "size": 9}
    send({"detail": {"bucket": {"name": "data"}, "object": item}, "time": "2026-01-01T00:00:00Z"})
    (run,) = world.executions()
    return run


@pytest.fixture
def asked(world, run, context):
    """The same run, as it waits."""
    assert request_approval({"run": run, "token": TOKEN, "seconds": 72 * 3600}, context) == {}
    return run


def test_while_it_waits_the_run_says_until_when_and_nobody_overtakes_it(world, asked):
    until = waits_until(world.ledger.run(asked["id"]))
    assert until is not None
    assert timedelta(hours=71) < until - datetime.now(UTC) < timedelta(hours=73)
    assert lease.holder(world.ledger, "flights", until) == asked["id"]
    assert executions.find_token(world.ledger, world.ledger.run(asked["id"])) == TOKEN


def test_people_are_told_once_with_the_commands_that_answer(world, asked, send):
    messages = world.messages()
    send(*messages, *messages)
    assert [(one["action"], one["subject"]) for one in messages] == [("request_approval", asked["id"])]
    assert world.notices() == [f"flights: waits for approval ({asked['id']})"]


def test_nobody_is_told_of_a_run_that_waits_no_longer(world, asked, send, context):
    conclude({"run": asked, "outcome": "refused"}, context)
    send(*world.messages())
    assert not [subject for subject in world.notices() if "waits" in subject]


def test_the_token_is_in_no_record_notice_or_log(world, asked, send, context, capfd, caplog):
    send(*world.messages())
    record_approval({"run": asked, "answer": {"approved": True}}, context)
    run = world.ledger.run(asked["id"])
    answer = boto3.client("sqs").receive_message(QueueUrl=world.inbox, MaxNumberOfMessages=10)
    seen = run.model_dump_json() + json.dumps(answer["Messages"]) + "".join(capfd.readouterr()) + caplog.text
    assert TOKEN not in seen


def proven(run: dict, **given: object) -> dict:
    """An answer as the command sends it; on moto STS names everybody so, and verifies no signature."""
    answer = Answer.read(given)
    return given | {"proof": identities.prove(answer.statement("perennial", run["id"]))}


UNSIGNED = "the answer bears no signature of its sender"


@pytest.mark.parametrize(
    ("given", "approved", "told"),
    [
        ({"approved": True, "why": "it is\n good"}, True, f"Approved by {ME}: it is good."),
        ({"approved": True}, True, f"Approved by {ME}, without a reason."),
        ({"approved": True, "by": "arn:aws:iam::123456789012:user/boss"}, True, f"Approved by {ME}, without a reason."),
        ({"approved": False, "why": "too few rows."}, False, f"Rejected by {ME}: too few rows."),
        ({"approved": "true"}, False, f"Rejected by {ME}: the answer was malformed."),
    ],
)
def test_the_record_says_who_answered_as_sts_names_them_and_why(world, asked, context, given, approved, told):
    assert record_approval({"run": asked, "answer": proven(asked, **given)}, context) == {"approved": approved}
    step = world.ledger.run(asked["id"]).step(ANSWERED)
    assert step.sentences == ((told, UPLOADER_UNKNOWN) if approved else (told,))
    assert step.details["by"] == ME


def upload_as(world, asked: dict, who: str) -> None:
    """Lets a principal have uploaded the run's dataset."""
    world.ledger.change_dataset(asked["dataset"], uploader=who)


def allow(asked: dict) -> None:
    """Lets the spec of a run allow uploaders to approve."""
    spec = s3.read_json(asked["spec"]["bucket"], asked["spec"]["key"])
    spec["gate"] = spec.get("gate", {}) | {"approval": {"ask": "always", "uploader_may_approve": True}}
    body = json.dumps(spec).encode()
    boto3.client("s3").put_object(Bucket=asked["spec"]["bucket"], Key=asked["spec"]["key"], Body=body)


def test_who_uploaded_may_not_approve_and_is_told_what_to_do_next(world, asked, context):
    upload_as(world, asked, MY_ID)
    answer = proven(asked, approved=True, why="it is good")
    assert record_approval({"run": asked, "answer": answer}, context) == {"approved": False}
    told = world.ledger.run(asked["id"]).step(ANSWERED).sentences
    reason = "an approval that does not count, because the same principal uploaded the dataset (it is good)"
    assert told[0] == f"Rejected by {ME}: {reason}."
    assert told[1].endswith("next: perennial retrain flights --why TEXT")
    conclude({"run": asked, "outcome": "refused"}, context)
    assert told[0] in world.ledger.run(asked["id"]).reasons


def test_who_uploaded_may_reject(world, asked, context):
    upload_as(world, asked, MY_ID)
    record_approval({"run": asked, "answer": proven(asked, approved=False, why="no")}, context)
    assert world.ledger.run(asked["id"]).step(ANSWERED).sentences == (f"Rejected by {ME}: no.",)


@pytest.mark.parametrize("who", ["AIDAJDPLRKLG7UEXAMPLE", f"{MY_ID}:session", "AROAJDPLRKLG7UEXAMPLE:moto"])
def test_another_principal_may_approve(world, asked, context, who):
    upload_as(world, asked, who)
    assert record_approval({"run": asked, "answer": proven(asked, approved=True)}, context) == {"approved": True}
    told = world.ledger.run(asked["id"]).step(ANSWERED).sentences
    assert told == (f"Approved by {ME}, without a reason.",)


def test_a_spec_may_let_uploaders_approve_and_the_record_says_so(world, asked, context):
    upload_as(world, asked, MY_ID)
    allow(asked)
    assert record_approval({"run": asked, "answer": proven(asked, approved=True)}, context) == {"approved": True}
    assert world.ledger.run(asked["id"]).step(ANSWERED).sentences[1] == UPLOADER_ALLOWED


def test_people_are_told_that_the_uploader_may_not_approve_and_are_not_told_who_it_is(world, run, send, context):
    upload_as(world, run, MY_ID)
    request_approval({"run": run, "token": TOKEN, "seconds": 60}, context)
    asked = world.ledger.run(run["id"])
    assert asked.approval_not_by == MY_ID
    text = notice(asked).text
    assert NOT_BY_UPLOADER in text
    assert MY_ID not in text
    record_approval({"run": run, "answer": {"approved": False}}, context)
    assert world.ledger.run(run["id"]).approval_not_by == ""


def test_a_proof_of_another_run_or_another_answer_approves_nothing(world, asked, context):
    others = [
        proven(asked | {"id": "run-flights-000000000000"}, approved=True),
        proven(asked, approved=False, why="no"),
    ]
    for other in others:
        answer = {"approved": True, "proof": other["proof"]}
        assert record_approval({"run": asked, "answer": answer}, context) == {"approved": False}
        told = world.ledger.run(asked["id"]).step(ANSWERED).sentences
        reason = "an approval that does not count, because the signature is of another answer"
        assert told == (f"Rejected by an unknown person: {reason}.",)


@pytest.mark.parametrize(
    ("answer", "approved", "told"),
    [
        ({"approved": True, "by": "arn:a", "why": "it is\n good"}, False,
         f"Rejected by an unknown person: an approval that does not count, because {UNSIGNED} (it is good)."),
        ({"approved": False, "by": "arn:x", "why": "too few rows."}, False,
         "Rejected by an unknown person: too few rows."),
        ({"Error": "States.Timeout", "Cause": ""}, False, "Nobody answered in time, so the candidate is refused."),
        ({"approved": "true", "by": "arn:x"}, False, "Rejected by an unknown person: the answer was malformed."),
        ({}, False, "Rejected by an unknown person: the answer was malformed."),
        ("yes", False, "Rejected by an unknown person: the answer was malformed."),
        (None, False, "Rejected by an unknown person: the answer was malformed."),
    ],
)  # fmt: skip
def test_an_answer_that_nobody_signed_opens_no_gate(world, asked, context, answer, approved, told):
    assert record_approval({"run": asked, "answer": answer}, context) == {"approved": approved}
    run = world.ledger.run(asked["id"])
    step = run.step(ANSWERED)
    assert step.sentences == (told,)
    assert step.details["approved"] is approved
    assert datetime.fromisoformat(step.details["at"])
    assert waits_until(run) is None
    assert executions.find_token(world.ledger, run) is None


def test_a_refusal_by_a_person_is_the_reason_of_the_runs_end(world, asked, context):
    record_approval({"run": asked, "answer": proven(asked, approved=False, why="not before May")}, context)
    conclude({"run": asked, "outcome": "refused"}, context)
    assert world.ledger.run(asked["id"]).reasons[1] == f"Rejected by {ME}: not before May."


def test_a_run_that_is_stopped_while_it_waits_forgets_its_token_and_frees_the_model(world, asked, context):
    detail = {"name": asked["id"], "status": "ABORTED", "input": json.dumps({"run": asked})}
    conclude({"detail-type": "Step Functions Execution Status Change", "detail": detail}, context)
    cleanup = asked | {"token": asked["token"] + 1, "trigger": "cleanup"}
    assert clean_up({"run": cleanup}, context)["outcome"] == "done"
    conclude({"run": cleanup, "outcome": "stopped"}, context)
    run = world.ledger.run(asked["id"])
    assert (run.state, executions.find_token(world.ledger, run), waits_until(run)) == ("stopped", None, None)
    assert lease.holder(world.ledger, "flights", datetime.now(UTC)) is None


def test_a_run_that_is_asked_again_after_a_crash_waits_for_the_newer_token(world, asked, context):
    request_approval({"run": asked, "token": "newer", "seconds": 60}, context)
    run = world.ledger.run(asked["id"])
    assert executions.find_token(world.ledger, run) == "newer"
    assert len([step for step in run.steps if step.name == REQUESTED]) == 1


# the gate itself, when there is nothing to judge by


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
        for name, body in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            opened.addfile(member, io.BytesIO(body))
    return buffer.getvalue()


def put_output(run: dict, body: bytes) -> None:
    key = f"runs/{run['id']}/output/{run['id']}/output/output.tar.gz"
    boto3.client("s3").put_object(Bucket="models", Key=key, Body=body)


WHOLE = {"format": 2, "candidate": {"digest": "a" * 64}}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (None, "the training job left no output.tar.gz"),
        (b"not an archive", "is no readable tar.gz"),
        (archive({"other.json": b"{}"}), "holds no evaluation.json"),
        (archive({"evaluation.json": b"{"}), "is not JSON"),
        (archive({"evaluation.json": b"[" * 100_000}), "is not JSON"),
        (archive({"evaluation.json": b"[]"}), "does not say which candidate"),
        (archive({"evaluation.json": b'{"candidate": {"digest": 3}}'}), "does not say which candidate"),
        (archive({"evaluation.json": json.dumps(WHOLE | {"x": float("nan")}).encode()}), "not numbers"),
    ],
)
def test_an_evaluation_that_is_missing_or_absurd_refuses_the_candidate_with_the_reason(world, run, context, body, told):
    if body is not None:
        put_output(run, body)
    assert judge({"run": run}, context)["outcome"] == "refuse"
    decision = s3.read_json("models", f"runs/{run['id']}/decision.json")
    assert decision["outcome"] == "refuse"
    assert told in decision["sentence"]
    conclude({"run": run, "outcome": "refused"}, context)
    ended = world.ledger.run(run["id"])
    assert ended.state == "refused"
    assert told in ended.reasons[1]


def test_a_gate_that_breaks_refuses_the_candidate_and_says_so(world, run, context, monkeypatch):
    def breaks(*_):
        raise ZeroDivisionError("in a check")

    monkeypatch.setattr("functions.gate.decide", breaks)
    put_output(run, archive({"evaluation.json": json.dumps(WHOLE).encode()}))
    assert judge({"run": run}, context)["outcome"] == "refuse"
    step = world.ledger.run(run["id"]).step("gate")
    assert "the gate itself broke: ZeroDivisionError at " in step.sentences[0]
    assert "in a check" not in step.sentences[0], "the message of a library may hold values"


def test_a_cloud_that_does_not_answer_is_no_verdict(world, run, context, monkeypatch):
    """It fails the run, which keeps the champion too; then it can be run again."""
    monkeypatch.setattr("functions.gate.archives.read_json", lambda *_: (_ for _ in ()).throw(ConnectionError()))
    with pytest.raises(FunctionError, match="ConnectionError at "):
        judge({"run": run}, context)


def test_the_record_keeps_names_and_what_was_decided_but_no_metrics(world, run, context, monkeypatch):
    from perennial.gate.decision import Check, Decision

    checks = tuple(
        Check(f"slice:{n}", 0.1, 0.2, 0.0, 0.3, "failed" if n == 250 else "passed", f"slice {n} " + "x" * 300)
        for n in range(300)
    )
    monkeypatch.setattr("functions.gate.decide", lambda *_: Decision("refuse", checks, "Refused by 1 of 300 checks."))
    put_output(run, archive({"evaluation.json": json.dumps(WHOLE).encode()}))
    judge({"run": run}, context)
    step = world.ledger.run(run["id"]).step("gate")
    assert step.sentences[1].startswith("slice 250"), "what decided comes first"
    assert step.sentences[-1] == "260 more checks are in decision.json."
    assert len(step.model_dump_json()) < 40_000
    assert len(s3.read_json("models", f"runs/{run['id']}/decision.json")["checks"]) == 300


def test_the_report_says_what_the_person_said(world, asked, context):
    record_approval({"run": asked, "answer": proven(asked, approved=False, why="<b>not</b> before May")}, context)
    conclude({"run": asked, "outcome": "refused"}, context)
    report = report_data.of_run(world.platform, world.ledger, world.ledger.run(asked["id"]))
    assert run_contents(report)["decision"]["reasons"] == [f"Rejected by {ME}: <b>not</b> before May."]
