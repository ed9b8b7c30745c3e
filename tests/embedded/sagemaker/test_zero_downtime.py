"""Releases and rollbacks under a steady load: no request fails, each is answered by the old or by the new model.

A short run in the suite; `make test-release` makes 20 releases and 5 rollbacks at 200 requests a second, for which
RELEASES, ROLLBACKS and RATE stand.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.embedded.sagemaker import load
from tests.embedded.sagemaker.conftest import Cloud

RELEASES = int(os.environ.get("RELEASES", "2"))
ROLLBACKS = int(os.environ.get("ROLLBACKS", "1"))
RATE = float(os.environ.get("RATE", "50"))
GROUP = "/aws/sagemaker/Endpoints/steady"

# Answers its version and "9" if it is a bad one; logs a line for each request, as our server does.
APP = """
import os, json
version, score = os.environ["VERSION"], 9.0 if os.environ.get("BAD") else 1.0
def app(environ, start_response):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if environ["PATH_INFO"] == "/invocations":
        print(json.dumps({"event": "request", "model": version, "score": score, "status": 200}), flush=True)
    answer = f"{version},{score},".encode() + body
    start_response("200 OK", [("Content-Type", "text/csv"), ("Content-Length", str(len(answer))),
                              ("X-Amzn-SageMaker-Custom-Attributes", "model=" + version)])
    return [answer]
"""


@dataclass(frozen=True)
class Window:
    """A release: its time on the monotonic clock, the model before, its candidate, and the model after."""

    start: float
    end: float
    before: str
    candidate: str
    after: str


@contextmanager
def loaded(cloud: Cloud, target: Path) -> Iterator[list[list[Any]]]:
    """A load in a process of its own; its records are there afterwards."""
    records: list[list[Any]] = []
    arguments = [sys.executable, load.__file__, cloud.context.endpoint_url, "steady", str(RATE), str(target)]
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, text=True, env=os.environ | cloud.context.exports())
    try:
        yield records
    finally:
        process.communicate(timeout=90)
    assert process.returncode == 0
    records += [json.loads(line) for line in target.read_text().splitlines()]


def deployment(alarm: str) -> dict[str, Any]:
    routing = {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 60,
    }
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 20},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
    }


def watch(cloud: Cloud, version: str) -> None:
    """Goes to ALARM when the candidate's mean score, by its log, is not that of a good model."""
    cloud.client("cloudwatch").delete_alarms(AlarmNames=["steady-shift"])
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="steady-shift", Namespace="Steady", MetricName="Score", Statistic="Average", Period=10,
        Dimensions=[{"Name": "Model", "Value": version}], EvaluationPeriods=1, Threshold=5.0,
        ComparisonOperator="GreaterThanThreshold", TreatMissingData="notBreaching",
    )  # fmt: skip


def make(cloud: Cloud, version: str, **environment: str) -> None:
    cloud.model(version, version, {"model.json": "{}", "code/app.py": APP}, **environment)
    cloud.config(version, version, variant={"InitialInstanceCount": 2})


def release(cloud: Cloud, before: str, version: str, **environment: str) -> Window:
    make(cloud, version, **environment)
    watch(cloud, version)
    start = time.monotonic()
    cloud.client("sagemaker").update_endpoint(
        EndpointName="steady", EndpointConfigName=version, DeploymentConfig=deployment("steady-shift")
    )
    description = cloud.settled("steady")
    assert description["EndpointStatus"] == "InService"
    return Window(start, time.monotonic(), before, version, description["EndpointConfigName"])


@pytest.fixture(scope="module")
def steady(cloud: Cloud) -> str:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    transformation = {"metricName": "Score", "metricNamespace": "Steady", "metricValue": "$.score"}
    logs.put_metric_filter(
        logGroupName=GROUP, filterName="score", filterPattern='{ $.event = "request" && $.status = 200 }',
        metricTransformations=[transformation | {"dimensions": {"Model": "$.model"}}],
    )  # fmt: skip
    make(cloud, "s0")
    assert cloud.endpoint("steady", "s0")["EndpointStatus"] == "InService"
    return "s0"


def test_no_request_fails_while_models_are_released_and_rolled_back(cloud: Cloud, steady: str, tmp_path: Path) -> None:
    plan = [number % (RELEASES // max(1, ROLLBACKS) + 1) == 1 for number in range(RELEASES + ROLLBACKS)]
    bad = [index for index, wanted in enumerate(plan) if wanted][:ROLLBACKS]
    windows: list[Window] = []
    with loaded(cloud, tmp_path / "records.jsonl") as records:
        time.sleep(1)
        serving = steady
        for number in range(RELEASES + ROLLBACKS):
            environment = {"BAD": "1"} if number in bad else {}
            windows.append(release(cloud, serving, f"s{number + 1}", **environment))
            serving = windows[-1].after
        time.sleep(1)
    rolled_back = [index for index, window in enumerate(windows) if window.after == window.before]
    assert rolled_back == bad, "a bad model's score rings the alarm, a good one's does not"
    report(records, windows)
    failed = Counter(
        (record[3], record[5] if record[3] != 200 else "", record[6]) for record in records if record[3] != 200
    )
    assert not failed, failed
    assert len(records) >= 0.95 * RATE * (records[-1][0] - records[0][0]), "the load was as steady as it should be"
    for record in records:
        check(record, windows, steady)


def check(record: list[Any], windows: list[Window], first: str) -> None:
    """The answer is of a model that could answer then, by its header and by its value."""
    _, sent, answered, _, header, body, _ = record
    version, score, _ = body.split(",")
    assert header == f"model={version}"
    under_way = [window for window in windows if window.start <= answered and sent <= window.end]
    ended = [window for window in windows if window.end < sent]
    allowed = {ended[-1].after if ended else first} | {
        name for window in under_way for name in (window.before, window.candidate)
    }
    assert version in allowed, (record, allowed)
    bad = {window.candidate for window in windows if window.after == window.before}
    assert score == ("9.0" if version in bad else "1.0")


def report(records: list[list[Any]], windows: list[Window]) -> None:
    """Prints what was measured; pytest shows it with -s."""
    seconds = records[-1][0] - records[0][0]
    latency = sorted(record[2] - record[0] for record in records)
    late = max(record[1] - record[0] for record in records)
    shares = Counter(record[4] for record in records)
    updates = [window.end - window.start for window in windows]
    print(
        f"\n{len(records)} requests in {seconds:.1f} s ({len(records) / seconds:.0f}/s), "
        f"{sum(record[3] != 200 for record in records)} failed; from due to answered: p50 "
        f"{latency[len(latency) // 2] * 1e3:.1f} ms, p99 {latency[len(latency) * 99 // 100] * 1e3:.1f} ms, most "
        f"{latency[-1] * 1e3:.0f} ms; sent {late * 1e3:.0f} ms late at most; {len(windows)} updates of "
        f"{min(updates):.1f} to {max(updates):.1f} s; {len(shares)} models answered"
    )
