"""Releases on the embedded cloud: a broken candidate is rolled back while it bakes, and a rollback by hand."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from tests.e2e.conftest import Loop, until
from tests.e2e.data import as_csv, orders

ENDPOINT = "perennial-moody"
MOODS = {"raises": 9001, "slow": 9002, "constant": 9003, "skewed": 9004}
ROW = b'{"price": 300.5, "gift": true, "mood": 0}'


def dataset(first: int, seed: int, mood: float = 0, rows: int = 1500) -> bytes:
    frame = orders(first, rows, seed)[["order", "price", "gift", "returned"]]
    return as_csv(frame.assign(mood=mood)[["order", "price", "gift", "mood", "returned"]])


@pytest.fixture(scope="module")
def champion(loop: Loop) -> str:
    """The version that serves first."""
    loop.put("moody/well.csv", dataset(0, 1))
    run = loop.ended("moody", "moody/well.csv")
    assert run["state"] == "promoted", run["reasons"]
    return str(run["version"])


@pytest.fixture
def traffic(loop: Loop, champion: str) -> Iterator[list[int]]:
    """A request every tenth of a second; the list holds the status of each answer."""
    runtime, statuses, over = loop.client("sagemaker-runtime"), [], threading.Event()

    def ask() -> None:
        while not over.wait(0.1):
            try:
                runtime.invoke_endpoint(EndpointName=ENDPOINT, ContentType="application/json", Body=ROW)
                statuses.append(200)
            except runtime.exceptions.ModelError as error:
                statuses.append(error.response["OriginalStatusCode"])

    thread = threading.Thread(target=ask)
    thread.start()
    yield statuses
    over.set()
    thread.join()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("raises", "the alarm perennial-moody-errors went off"),
        pytest.param("constant", "golden", marks=pytest.mark.slow),
        pytest.param("skewed", "golden", marks=pytest.mark.slow),
        pytest.param("slow", "the alarm perennial-moody-latency went off", marks=pytest.mark.slow),
    ],
)
def test_a_model_that_is_broken_on_purpose_is_caught_and_the_notice_says_why(
    loop: Loop, champion: str, traffic: list[int], how: str, words: str
) -> None:
    loop.put(f"moody/{how}.csv", dataset(10_000 * MOODS[how], MOODS[how], MOODS[how]))
    run = loop.ended("moody", f"moody/{how}.csv", timeout=150)
    assert run["state"] == "refused", run["reasons"]
    assert words in " ".join(run["reasons"])
    assert served(loop) == champion
    (kept,) = loop.records("moody", "champion")
    assert kept["version"] == champion


def test_a_person_goes_back_and_forward_by_hand(loop: Loop, champion: str) -> None:
    loop.put("moody/better.csv", dataset(50_000, 5))
    run = loop.ended("moody", "moody/better.csv", timeout=150)
    assert run["state"] == "promoted", run["reasons"]
    loop.notices()
    done = loop.perennial("rollback", "moody", "--why", "a test", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["from"], told["to"], told["outcome"]) == (run["version"], champion, "promoted")
    assert "a test" in " ".join(told["reasons"])
    assert served(loop) == champion
    until(lambda: f"moody: promoted ({told['run']})" in loop.notices(), 20, "the notice")
    explained = loop.perennial("explain", told["run"]).stdout.decode()
    assert "asked to go back" in explained


def test_a_rollback_to_an_unknown_version_is_an_error_that_says_so(loop: Loop, champion: str) -> None:
    done = loop.perennial("rollback", "moody", "--to", "moody@000000000000")
    assert done.returncode == 1
    assert b"the ledger has no record of moody@000000000000" in done.stderr


def batch_log(loop: Loop) -> list[dict[str, Any]]:
    """The first lines of the logs of transform jobs."""
    logs, group = loop.client("logs"), "/aws/sagemaker/TransformJobs"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    events = [logs.get_log_events(logGroupName=group, logStreamName=each["logStreamName"]) for each in streams]
    return [line for each in events for line in each["events"][:1]]


def test_a_batch_gives_what_the_endpoint_gives(loop: Loop, champion: str, tmp_path: Any) -> None:
    path = tmp_path / "march.csv"
    path.write_bytes(dataset(90_000, 9))
    done = loop.perennial("batch", "moody", str(path), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["rows"] == 1500
    batch = pd.read_csv(told["out"])
    asked = loop.perennial("predict", str(path), "--model", "moody")
    live = tmp_path / "live.csv"
    live.write_bytes(asked.stdout)
    assert batch.to_csv() == pd.read_csv(live).to_csv()
    until(lambda: batch_log(loop), 60, "the log of the job, which its role may write")


def test_a_stop_in_the_middle_of_a_release_rolls_it_back_to_the_champion(
    loop: Loop, champion: str, traffic: list[int]
) -> None:
    before = loop.records("moody", "champion")[0]["version"]
    sagemaker = loop.client("sagemaker")
    loop.put("moody/stopped.csv", dataset(70_000, 7))
    until(
        lambda: sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "Updating", 120, "the release"
    )
    run = loop.run_of("moody", "moody/stopped.csv")
    assert run is not None
    done = loop.perennial("stop", run["id"], "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["outcome"] == "stopped"
    assert any(before in reason for reason in told["reasons"]), told["reasons"]
    (kept,) = loop.records("moody", "champion")
    assert kept["version"] == before
    assert served(loop) == before
    assert sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointStatus"] == "InService"
    assert set(traffic) == {200}


def test_a_batch_is_stopped_with_its_transform_job(loop: Loop, champion: str, tmp_path: Any) -> None:
    path = tmp_path / "many.csv"
    path.write_bytes(dataset(0, 3, rows=400_000))  # more than are answered before the job is stopped
    sagemaker = loop.client("sagemaker")
    before = {job["TransformJobName"] for job in sagemaker.list_transform_jobs()["TransformJobSummaries"]}
    words = [sys.executable, "-m", "cli", "batch", "moody", str(path)]
    asking = subprocess.Popen(words, cwd=loop.checkout, env=loop.environment, stderr=subprocess.PIPE)

    def begun() -> str | None:
        found = sagemaker.list_transform_jobs(StatusEquals="InProgress")["TransformJobSummaries"]
        return next((job["TransformJobName"] for job in found if job["TransformJobName"] not in before), None)

    job = until(begun, 60, "the transform job")
    done = loop.perennial("stop", job, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"job": job, "outcome": "stopped", "stopped": True}
    _, told = asking.communicate(timeout=300)
    assert asking.returncode == 1
    assert f"{job} ended Stopped".encode() in told
    again = loop.perennial("stop", job)
    assert (again.returncode, again.stdout.decode()) == (0, f"{job} has ended already: stopped\n")


def served(loop: Loop) -> str:
    answer = loop.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=ENDPOINT, ContentType="application/json", Body=ROW
    )
    return str(answer["CustomAttributes"]).removeprefix("model=")
