"""Leaving: a model is retired and comes back; after `retire --all` and the end of the stacks nothing costs money."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from embedded.cloud import Cloud
from perennial import layout
from tests.e2e.clouds import environment
from tests.e2e.conftest import Loop, connect, synthesize, until
from tests.e2e.data import ORDERS, as_csv, orders

pytestmark = pytest.mark.slow

SPEC = ORDERS.replace("returns", "NAME") + 'training: {estimator: "own:ESTIMATOR", window: 1}\n'
OWN = """\
import time
from sklearn.ensemble import HistGradientBoostingClassifier

def quick(columns, parameters, seed):
    return HistGradientBoostingClassifier(max_iter=10, random_state=seed)

def slow(columns, parameters, seed):
    time.sleep(600)
"""


@dataclass(frozen=True)
class Account:
    """A cloud in this process with the platform deployed, and the loop."""

    cloud: Cloud
    loop: Loop

    def left(self) -> dict[str, list[str]]:
        """The resources in each service that costs money, without the test's own inbox."""
        return {name: sorted(look(self.loop)) for name, look in SERVICES.items()}


def _names(service: str, operation: str, key: str, name: str) -> Callable[[Loop], list[str]]:
    def look(loop: Loop) -> list[str]:
        client = loop.client(service)
        found = getattr(client, operation)()
        return [entry if isinstance(entry, str) else str(entry[name]) for entry in found.get(key, [])]

    return look


def _targets(loop: Loop) -> list[str]:
    found = loop.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="sagemaker")
    return [target["ResourceId"] for target in found["ScalableTargets"]]


def _policies(loop: Loop) -> list[str]:
    found = loop.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="sagemaker")
    return [policy["PolicyName"] for policy in found["ScalingPolicies"]]


def _jobs(loop: Loop) -> list[str]:
    sagemaker = loop.client("sagemaker")
    found = sagemaker.list_training_jobs()["TrainingJobSummaries"]
    return [job["TrainingJobName"] for job in found if job["TrainingJobStatus"] in ("InProgress", "Stopping")]


def _keys(loop: Loop) -> list[str]:
    kms = loop.client("kms")
    ids = [key["KeyId"] for key in kms.list_keys()["Keys"]]
    states = {key: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] for key in ids}
    return [key for key, state in states.items() if state == "Enabled"]


def _queues(loop: Loop) -> list[str]:
    urls = loop.client("sqs").list_queues().get("QueueUrls", [])
    return [url for url in urls if url != loop.inbox]


SERVICES: dict[str, Callable[[Loop], list[str]]] = {
    "sagemaker endpoints": _names("sagemaker", "list_endpoints", "Endpoints", "EndpointName"),
    "sagemaker endpoint configurations": _names(
        "sagemaker", "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"
    ),
    "sagemaker models": _names("sagemaker", "list_models", "Models", "ModelName"),
    "sagemaker training jobs that run": _jobs,
    "sagemaker model package groups": _names(
        "sagemaker", "list_model_package_groups", "ModelPackageGroupSummaryList", "ModelPackageGroupName"
    ),
    "application-autoscaling targets": _targets,
    "application-autoscaling policies": _policies,
    "cloudwatch alarms": _names("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    "cloudwatch dashboards": _names("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    "log groups": _names("logs", "describe_log_groups", "logGroups", "logGroupName"),
    "lambda functions": _names("lambda", "list_functions", "Functions", "FunctionName"),
    "lambda layers": _names("lambda", "list_layers", "Layers", "LayerName"),
    "lambda event sources": _names("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    "sqs queues": _queues,
    "sns topics": _names("sns", "list_topics", "Topics", "TopicArn"),
    "event rules": _names("events", "list_rules", "Rules", "Name"),
    "schedules": _names("scheduler", "list_schedules", "Schedules", "Name"),
    "state machines": _names("stepfunctions", "list_state_machines", "stateMachines", "name"),
    "kms keys": _keys,
    "parameters": _names("ssm", "describe_parameters", "Parameters", "Name"),
    "s3 buckets": _names("s3", "list_buckets", "Buckets", "Name"),
    "dynamodb tables": _names("dynamodb", "list_tables", "TableNames", ""),
}
#: what stays on purpose, or belongs to the account: docs/aws.md names each
KEPT = {
    "sagemaker model package groups": ["perennial-first", "perennial-second"],
    "log groups": ["/aws/sagemaker/TrainingJobs"],
    "kms keys": ["the key of models"],
    "s3 buckets": ["assets", "access logs", "data", "models", "traffic"],
    "dynamodb tables": ["the ledger"],
}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "models").mkdir()
    (folder / "app.py").touch()
    (folder / "models" / "own.py").write_text(OWN)
    for name, estimator in (("first", "quick"), ("second", "quick"), ("third", "slow"), ("never", "quick")):
        text = SPEC.replace("NAME", name).replace("ESTIMATOR", estimator)
        (folder / "models" / f"{name}.yaml").write_text(text)
    synthesize(folder / "cdk.out", models=str(folder / "models"))
    with Cloud.start(speed=20.0) as cloud:
        cloud.deploy(folder / "cdk.out")
        loop = connect(environment() | cloud.exports(), folder)
        yield Account(cloud, loop)


@pytest.fixture(scope="module")
def served(account: Account) -> dict[str, str]:
    """The versions that serve: two models, and one that trains for long."""
    rows = orders(0, 1500, 1)[["order", "price", "gift", "returned"]]
    for name in ("first", "second"):
        account.loop.put(f"{name}/a.csv", as_csv(rows))
    found = {}
    for name in ("first", "second"):
        run = account.loop.ended(name, f"{name}/a.csv", timeout=150)
        assert run["state"] == "promoted", run["reasons"]
        found[name] = str(run["version"])
    return found


def answer(loop: Loop, *words: str, code: int = 0) -> Any:
    done = loop.perennial(*words, "--json")
    assert done.returncode == code, (done.stdout, done.stderr)
    return json.loads(done.stdout)


def test_a_machine_says_yes_and_a_person_is_asked(account: Account, served: dict[str, str]) -> None:
    loop = account.loop
    refused = loop.perennial("retire", "first")
    assert refused.returncode == 2
    assert b"--yes" in refused.stderr
    assert b"endpoint (InService)" in refused.stderr
    assert answered(loop, "n\n") == 1
    assert loop.client("sagemaker").describe_endpoint(EndpointName="perennial-first")["EndpointStatus"] == "InService"


def answered(loop: Loop, text: str) -> int:
    """The exit code of `perennial retire first` on a terminal where somebody types the text."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "retire", "first"], cwd=loop.checkout, env=loop.environment,
        stdin=follower, stdout=follower, stderr=follower,
    )  # fmt: skip
    os.close(follower)
    os.write(leader, text.encode())
    try:
        while os.read(leader, 1024):
            pass
    except OSError:  # the other end is closed
        pass
    os.close(leader)
    return process.wait(timeout=300)


def test_a_retired_model_says_so_wherever_it_is_asked_and_comes_back(account: Account, served: dict[str, str]) -> None:
    loop, version = account.loop, served["first"]
    told = answer(loop, "retire", "first", "--yes", "--why", "nobody asks it")
    assert told["outcome"] == "retired"
    again = answer(loop, "retire", "first", "--yes")
    assert (again["outcome"], again["run"]) == ("retired", told["run"])
    listed = {model["model"]: model for model in answer(loop, "models")}
    assert listed["first"]["status"].startswith("retired since ")
    assert (listed["first"]["champion"], listed["first"]["retired"]["version"]) == (None, version)
    assert listed["second"]["retired"] is None

    rows = as_csv(orders(0, 200, 3)[["order", "price", "gift", "returned"]])
    (loop.checkout / "rows.csv").write_bytes(rows)
    for words in (("predict", "rows.csv", "--model", "first"), ("batch", "first", "rows.csv"), ("rollback", "first")):
        result = loop.perennial(*words)
        assert result.returncode == 1
        assert b"first is retired since" in result.stderr
        assert b"next: perennial retire first --undo" in result.stderr
    result = loop.perennial("upload", "rows.csv", "--model", "first")
    assert result.returncode == 3
    assert b"takes no uploads; next: perennial retire first --undo" in result.stderr
    loop.put("first/by-a-program.csv", rows)
    run = loop.ended("first", "first/by-a-program.csv")
    assert (run["state"], run["reasons"][0]) == ("refused", "The model is retired; nothing was started.")
    assert run["next_command"].startswith("perennial retire first --undo")
    assert account.left()["sagemaker endpoints"] == ["perennial-second"]
    explained = loop.perennial("explain", told["run"]).stdout.decode()
    assert "nobody asks it" in explained
    page = until(lambda: report(loop, "first", told["run"]), 30, "the report of the retirement")
    assert "Retired" in page

    assert loop.perennial("retire", "first", "--undo").returncode == 0
    assert loop.perennial("retire", "first", "--undo").returncode == 1
    back = answer(loop, "rollback", "first")
    assert (back["from"], back["to"], back["outcome"]) == (None, version, "promoted")
    assert loop.perennial("predict", "rows.csv", "--model", "first").returncode == 0
    sagemaker = loop.client("sagemaker")
    group = sagemaker.describe_model_package_group(ModelPackageGroupName="perennial-first")["ModelPackageGroupArn"]
    assert sagemaker.list_tags(ResourceArn=group)["Tags"] == []


def report(loop: Loop, model: str, run: str) -> str:
    """The page of a run; '' while there is none."""
    s3 = loop.client("s3")
    try:
        found = s3.get_object(Bucket=loop.names["models_bucket"], Key=layout.report(model, run))
    except s3.exceptions.NoSuchKey:
        return ""
    return str(found["Body"].read().decode())


def test_a_run_under_way_is_stopped_only_on_request(account: Account, served: dict[str, str]) -> None:
    loop = account.loop
    loop.put("third/a.csv", as_csv(orders(0, 600, 9)[["order", "price", "gift", "returned"]]))
    until(lambda: account.left()["sagemaker training jobs that run"], 60, "the training")
    run = loop.run_of("third", "third/a.csv")
    assert run is not None
    refused = loop.perennial("retire", "third", "--yes")
    assert refused.returncode == 1
    (line,) = [text for text in refused.stderr.decode().splitlines() if text.startswith("error:")]
    assert f"{run['id']} of 'third' is under way (upload)" in line
    assert "perennial retire third --stop" in line
    assert loop.perennial("retire", "--all", "--yes").returncode == 1  # and it has begun with none


def test_what_is_no_model_is_wrong_usage(account: Account) -> None:
    for words in ((), ("first", "--all"), ("fisrt",), ("--all", "--undo")):
        assert account.loop.perennial("retire", "--yes", *words).returncode == 2, words


def test_after_retire_all_and_destroy_nothing_costs_money_but_what_is_kept(
    account: Account, served: dict[str, str]
) -> None:
    """Counts service by service. It is the last test: nothing of the platform is there afterwards."""
    loop = account.loop
    before = account.left()
    assert before["sagemaker endpoints"] == ["perennial-first", "perennial-second"]
    assert len(before["application-autoscaling policies"]) == 2
    told = answer(loop, "retire", "--all", "--stop", "--yes")
    assert {one["model"]: one["outcome"] for one in told} == {
        "first": "retired", "second": "retired", "third": "retired",
    }  # fmt: skip
    between = account.left()
    for service in (
        *("sagemaker endpoints", "sagemaker endpoint configurations", "sagemaker models"),
        *("application-autoscaling targets", "application-autoscaling policies", "sagemaker training jobs that run"),
    ):
        assert between[service] == [], service
    assert not [name for name in between["cloudwatch alarms"] if name.startswith(("perennial-f", "TargetTracking"))]

    buckets, ledger = loop.names, loop.names["ledger_table"]
    account.cloud.destroy()
    left = account.left()
    assert {service for service, names in left.items() if names} == set(KEPT)
    for service in ("sagemaker model package groups", "log groups"):
        assert left[service] == KEPT[service]
    assert left["dynamodb tables"] == [ledger]
    assert left["kms keys"] == [buckets["signing_key"].rpartition("/")[2]]
    kept = {buckets[f"{name}_bucket"] for name in ("data", "models", "traffic")}
    others = [name for name in left["s3 buckets"] if name not in kept]
    assert kept <= set(left["s3 buckets"])
    assert [("assets" in name, "accesslogs" in name) for name in sorted(others)] == [(True, False), (False, True)]
    ledger_item = loop.client("dynamodb").scan(TableName=ledger, Limit=1)
    assert ledger_item["Items"], "the ledger is kept with its records"
