"""`perennial stop` ends a run with all that it had begun, and tells who and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Loop, until
from tests.e2e.data import as_csv, orders


def processes(job: str) -> list[int]:
    """The processes of a training job, by the directory that they work in."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if f"/training/{job}/" in str(path.readlink()):
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def training(loop: Loop, key: str) -> dict[str, Any]:
    """The run of an upload to the model that takes its time, once its training process is there."""

    def look() -> dict[str, Any] | None:
        run = loop.run_of("slow", key)
        return run if run and processes(run["id"]) else None

    return dict(until(look, 60, "the training process"))


def lease_of(loop: Loop, model: str) -> dict[str, Any]:
    key = {"pk": {"S": f"model#{model}"}, "sk": {"S": "lease"}}
    return dict(loop.client("dynamodb").get_item(TableName=loop.names["ledger_table"], Key=key)["Item"])


def test_a_stop_in_mid_training_ends_the_process_and_the_waiting_upload_goes_on(loop: Loop) -> None:
    table = orders(0, 600, 9)[["order", "price", "returned"]]
    loop.put("slow/a.csv", as_csv(table))
    run = training(loop, "slow/a.csv")
    loop.put("slow/b.csv", as_csv(table))
    until(lambda: loop.records("slow", "dataset#")[1:], 60, "the second upload")
    done = loop.perennial("stop", run["id"], "--why", "the wrong file", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["run"], told["outcome"], told["stopped"]) == (run["id"], "stopped", True)
    assert told["reasons"][0] == "The run was stopped; the champion stays."
    assert told["reasons"][1].startswith("arn:aws:")
    assert told["reasons"][1].endswith(" stopped the run: the wrong file.")
    assert processes(run["id"]) == []
    job = loop.client("sagemaker").describe_training_job(TrainingJobName=run["id"])
    assert job["TrainingJobStatus"] == "Stopped"
    (request,) = loop.records("slow", "stop#")
    assert request["who"].startswith("arn:aws:")
    assert request["at"]
    (record,) = [one for one in loop.records("slow", "dataset#") if one["id"] == run["dataset"]]
    assert record["state"] == "stopped"

    again = loop.perennial("stop", run["id"])
    assert (again.returncode, again.stdout.decode()) == (0, f"{run['id']} has ended already: stopped\n")

    following = training(loop, "slow/b.csv")  # the upload that waited has begun; stopped in the console it ends, too
    execution = loop.names["state_machine"].replace(":stateMachine:", ":execution:") + ":" + following["id"]
    loop.client("stepfunctions").stop_execution(executionArn=execution)
    ended = loop.ended("slow", "slow/b.csv")
    assert ended["state"] == "stopped"
    assert "outside of Perennial" in ended["reasons"][1]
    assert processes(following["id"]) == []
    until(lambda: "holder" not in lease_of(loop, "slow"), 20, "the free model")


@pytest.mark.parametrize(
    ("identity", "told"),
    [
        ("run-slow-000000000000", "error: the ledger has no record of run-slow-000000000000"),
        ("nonsense", "error: 'nonsense' is no id"),
        ("perennial-slow-000000000000", "error: there is no batch perennial-slow-000000000000"),
    ],
)
def test_a_run_that_nobody_knows_is_one_line_and_exit_code_2(loop: Loop, identity: str, told: str) -> None:
    done = loop.perennial("stop", identity)
    assert done.returncode == 2
    (line,) = done.stderr.decode().strip().splitlines()
    assert line.startswith(told)
