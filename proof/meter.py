"""What a proof used of AWS, as far as AWS tells it: the quantities that the prices are for."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from cloud.platform import client
from perennial.environment import Environment
from perennial.records import Run
from proof import leftovers


class Meter:
    """Counts instance hours of an endpoint by looking at it, from `start` to `stop`.

    Args:
        environment: of the proof.
        endpoint: its name.
        pause: seconds between two looks.
        keys: the number of KMS keys of its stacks.
    """

    def __init__(self, environment: Environment, endpoint: str, pause: float, keys: int) -> None:
        self._environment, self._endpoint, self._pause, self._keys = environment, endpoint, pause, keys
        self._began, self._ended = time.time(), threading.Event()
        self._instance_seconds = 0.0
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Looks no more."""
        self._ended.set()
        self._thread.join()

    def used(self, runs: list[Run], state_machine: str, batch_seconds: float) -> dict[str, float]:
        """The quantities by item of the prices. Call it before the resources are deleted."""
        hours = (time.time() - self._began) / 3600
        return {
            "endpoint instances": self._instance_seconds / 3600,
            "training": sum(_billed(run.training_job) for run in runs if run.training_job) / 3600,
            "batch transform": batch_seconds / 3600,
            "functions": self._gigabyte_seconds(),
            "states": _transitions(state_machine),
            "keys": self._keys * hours,
            "alarms": _alarms(self._environment, self._endpoint) * hours,
            "requests, logs and storage": 1,
        }

    def _watch(self) -> None:
        last = time.monotonic()
        while not self._ended.wait(self._pause):
            now = time.monotonic()
            self._instance_seconds += self._instances() * (now - last)
            last = now

    def _instances(self) -> int:
        """Of the fleet that serves and of the one that is coming up."""
        try:
            found = client("sagemaker").describe_endpoint(EndpointName=self._endpoint)
        except ClientError:
            return 0
        pending = (found.get("PendingDeploymentSummary") or {}).get("ProductionVariants", [])
        variants = [*found.get("ProductionVariants", []), *pending]
        return sum(one.get("CurrentInstanceCount") or one.get("DesiredInstanceCount") or 0 for one in variants)

    def _gigabyte_seconds(self) -> float:
        """By the metric Duration of the functions, which CloudWatch has with a delay of minutes."""
        now, total = datetime.now(UTC), 0.0
        began = datetime.fromtimestamp(self._began, UTC) - timedelta(minutes=1)
        for page in client("lambda").get_paginator("list_functions").paginate():
            for one in page["Functions"]:
                if one["FunctionName"].startswith(leftovers.stacks_of(self._environment)):
                    answer = client("cloudwatch").get_metric_statistics(
                        Namespace="AWS/Lambda", MetricName="Duration", StartTime=began, EndTime=now, Period=3600,
                        Dimensions=[{"Name": "FunctionName", "Value": one["FunctionName"]}], Statistics=["Sum"],
                    )  # fmt: skip
                    total += sum(point["Sum"] for point in answer["Datapoints"]) / 1000 * one["MemorySize"] / 1024
        return total


def _billed(job: str) -> float:
    """Seconds for which SageMaker bills a training job."""
    try:
        found = client("sagemaker").describe_training_job(TrainingJobName=job)
    except ClientError:
        return 0.0
    return float(found.get("BillableTimeInSeconds", 0))


def _transitions(state_machine: str) -> float:
    """States that the executions entered, without those of the maps' children."""
    states, entered = client("stepfunctions"), 0
    for page in states.get_paginator("list_executions").paginate(stateMachineArn=state_machine):
        for execution in page["executions"]:
            arn = execution["executionArn"]
            for events in states.get_paginator("get_execution_history").paginate(executionArn=arn):
                entered += sum(event["type"].endswith("StateEntered") for event in events["events"])
    return float(entered)


def _alarms(environment: Environment, endpoint: str) -> int:
    prefixes = (*leftovers.stacks_of(environment), f"{endpoint}-")
    pages = client("cloudwatch").get_paginator("describe_alarms").paginate()
    return sum(alarm["AlarmName"].startswith(prefixes) for page in pages for alarm in page["MetricAlarms"])
