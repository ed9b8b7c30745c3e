"""Distributed Map over a list in S3."""

import json
from pathlib import Path
from typing import Any

from tests.embedded.conftest import eventually
from tests.embedded.stepfunctions.conftest import Lab

CATCH = [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]


def inspection(lab: Lab, **members: Any) -> dict[str, Any]:
    """The map as CDK renders it."""
    inspect = lab.task("inspect", Parameters={"run.$": "$.run", "file.$": "$.file"}, ResultPath=None, OutputPath=None)
    end = {} if "Next" in members else {"End": True}
    return {
        "Inspect": {
            "Type": "Map",
            "ResultPath": None,
            "ItemSelector": {"run.$": "$.run", "file.$": "$$.Map.Item.Value"},
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Inspect file",
                "States": {"Inspect file": inspect},
            },
            "MaxConcurrency": 4,
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Parameters": {"Bucket": "files", "Key.$": "$.plan.files.key"},
            },
        }
        | end
        | members,
        "Caught": {"Type": "Pass", "End": True},
    }


def given(lab: Lab, directory: Path, files: list[dict[str, Any]]) -> dict[str, Any]:
    s3 = lab.world.client("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="datasets/a b/files.json", Body=json.dumps(files).encode())
    return {"run": {"directory": str(directory)}, "plan": {"files": {"key": "datasets/a b/files.json"}}}


def test_each_item_of_the_list_is_run_and_the_state_stays(lab: Lab, tmp_path: Path) -> None:
    files = [{"key": f"part-{index}"} for index in range(9)]
    state = given(lab, tmp_path, files)
    assert lab.output(inspection(lab), state) == state
    assert sorted(path.name for path in tmp_path.iterdir()) == [file["key"] for file in files]


def test_an_empty_list_is_done_at_once(lab: Lab, tmp_path: Path) -> None:
    state = given(lab, tmp_path, [])
    assert lab.output(inspection(lab), state) == state


def test_one_failed_item_fails_the_map_and_its_reason_is_told(lab: Lab, tmp_path: Path) -> None:
    state = given(lab, tmp_path, [{"key": "a"}, {"key": "b", "spoilt": True}, {"key": "c"}])
    error = lab.output(inspection(lab, Catch=CATCH, Next="Caught"), state)["error"]
    assert error["Error"] == "States.ExceedToleratedFailureThreshold"
    assert error["Cause"].startswith("The specified tolerated failure threshold was exceeded")
    assert "row 7: distance is negative" in error["Cause"]


def test_tolerated_failures_are_tolerated(lab: Lab, tmp_path: Path) -> None:
    state = given(lab, tmp_path, [{"key": "a"}, {"key": "b", "spoilt": True}])
    assert lab.output(inspection(lab, ToleratedFailurePercentage=50.0), state) == state
    description = lab.run(inspection(lab, ToleratedFailurePercentage=49.0), state)
    assert (description["status"], description["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")


def test_a_list_that_is_not_there_fails_the_map(lab: Lab, tmp_path: Path) -> None:
    state = given(lab, tmp_path, [])
    state["plan"]["files"]["key"] = "nowhere"
    description = lab.run(inspection(lab), state)
    assert (description["status"], description["error"]) == ("FAILED", "States.ItemReaderFailed")


def test_a_stopped_map_starts_no_more_items(lab: Lab, tmp_path: Path) -> None:
    state = given(lab, tmp_path, [{"key": f"part-{index}"} for index in range(200)])
    before = lab.threads()
    execution = lab.start(lab.machine(inspection(lab)), state)
    lab.states.stop_execution(executionArn=execution)
    assert lab.ended(execution)["status"] == "ABORTED"
    eventually(lambda: lab.threads() <= before)
    assert len(list(tmp_path.iterdir())) < 200
