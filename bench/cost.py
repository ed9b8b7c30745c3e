"""`python -m bench.cost [--write]`: what runs, requests and months cost, by measured use and the list of prices.

Three months of flights go through the loop on the embedded cloud. Counted are the states that each execution entered,
the billed time of each function by its log, and the seconds of the training jobs; captured requests become a part of
the tables in a process of their own. AWS's machines differ from this one: the page says what is assumed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.cost_page import MOST_LOAD, page
from bench.machine import load, machine
from bench.processes import watch

RESULTS = Path(__file__).with_name("results") / "cost.json"
PAGE = Path(__file__).parents[1] / "docs" / "cost.md"
MONTHS = (1, 2, 3)
CAPTURED = 1_000_000
CALLS = 5  # of each scheduled function
SCHEDULED = ("Tabulate", "Monitor", "Reconcile")
_REPORT = re.compile(r"Billed Duration: (\d+) ms\tMemory Size: (\d+) MB")
_FUNCTION = re.compile(r"-Functions([A-Z][A-Za-z]+?)(?:Logs?)?[0-9A-F]{6,8}-")


def main() -> None:
    """Measures, prints the page, and with --write writes results and page."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name} and {PAGE.name}")
    parser.add_argument("--page", action="store_true", help="write the page again from the results")
    given = parser.parse_args()
    if given.page:
        PAGE.write_text(page(json.loads(RESULTS.read_text())), encoding="utf-8")
        return
    busy = load() / (os.cpu_count() or 1)
    found = {"machine": machine(), "load": round(busy, 2), "runs": _runs(), "captured": _captured()}
    if given.write and busy > MOST_LOAD:
        print(f"the machine is busy: {PAGE.name} is not written", file=sys.stderr)
    elif given.write:
        RESULTS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        PAGE.write_text(page(json.loads(RESULTS.read_text())), encoding="utf-8")
    print(page(json.loads(json.dumps(found))))


def _runs() -> dict[str, Any]:
    from cli import embedded_cloud, project, synthesis
    from cli.embedded_cloud import Place

    assembly, _ = synthesis.assembly(project.root(), project.build() / "cdk.out")
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as scratch:
        place = Place.below(Path(scratch))
        process = embedded_cloud.start(place, assembly, 0, 20.0, parent=os.getpid())
        try:
            os.environ.update(embedded_cloud.wait_until_ready(place, process).exports)
            return _measured()
        finally:
            process.terminate()
            process.wait(timeout=30)


def _measured() -> dict[str, Any]:
    """The use of three runs; per run states, seconds of training and outcome, and all invocations by function."""
    import boto3

    from cloud.ledger import Ledger
    from cloud.platform import from_parameter
    from examples.flights import month, read
    from perennial.client.decision import Decision
    from perennial.client.following import follow
    from perennial.environment import Environment
    from perennial.identity import dataset_id

    platform = from_parameter(Environment())
    ledger, flights = Ledger(platform.ledger_table), read(list(MONTHS))
    runs = []
    for number in MONTHS:
        key, body = f"incoming/flights/{number}.csv", month(flights, number).write_csv().encode()
        put = boto3.client("s3").put_object(Bucket=platform.data_bucket, Key=key, Body=body)
        for event in follow(platform, ledger, dataset_id("flights", platform.data_bucket, key, put["VersionId"])):
            if isinstance(event, Decision):
                job = boto3.client("sagemaker").describe_training_job(TrainingJobName=str(event.run))
                states = sum(1 for _ in _entered(platform.state_machine, str(event.run)))
                runs.append(
                    {"outcome": event.outcome, "states": states, "training": job["BillableTimeInSeconds"],
                     "rows": month(flights, number).height}
                )  # fmt: skip
    _look_by_schedule()
    functions: dict[str, dict[str, float]] = defaultdict(lambda: {"calls": 0, "seconds": 0.0, "gigabytes": 0.0})
    for name, seconds, megabytes in _invocations():
        one = functions[name]
        one["calls"] += 1
        one["seconds"] += seconds
        one["gigabytes"] = megabytes / 1024
    alarms = [alarm["AlarmName"] for found in boto3.client("cloudwatch").get_paginator("describe_alarms").paginate()
              for alarm in found["MetricAlarms"]]  # fmt: skip
    of_model = sum("flights" in name.lower() for name in alarms)
    keys = boto3.client("kms").list_keys()["Keys"]
    return {"runs": runs, "functions": functions, "keys": len(keys),
            "alarms": {"model": of_model, "platform": len(alarms) - of_model}}  # fmt: skip


def _look_by_schedule() -> None:
    """Calls what the schedules call, as after an hour and a day in which nobody asked the model."""
    import boto3

    functions = boto3.client("lambda")
    for found in functions.get_paginator("list_functions").paginate():
        for one in found["Functions"]:
            named = _FUNCTION.search(one["FunctionName"] + "-")
            if named and named[1] in SCHEDULED:
                for _ in range(CALLS):
                    functions.invoke(FunctionName=one["FunctionName"], Payload=b'{"model": "flights"}')


def _entered(machine: str, run: str) -> Iterator[str]:
    import boto3

    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{run}"
    pages = boto3.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    yield from (e["type"] for found in pages for e in found["events"] if e["type"].endswith("StateEntered"))


def _invocations() -> Iterator[tuple[str, float, int]]:
    """The function, billed seconds and MB of each invocation, from the logs."""
    import boto3

    logs = boto3.client("logs")
    for found in logs.get_paginator("describe_log_groups").paginate():
        for group in found["logGroups"]:
            named = _FUNCTION.search(group["logGroupName"])
            if not named:
                continue
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            for event in (event for one in pages for event in one["events"]):
                if report := _REPORT.search(event["message"]):
                    yield named[1], int(report[1]) / 1000, int(report[2])


def _captured() -> dict[str, float]:
    """Seconds and peak memory of the tabulation of an hour's captured requests, in a process of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        making = f"from pathlib import Path; from bench.traffic import make; make(Path({scratch!r}), {CAPTURED})"
        watch([sys.executable, "-c", making])
        run = watch([sys.executable, "-m", "bench.traffic", "--child", scratch])
    return {"requests": CAPTURED, "seconds": round(run.wall, 2), "cpu": round(run.cpu, 2), "peak": run.peak}


if __name__ == "__main__":
    main()
