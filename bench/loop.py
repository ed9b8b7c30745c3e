"""Seconds from upload to InService on the embedded cloud, without training: `python -m bench.loop`.

Each upload of flights goes through the whole loop. The overhead is the time from the PutObject to the end of the
run, without the training job's own time; `server` is the part of it in which the inference server starts.
Waits count at the cloud's own speed.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3

from cli import embedded_cloud, project, synthesis
from cli.embedded_cloud import Place
from examples.flights import month, read

ROUNDS = 5


def main() -> None:
    """Measures and prints; `--json` prints JSON."""
    assembly, _ = synthesis.assembly(project.root(), project.build() / "cdk.out")
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as scratch:
        place = Place.below(Path(scratch))
        process = embedded_cloud.start(place, assembly, 0, 20.0, parent=os.getpid())
        try:
            os.environ.update(embedded_cloud.wait_until_ready(place, process).exports)
            rounds = measure()
        finally:
            process.terminate()
            process.wait(timeout=30)
    warm = [each["overhead"] for each in rounds[1:]]
    cold, median = rounds[0]["overhead"], statistics.median(warm)
    if "--json" in sys.argv:
        print(json.dumps({"rounds": rounds, "cold_overhead": cold, "median_overhead": median}, indent=2))
        return
    for each in rounds:
        print("  ".join(f"{name} {value:6.2f}" for name, value in each.items()))
    print(f"overhead: first upload {cold:.2f} s, median of the others {median:.2f} s")


def measure() -> list[dict[str, float]]:
    """One dictionary of seconds per upload."""
    from cloud.ledger import Ledger
    from cloud.platform import from_parameter
    from perennial.client.decision import Decision
    from perennial.client.following import follow
    from perennial.environment import Environment
    from perennial.identity import dataset_id

    platform = from_parameter(Environment())
    ledger = Ledger(platform.ledger_table)
    flights = read(list(range(1, ROUNDS + 2)))
    rounds = []
    for number in range(1, ROUNDS + 2):
        key, body = f"incoming/flights/{number}.csv", month(flights, number).write_csv().encode()
        begun = time.time()
        put = boto3.client("s3").put_object(Bucket=platform.data_bucket, Key=key, Body=body)
        for event in follow(platform, ledger, dataset_id("flights", platform.data_bucket, key, put["VersionId"])):
            if isinstance(event, Decision):
                assert event.outcome in ("promoted", "refused"), event
                rounds.append(_split(begun, str(event.run), platform.state_machine, event.outcome))
    return rounds


def _split(begun: float, run: str, machine: str, outcome: str) -> dict[str, float]:
    """The seconds of a run by activity."""
    job = boto3.client("sagemaker").describe_training_job(TrainingJobName=run)
    training = (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds()
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{run}"
    events: list[dict[str, Any]] = boto3.client("stepfunctions").get_execution_history(
        executionArn=arn, maxResults=1000
    )["events"]
    entered = [(e["stateEnteredEventDetails"]["name"], e["timestamp"].timestamp()) for e in events
               if "stateEnteredEventDetails" in e]  # fmt: skip
    total = events[-1]["timestamp"].timestamp() - begun
    server = 0.0
    if outcome == "promoted":
        waiting = next(at for name, at in entered if name == "Wait for endpoint")
        server = next(at for name, at in entered if name == "Verify") - waiting
    return {"total": total, "training": training, "server": server, "overhead": total - training}


if __name__ == "__main__":
    main()
