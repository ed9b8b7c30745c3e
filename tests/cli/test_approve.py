"""approve and reject: one answer, by the token in the ledger, which is never shown; any other case is a sentence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from cloud import executions, identities, platform
from cloud.ledger import Ledger
from perennial.approval import Answer
from perennial.environment import Environment
from perennial.records import Run, Step
from tests.cli.conftest import Perennial

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
RUN, TOKEN = "run-tiny-0123456789ab", "AQCk-the-token"
UNTIL = NOW + timedelta(days=3)
ASKED = Step(name="approval", at=NOW, sentences=("Asked.",))
ANSWERED = Step(name="answer", at=NOW, sentences=("Approved by arn:x: good.",), details={"approved": True})


@pytest.fixture
def cloud(checkout, ledger: Ledger) -> Ledger:
    spec = "name: tiny\nproblem: binary\ntarget: y\ncolumns: {x: {type: number}, y: {type: boolean}}\n"
    (checkout / "models" / "tiny.yaml").write_text(spec)
    boto3.client("s3").create_bucket(Bucket="models")
    names = {"models_bucket": "models", "ledger_table": "ledger"}
    boto3.client("ssm").put_parameter(Name=Environment().parameter, Value=json.dumps(names), Type="String")
    return ledger


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """The answers sent to Step Functions: moto beneath boto3 runs no state machine, so the client records them."""
    told: list[dict] = []
    states = platform.client("stepfunctions")
    monkeypatch.setattr(states, "send_task_success", lambda **request: told.append(request))
    return told


def open_run(ledger: Ledger, *steps: Step, state: str = "running", token: str | None = TOKEN, not_by: str = "") -> Run:
    run = Run(
        id=RUN, model="tiny", dataset="ds-tiny-0123456789ab", trigger="upload", spec_digest="5" * 64, token=7,
        state=state, started_at=NOW, steps=steps, approval_until=UNTIL if steps and steps[-1] is ASKED else None,
        approval_not_by=not_by,
    )  # fmt: skip
    ledger.open_run(run)
    if token:
        executions.keep_token(ledger, run, token, NOW + timedelta(days=3))
    return run


def test_an_approval_is_sent_with_who_and_why(perennial: Perennial, cloud: Ledger, sent: list[dict]) -> None:
    open_run(cloud, ASKED)
    result = perennial("approve", RUN, "--why", "looks good")
    assert result.exit_code == 0, result.output
    assert (
        result.stdout
        == f"{RUN}: approved; the release starts once AWS vouches for you\nnext: perennial explain {RUN}\n"
    )
    (request,) = sent
    answer = json.loads(request["output"])
    assert request["taskToken"] == TOKEN
    assert (answer["approved"], answer["why"]) == (True, "looks good")
    bound = Answer(True, why="looks good").statement("perennial", RUN)
    assert identities.proven(answer["proof"], bound).arn.startswith("arn:aws:sts::123456789012:")
    assert "by" not in answer


def test_an_approval_by_who_uploaded_is_not_sent_and_the_run_still_waits(
    perennial: Perennial, cloud: Ledger, sent: list[dict]
) -> None:
    mine = boto3.client("sts").get_caller_identity()["UserId"]
    open_run(cloud, ASKED, not_by=mine)
    result = perennial("approve", RUN, "--why", "looks good")
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Who uploaded the dataset may not approve" in result.stderr
    assert f"next: perennial approve {RUN}   # as another principal" in result.stderr
    assert sent == []
    assert perennial("reject", RUN, "--why", "no").exit_code == 0
    assert len(sent) == 1


def test_an_approval_by_another_than_who_uploaded_is_sent(
    perennial: Perennial, cloud: Ledger, sent: list[dict]
) -> None:
    open_run(cloud, ASKED, not_by="AIDAJDPLRKLG7UEXAMPLE")
    assert perennial("approve", RUN).exit_code == 0
    assert len(sent) == 1


def test_a_rejection_needs_a_reason(perennial: Perennial, cloud: Ledger, sent: list[dict]) -> None:
    open_run(cloud, ASKED)
    assert perennial("reject", RUN).exit_code == 2
    assert perennial("reject", RUN, "--why", " ").exit_code == 2
    assert sent == []
    told = json.loads(perennial("reject", RUN, "--why", "not before May", "--json").stdout)
    assert (told["run"], told["approved"], told["why"]) == (RUN, False, "not before May")


@pytest.mark.parametrize(
    ("steps", "state", "told"),
    [
        ((), "running", "is running and does not wait for approval"),
        ((ASKED, ANSWERED), "running", "was answered already: Approved by arn:x: good."),
        ((ASKED,), "failed", "has ended (failed) and does not wait for approval"),
    ],
)
@pytest.mark.parametrize("verb", [("approve", RUN), ("reject", RUN, "--why", "no")])
def test_an_answer_that_nobody_waits_for_is_one_sentence(
    verb: tuple[str, ...],
    steps: tuple[Step, ...],
    state: str,
    told: str,
    perennial: Perennial,
    cloud: Ledger,
    sent: list[dict],
) -> None:
    open_run(cloud, *steps, state=state)
    result = perennial(*verb)
    assert result.exit_code == 1
    assert told in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert sent == []


def test_an_answer_that_comes_too_late_is_one_sentence_without_the_token(
    perennial: Perennial, cloud: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_run(cloud, ASKED)
    states = platform.client("stepfunctions")

    def late(**_: str) -> None:
        response = {"Error": {"Code": "TaskTimedOut", "Message": f"Task Timed Out: '{TOKEN}'"}}
        raise states.exceptions.TaskTimedOut(response, "SendTaskSuccess")

    monkeypatch.setattr(states, "send_task_success", late)
    result = perennial("approve", RUN)
    assert result.exit_code == 1
    assert "was answered already, or its time is over" in result.stderr
    assert TOKEN not in result.output


def test_a_run_that_waits_is_listed_and_explained_as_waiting_and_shows_no_token(
    perennial: Perennial, cloud: Ledger
) -> None:
    open_run(cloud, ASKED)
    listed = perennial("runs").stdout
    assert "waiting" in listed
    assert f"waits for approval until 2026-11-24 08:00 UTC; next: perennial approve {RUN}" in listed
    for words in (("explain", RUN), ("explain", RUN, "--all"), ("explain", RUN, "--json"), ("runs", "--json")):
        shown = perennial(*words)
        assert shown.exit_code == 0, shown.output
        assert TOKEN not in shown.output
    assert "waits for approval until 2026-11-24 08:00 UTC" in perennial("explain", RUN).stdout
    assert json.loads(perennial("runs", "--json").stdout)[0]["waits_until"].startswith("2026-11-24")
