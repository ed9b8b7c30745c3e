"""lambda:invoke.waitForTaskToken: a state that waits for the answer to its token, as on AWS."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded.conftest import eventually
from tests.embedded.stepfunctions.conftest import Lab


@pytest.fixture
def mailbox(tmp_path: Path) -> Path:
    return tmp_path / "token"


def asking(lab: Lab, mailbox: Path, function: str = "ask", **members: Any) -> dict[str, Any]:
    """A state that asks, and takes its timeout from the input; what ends it otherwise is caught."""
    payload = {"token.$": "$$.Task.Token", "file": str(mailbox)}
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": lab.arns[function], "Payload": payload},
        "TimeoutSecondsPath": "$.seconds",
        "ResultPath": "$.answer",
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.answer", "Next": "Caught"}],
        "End": True,
    }
    return {"Ask": ask | members, "Caught": {"Type": "Pass", "End": True}}


def ask(lab: Lab, mailbox: Path, seconds: int = 60) -> tuple[str, str]:
    """An execution that waits, and its token."""
    execution = lab.start(lab.machine(asking(lab, mailbox)), {"seconds": seconds})
    eventually(mailbox.exists)
    return execution, mailbox.read_text()


def code(lab: Lab, **answer: str) -> str:
    with pytest.raises(ClientError) as caught:
        lab.states.send_task_success(**answer)
    return str(caught.value.response["Error"]["Code"])


def test_the_answer_is_the_tasks_result(lab: Lab, mailbox: Path) -> None:
    execution, token = ask(lab, mailbox)
    assert lab.states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    lab.states.send_task_success(taskToken=token, output=json.dumps({"approved": True}))
    ended = lab.ended(execution)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert json.loads(ended["output"])["answer"] == {"approved": True}
    assert lab.events(execution)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_failure_is_an_error_with_its_cause(lab: Lab, mailbox: Path) -> None:
    execution, token = ask(lab, mailbox)
    lab.states.send_task_failure(taskToken=token, error="No", cause="because")
    assert json.loads(lab.ended(execution)["output"])["answer"] == {"Error": "No", "Cause": "because"}


def test_a_token_takes_one_answer(lab: Lab, mailbox: Path) -> None:
    execution, token = ask(lab, mailbox)
    lab.states.send_task_success(taskToken=token, output="1")
    assert code(lab, taskToken=token, output="2") == "TaskTimedOut"
    assert json.loads(lab.ended(execution)["output"])["answer"] == 1
    assert code(lab, taskToken=token, output="3") == "TaskTimedOut"


def test_of_many_answers_at_once_one_is_taken(lab: Lab, mailbox: Path) -> None:
    execution, token = ask(lab, mailbox)
    taken: list[int] = []

    def send(number: int) -> None:
        try:
            lab.states.send_task_success(taskToken=token, output=str(number))
            taken.append(number)
        except ClientError:
            pass

    senders = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(taken) == 1
    assert json.loads(lab.ended(execution)["output"])["answer"] == taken[0]


def test_without_an_answer_the_task_times_out_after_the_seconds_of_its_input(lab: Lab, mailbox: Path) -> None:
    began = time.monotonic()
    execution, token = ask(lab, mailbox, seconds=2)
    ended = lab.ended(execution)
    assert json.loads(ended["output"])["answer"]["Error"] == "States.Timeout"
    assert time.monotonic() - began >= 2, "a person's time is not sped up"
    assert code(lab, taskToken=token, output="1") == "TaskTimedOut"


def test_a_stop_ends_the_wait_and_its_threads(lab: Lab, mailbox: Path) -> None:
    before = lab.threads()
    execution, token = ask(lab, mailbox)
    lab.states.stop_execution(executionArn=execution, error="Stopped", cause="by hand")
    ended = lab.ended(execution)
    assert (ended["status"], ended["error"]) == ("ABORTED", "Stopped")
    assert code(lab, taskToken=token, output="1") == "TaskTimedOut"
    eventually(lambda: lab.threads() <= before)
    assert "TaskStateExited" not in lab.events(execution)
    assert "PassStateEntered" not in lab.events(execution), "a stopped wait is not caught"


def test_an_unknown_token_and_an_output_that_is_no_json_are_refused(lab: Lab, mailbox: Path) -> None:
    execution, token = ask(lab, mailbox)
    assert code(lab, taskToken="nonsense", output="1") == "InvalidToken"
    assert code(lab, taskToken=token, output="yes") == "InvalidOutput"
    lab.states.send_task_success(taskToken=token, output="1")
    assert lab.ended(execution)["status"] == "SUCCEEDED"


def test_a_function_that_fails_to_ask_fails_the_task_at_once(lab: Lab, mailbox: Path) -> None:
    output = lab.output(asking(lab, mailbox, "fail"), {"seconds": 60})
    assert output["answer"]["Error"] == "MissingPartError"
