"""The state machine, as it would be deployed."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cloud.handovers import HOLD
from functions.release.check import LONGEST
from stacks.assembly import Template, definition
from stacks.releasing import BEFORE
from stacks.settings import CODE as ROOT

GOLDEN = ROOT / "tests" / "golden" / "state_machine.json"
# states in which a candidate may be serving
ENDANGERED = ("Start deployment", "Shadow", "Check endpoint", "Check canary", "Verify")
THROTTLED = ["Lambda.TooManyRequestsException"]
States = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def machine(platform: Template) -> dict[str, Any]:
    return definition(platform)


@pytest.fixture(scope="module")
def states(machine: dict[str, Any]) -> States:
    return dict(machine["States"])


def tasks(states: States) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every task, those of the map's children among them."""
    for name, state in states.items():
        if state["Type"] == "Task":
            yield name, state
        if state["Type"] == "Map":
            yield from tasks(state["ItemProcessor"]["States"])


def ways(state: dict[str, Any]) -> Iterator[str]:
    for rule in [*state.get("Choices", ()), *state.get("Catch", ())]:
        yield rule["Next"]
    for key in ("Next", "Default"):
        if key in state:
            yield state[key]


def test_the_rendered_machine_is_the_one_that_was_reviewed(machine: dict[str, Any]) -> None:
    """`make golden` (REFRESH_GOLDEN=1) writes it anew; the difference is read in review."""
    rendered = json.dumps(machine, indent=2) + "\n"
    if os.environ.get("REFRESH_GOLDEN"):
        GOLDEN.write_text(rendered)
    assert rendered == GOLDEN.read_text()


def test_every_task_ends_in_time_and_is_tried_again_within_bounds(states: States) -> None:
    for name, task in tasks(states):
        if name == "Request approval":  # as long as the spec says, at most 30 days
            assert task["TimeoutSecondsPath"] == "$.decision.seconds"
        else:
            assert task["TimeoutSeconds"] <= 24 * 3600, name
        assert task["Retry"], name
        assert all(retry["MaxAttempts"] <= 5 for retry in task["Retry"] if retry["ErrorEquals"] != THROTTLED), name


def test_every_function_that_is_throttled_is_tried_again_for_hours_and_within_the_lease(states: States) -> None:
    functions = {name: task for name, task in tasks(states) if "Function" in json.dumps(task["Resource"])}
    assert len(functions) > 20
    for name, task in functions.items():
        throttled = task["Retry"][0]
        assert throttled["ErrorEquals"] == THROTTLED, name
        on_average = throttled["MaxAttempts"] * throttled["MaxDelaySeconds"] / 2  # full jitter
        assert timedelta(hours=5) < timedelta(seconds=on_average) < HOLD, name
        assert 3 * throttled["MaxAttempts"] < 25_000 / 2, "events of an execution's history"


def test_every_failure_passes_the_conclusion(states: States) -> None:
    for name, state in states.items():
        if state["Type"] in ("Task", "Map") and not name.startswith(("Conclude", "Write report")):
            after = "Roll back" if name in ENDANGERED else "Conclude failed"
            path: str | None = "$.error"
            if name == "Finish release":
                after, path = "Conclude promoted", None
            assert {"ErrorEquals": ["States.ALL"], "ResultPath": path, "Next": after} in state["Catch"], name


def test_every_path_ends_in_a_conclusion(states: States) -> None:
    assert {name for name, state in states.items() if not list(ways(state))} == {"Failed", "Ended"}
    leading = {end: {name for name, state in states.items() if end in ways(state)} for end in ("Failed", "Ended")}
    assert leading == {"Failed": {"Write report of failure"}, "Ended": {"Write report"}}
    before = {name for name, state in states.items() if "Write report" in ways(state)}
    assert before == {
        f"Conclude {end}" for end in ("quarantined", "unchanged", "refused", "promoted", "stopped", "retired")
    }
    assert {name for name, state in states.items() if "Write report of failure" in ways(state)} == {"Conclude failed"}


def test_a_report_that_cannot_be_written_changes_no_outcome(states: States) -> None:
    """A Catch leads where the state itself leads, and leaves the error of a failed run as it was."""
    for name, end in (("Write report", "Ended"), ("Write report of failure", "Failed")):
        assert states[name]["Next"] == end
        assert states[name]["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": end}]
        assert states[name]["ResultPath"] is None


def test_an_endpoint_that_nobody_could_verify_goes_back_to_the_champion(states: States) -> None:
    assert set(ways(states["Roll back"])) == {"Conclude failed", "Rolled back?"}
    assert set(ways(states["Rolled back?"])) == {
        "Conclude failed", "Conclude refused", "Conclude stopped", "Finish release", "Wait to roll back",
    }  # fmt: skip


def test_a_promotion_is_recorded_before_anything_that_may_fail_afterwards(states: States) -> None:
    (verified,) = states["Verified?"]["Choices"]
    assert verified["Next"] == "Finish release"
    assert set(ways(states["Finish release"])) == {"Finished?", "Conclude promoted"}
    assert set(ways(states["Finished?"])) == {"Wait for scaling", "Conclude promoted"}
    for name in (*ENDANGERED, "Finish release", "Roll back"):  # each is safe to repeat
        crashes = [retry for retry in states[name]["Retry"] if "Runtime.ExitError" in retry["ErrorEquals"]]
        assert [retry["MaxAttempts"] for retry in crashes] == [2], name


def test_the_error_of_a_training_job_that_was_recovered_does_not_make_a_refusal_a_failure(states: States) -> None:
    """A rollback without an error at $.error is a refusal, so the recovery keeps its error elsewhere."""
    (failed,) = [rule for rule in states["Rolled back?"]["Choices"] if rule["Next"] == "Conclude failed"]
    assert failed["Variable"] == "$.error.Error"
    caught = {catch["Next"]: catch["ResultPath"] for catch in states["Train"]["Catch"]}
    assert caught == {"Recover training": "$.job_error", "Conclude failed": "$.error"}


def test_an_endpoint_that_sagemaker_could_not_lead_back_is_left_to_a_person(states: States) -> None:
    for name in ENDANGERED:
        first = states[name]["Catch"][0]
        before = BEFORE if name == "Start deployment" else ()  # then the endpoint was not changed
        assert first["ErrorEquals"] == ["StuckEndpointError", *before], name
        assert (first["ResultPath"], first["Next"]) == ("$.error", "Conclude failed"), name


def test_a_rollback_by_hand_is_released_and_verified_as_any_version_is(states: States) -> None:
    choices = {choice["StringEquals"]: choice["Next"] for choice in states["Triggered by?"]["Choices"]}
    assert choices == {
        "retrain": "Prepare training", "rollback": "Start deployment", "retire": "Retire model", "cleanup": "Clean up",
    }  # fmt: skip


def test_a_run_that_was_stopped_is_cleaned_up_and_one_that_died_has_failed(states: States) -> None:
    """First the training job, then the release; what is at $.error makes it a failure."""
    cleaned = [(rule.get("StringEquals"), rule["Next"]) for rule in states["Cleaned up?"]["Choices"]]
    assert cleaned == [("waiting", "Wait for stopped job"), ("roll_back", "Roll back"), (None, "Conclude failed")]
    assert states["Cleaned up?"]["Choices"][2]["Variable"] == "$.error.Error"
    assert states["Cleaned up?"]["Default"] == "Conclude stopped"
    *_, failed, stopped = states["Rolled back?"]["Choices"]
    assert (failed["Next"], stopped["Next"]) == ("Conclude failed", "Conclude stopped")
    assert (stopped["Variable"], stopped["StringEquals"]) == ("$.run.trigger", "cleanup")


def test_a_canary_is_asked_and_then_watched_on(states: States) -> None:
    ready = {choice["StringEquals"]: choice["Next"] for choice in states["Endpoint ready?"]["Choices"]}
    assert ready == {"in_service": "Verify", "baking": "Check canary", "failed": "Roll back"}
    assert states["Check canary"]["Next"] == states["Endpoint ready?"]["Default"] == "Wait for endpoint"


def test_a_shadow_comes_before_the_canary_and_only_where_the_spec_wants_it(states: States) -> None:
    assert states["Shadow first?"]["Default"] == "Start deployment"
    over = {choice["StringEquals"]: choice["Next"] for choice in states["Shadow over?"]["Choices"]}
    assert over == {"over": "Start deployment", "refused": "Roll back"}
    assert states["Wait for shadow"] == {"Type": "Wait", "SecondsPath": "$.shadow.seconds", "Next": "Shadow"}


def test_a_conclusion_is_told_its_outcome_and_the_error(states: States) -> None:
    for name in [name for name in states if name.startswith("Conclude")]:
        assert states[name]["Parameters"]["outcome"] == name.removeprefix("Conclude ")
    assert states["Conclude failed"]["Parameters"]["error.$"] == "$.error"


def test_an_approval_is_requested_by_a_token_and_every_way_the_wait_ends_is_recorded(states: States) -> None:
    request, record, approved = states["Request approval"], states["Record approval"], states["Approved?"]
    assert request["Resource"].endswith(":states:::lambda:invoke.waitForTaskToken")
    assert request["Parameters"]["Payload"]["token.$"] == "$$.Task.Token"
    assert request["Catch"][0] == {
        "ErrorEquals": ["States.Timeout"],
        "ResultPath": "$.answer",
        "Next": "Record approval",
    }
    assert (request["Next"], request["ResultPath"]) == ("Record approval", "$.answer")
    assert record["Next"] == "Approved?"
    assert approved["Choices"] == [{"Variable": "$.approval.approved", "BooleanEquals": True, "Next": "Register"}]
    assert approved["Default"] == states["Outcome?"]["Default"] == "Conclude refused"


def test_no_state_but_the_one_that_requests_approval_sees_a_token(states: States) -> None:
    told = {name for name, state in states.items() if "Task.Token" in json.dumps(state)}
    assert told == {"Request approval"}


def test_what_is_refused_at_the_plan_is_not_inspected(states: States) -> None:
    asked = states["Files to inspect?"]
    assert states["Plan files"]["Next"] == "Files to inspect?"
    assert asked["Choices"] == [
        {"Variable": "$.plan.outcome", "StringEquals": "waiting", "Next": "Wait for parts"},
        {"Variable": "$.plan.count", "NumericGreaterThan": 0, "Next": "Inspect files"},
    ]
    assert asked["Default"] == "Merge verdict"


def test_every_state_can_be_reached(machine: dict[str, Any], states: States) -> None:
    reached, waiting = set(), [machine["StartAt"]]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += ways(states[name])
    assert reached == set(states)


def test_no_data_travels_in_the_state(states: States) -> None:
    """Files are listed in S3, and the results of inspections are not gathered."""
    inspect = states["Inspect files"]
    assert inspect["ItemReader"]["Parameters"]["Key.$"] == "$.plan.files.key"
    assert inspect["ResultPath"] is None
    assert inspect["ItemProcessor"]["States"]["Inspect file"]["OutputPath"] is None
    assert "ToleratedFailurePercentage" not in inspect
    assert "ToleratedFailureCount" not in inspect


def test_many_files_are_compared_by_their_keys_and_a_single_one_is_not(states: States) -> None:
    asked = states["Keys to compare?"]
    assert states["Inspect files"]["Next"] == "Keys to compare?"
    assert asked["Choices"] == [{"Variable": "$.plan.buckets", "NumericGreaterThan": 0, "Next": "Compare keys"}]
    assert asked["Default"] == "Merge verdict"
    assert states["Duplicates?"]["Default"] == "Merge verdict"
    assert states["Inspect again"]["Next"] == "Merge verdict"


def test_the_width_of_every_map_is_declared_and_no_part_may_fail(states: States) -> None:
    maps = {name: state for name, state in states.items() if state["Type"] == "Map"}
    assert set(maps) == {"Inspect files", "Compare keys", "Inspect again"}
    for name, state in maps.items():
        assert state["MaxConcurrency"] == 8, name
        assert state["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
        assert state["ResultPath"] is None, name
        assert not [key for key in state if key.startswith("Tolerated")], name


def test_a_file_that_is_too_much_gets_one_larger_try_and_is_then_refused(states: States) -> None:
    for name in ("Inspect files", "Inspect again"):
        children = states[name]["ItemProcessor"]["States"]
        first, second, last = children
        (catch,) = children[first]["Catch"]
        assert {"Runtime.OutOfMemory", "Sandbox.Timedout", "States.Timeout"} <= set(catch["ErrorEquals"])
        assert catch["Next"] == second
        assert children[second]["Catch"] == [{**catch, "Next": last}]
        assert children[last]["Parameters"]["error.$"] == "$.error"
        assert "States.ALL" not in json.dumps(children)  # any other error is ours, and fails the run


def test_a_run_that_dies_is_concluded_by_a_rule(platform: Template) -> None:
    (rule,) = [
        found["Properties"]
        for id, found in platform["Resources"].items()
        if found["Type"] == "AWS::Events::Rule" and "Died" in id
    ]
    assert rule["EventPattern"]["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    assert "Conclude" in rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]
    assert rule["Targets"][0]["DeadLetterConfig"]


def test_logs_hold_no_personal_data(platform: Template) -> None:
    machines = [
        found["Properties"]
        for found in platform["Resources"].values()
        if found["Type"] == "AWS::StepFunctions::StateMachine"
    ]
    assert len(machines) == 2
    for machine in machines:
        assert machine["LoggingConfiguration"]["Level"] == "ALL"
        assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
        assert machine["TracingConfiguration"] == {"Enabled": True}


def test_a_forgetting_repeats_one_function_until_it_is_done_or_ends_with_an_error(platform: Template) -> None:
    states = definition(platform, "Forgetting")["States"]
    assert set(states) == {"Take a step", "What follows?", "Wait for the model", "Forgotten", "Incomplete"}
    step = states["Take a step"]
    assert step["Parameters"] == {"id.$": "$.id"}, "no person is in the history of an execution"
    assert "Catch" not in step, "an error of our code fails the execution, and its alarm tells"
    assert {"Lambda.TooManyRequestsException", "Sandbox.Timedout"} <= {
        error for retry in step["Retry"] for error in retry["ErrorEquals"]
    }
    ways = {choice["StringEquals"]: choice["Next"] for choice in states["What follows?"]["Choices"]}
    assert ways == {"waiting": "Wait for the model", "more": "Take a step", "forgotten": "Forgotten"}
    assert states["What follows?"]["Default"] == "Incomplete"


def test_the_looks_at_an_endpoint_of_twelve_hours_fit_into_an_executions_history(states):
    wait = states["Wait for endpoint"]["Seconds"]
    each = 2 + 5 + 2  # events of the wait, of the Lambda task and of the choice
    assert LONGEST.total_seconds() / wait * each < 20_000  # of 25,000: the rest of the run has its own
