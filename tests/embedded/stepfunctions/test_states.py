"""The constructs of the loop's definition behave as in the States Language."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from embedded.stepfunctions.error_names import matches
from tests.embedded.stepfunctions.conftest import Lab

RETRY = {"ErrorEquals": ["MissingPartError"], "IntervalSeconds": 30, "MaxAttempts": 4, "BackoffRate": 1}
CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]
CAUGHT = {"Type": "Pass", "End": True}


def test_a_functions_answer_is_put_at_its_path(lab: Lab) -> None:
    task = lab.task("echo", Parameters={"run.$": "$.run", "outcome": "x"}, ResultPath="$.plan")
    assert lab.output({"Plan": task}, {"run": {"id": 1}}) == {
        "run": {"id": 1},
        "plan": {"run": {"id": 1}, "outcome": "x"},
    }


def test_the_invoke_form_gives_the_payload_by_a_selector(lab: Lab) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": lab.arns["echo"], "Payload": {"a.$": "$.a"}},
        "ResultSelector": {"payload.$": "$.Payload"},
        "ResultPath": "$.got",
        "End": True,
    }
    assert lab.output({"Invoke": task}, {"a": 1}) == {"a": 1, "got": {"payload": {"a": 1}}}
    del task["ResultSelector"], task["ResultPath"]
    assert lab.output({"Invoke": task | {"OutputPath": "$.Payload"}}, {"a": 1}) == {"a": 1}


def test_a_discarded_answer_leaves_the_state_and_null_is_an_answer(lab: Lab) -> None:
    assert lab.output({"Task": lab.task("nothing", ResultPath=None)}, {"a": 1}) == {"a": 1}
    assert lab.output({"Task": lab.task("nothing")}, {"a": 1}) is None


def test_an_error_of_the_function_is_caught_by_its_name(lab: Lab) -> None:
    catch = [{"ErrorEquals": ["MissingPartError"], "ResultPath": "$.error", "Next": "Caught"}]
    output = lab.output({"Plan": lab.task("fail", Catch=catch), "Caught": CAUGHT}, {"run": 1})
    assert (output["run"], output["error"]["Error"]) == (1, "MissingPartError")
    assert json.loads(output["error"]["Cause"])["errorMessage"] == "part 3 is not there"


def test_an_uncaught_error_fails_the_execution_with_its_name(lab: Lab) -> None:
    description = lab.run({"Plan": lab.task("fail")})
    assert (description["status"], description["error"]) == ("FAILED", "MissingPartError")
    assert "part 3 is not there" in description["cause"]


def test_a_fail_state_takes_its_error_from_the_state(lab: Lab) -> None:
    fail = {"Type": "Fail", "ErrorPath": "$.error.Error", "CausePath": "$.error.Cause"}
    catch = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Failed"}]
    description = lab.run({"Plan": lab.task("fail", Catch=catch), "Failed": fail})
    assert (description["status"], description["error"]) == ("FAILED", "MissingPartError")


@pytest.mark.parametrize(
    ("function", "error"), [("die", "Runtime.ExitError"), ("absent", "Lambda.ResourceNotFoundException")]
)
@pytest.mark.parametrize("form", ["function", "invoke"])
def test_failures_of_lambda_bear_the_names_of_aws(lab: Lab, function: str, error: str, form: str) -> None:
    arn = lab.arns.get(function, "arn:aws:lambda:us-east-1:123456789012:function:absent")
    task: dict[str, Any] = {"Type": "Task", "Resource": arn, "End": True}
    if form == "invoke":
        parameters = {"FunctionName": arn, "Payload": {}}
        task |= {"Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters}
    assert lab.run({"Task": task})["error"] == error


def test_a_retry_waits_its_interval_in_the_clouds_time(lab: Lab, calls: Path) -> None:
    start = time.monotonic()
    given = {"file": str(calls), "needed": 3}
    assert lab.output({"Plan": lab.task("flaky", Retry=[RETRY])}, given) == 3
    assert 2 * 30 / 100 <= time.monotonic() - start < 55, "two intervals of 30 s at a hundredfold speed"


def test_retries_are_bounded(lab: Lab, calls: Path) -> None:
    given = {"file": str(calls), "needed": 99}
    states = {"Plan": lab.task("flaky", Retry=[RETRY | {"MaxAttempts": 2}], Catch=CATCH), "Caught": CAUGHT}
    assert lab.output(states, given)["error"]["Error"] == "MissingPartError"
    assert calls.read_text() == "xxx"


def test_a_wait_lasts_its_seconds_in_the_clouds_time(lab: Lab) -> None:
    start = time.monotonic()
    lab.output({"Wait": {"Type": "Wait", "Seconds": 50, "End": True}})
    assert 0.5 <= time.monotonic() - start < 45, "50 s at a hundredfold speed"
    lab.output({"Wait": {"Type": "Wait", "SecondsPath": "$.n", "End": True}}, {"n": 10})


def test_a_task_over_its_time_is_a_timeout(lab: Lab) -> None:
    task = lab.task("slow", TimeoutSeconds=1, Catch=CATCH)
    assert lab.output({"Slow": task, "Caught": CAUGHT})["error"]["Error"] == "States.Timeout"


def test_choices_loop(lab: Lab) -> None:
    count = {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Enough?"}
    rule = {"Variable": "$.n", "NumericGreaterThan": 2, "Next": "Done"}
    states = {
        "Count": count,
        "Enough?": {"Type": "Choice", "Choices": [rule], "Default": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Count"},
        "Done": {"Type": "Succeed"},
    }
    assert lab.output(states, {"n": 0}) == {"n": 3}


def test_an_answer_above_256_kb_is_an_error_that_nothing_catches(lab: Lab) -> None:
    description = lab.run({"Large": lab.task("large", Catch=CATCH), "Caught": CAUGHT})
    assert (description["status"], description["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_a_path_that_is_not_there_is_an_error_that_nothing_catches(lab: Lab) -> None:
    task = lab.task("echo", Parameters={"x.$": "$.absent"}, Catch=CATCH)
    description = lab.run({"Task": task, "Caught": CAUGHT})
    assert (description["status"], description["error"]) == ("FAILED", "States.Runtime")


def test_jsonata_is_evaluated(lab: Lab) -> None:
    states = {"Pass": {"Type": "Pass", "Output": {"sum": "{% $sum($states.input.numbers) %}"}, "End": True}}
    assert lab.output(states, {"numbers": [1, 2, 3]}, QueryLanguage="JSONata") == {"sum": 6}


@pytest.mark.parametrize(
    ("wanted", "error", "expected"),
    [
        (["States.ALL"], "Anything", True),
        (["States.ALL"], "States.Timeout", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.TaskFailed"], "Anything", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["A", "B"], "B", True),
        (["A"], "B", False),
        (["States.Runtime"], "States.Runtime", True),
    ],
)
def test_what_an_error_matches(wanted: list[str | None], error: str, expected: bool) -> None:
    assert matches(wanted, error) is expected
