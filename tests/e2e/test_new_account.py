"""A new account, with its quotas in force: what is refused is told with the request to make, and then it works."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import account_quotas
from tests.e2e.conftest import MODELS, Loop, deployed, until
from tests.e2e.data import as_csv, orders
from tests.embedded.assemblies import make_role

pytestmark = pytest.mark.slow

REQUEST = re.compile(r"--service-code (\S+) --quota-code (L-[0-9A-F]{8}) --desired-value (\d+)")


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    """A new account in which the stacks were deployed with their default settings."""
    folder = tmp_path_factory.mktemp("new")
    models = folder / "models"
    models.mkdir()
    shutil.copy(MODELS / "orders.yaml", models)
    with deployed(folder, models, ["--account", "new"], {}) as found:
        yield found


def doctor(loop: Loop) -> dict:
    """The command's findings about the quotas."""
    found = json.loads(loop.perennial("doctor", "--json").stdout)["findings"]
    return {finding["name"]: finding for finding in found}["quotas"]


@pytest.fixture(scope="module")
def refused(account: Loop) -> dict:
    """The run of an upload for which the account has no instance."""
    account.put("orders/early.csv", as_csv(orders(0, 1500, 1)))
    return account.ended("orders", "orders/early.csv")


@pytest.fixture(scope="module")
def asked(account: Loop, refused: dict) -> list[tuple[str, ...]]:
    """The requests that the command names, made."""
    remedy = doctor(account)["remedy"]
    for request in remedy.split("; "):
        account_quotas.make(request, account.client("service-quotas"))
    return REQUEST.findall(remedy)


@pytest.fixture(scope="module")
def first(account: Loop, asked: list) -> dict:
    """The run of an upload after that."""
    account.put("orders/first.csv", as_csv(orders(0, 1500, 1)))
    return account.ended("orders", "orders/first.csv")


def test_without_an_instance_the_run_fails_at_once_with_the_request(refused: dict) -> None:
    assert refused["state"] == "failed"
    told = " ".join(refused["reasons"])
    assert "the quota 'ml.m5.large for training job usage' of this account and region is 0, and 1 are needed" in told
    assert "--quota-code L-611FA074 --desired-value 1" in told


def test_doctor_names_each_request_with_the_doubling_of_a_release(account: Loop, asked: list) -> None:
    assert ("sagemaker", "L-611FA074", "1") in asked  # training
    assert ("sagemaker", "L-614B09FD", "2") in asked  # an endpoint of one instance, and its new fleet
    assert ("sagemaker", "L-236AE59F", "1") in asked  # transform
    assert doctor(account)["ok"]


def test_with_the_quotas_granted_an_upload_becomes_champion_and_predicts(account: Loop, first: dict) -> None:
    assert first["state"] == "promoted", first["reasons"]
    answer = account.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="perennial-orders", ContentType="application/json", Accept="application/json",
        Body=b'{"price": 300.5, "weight": null, "shop": "north", "gift": true}',
    )  # fmt: skip
    assert len(json.loads(answer["Body"].read())["predictions"]) == 1


@pytest.fixture(scope="module")
def second(account: Loop, first: dict) -> dict:
    """The run of the next upload."""
    account.put("orders/second.csv", as_csv(orders(1500, 1500, 2)))
    return account.ended("orders", "orders/second.csv")


def test_an_update_fits_into_what_was_asked_for(second: dict) -> None:
    assert second["state"] == "promoted", second["reasons"]


def test_a_batch_needs_its_own_quota_which_was_asked_for(account: Loop, first: dict, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_bytes(as_csv(orders(5000, 20, 3).drop(columns="returned")))
    done = account.perennial("batch", "orders", str(rows), "--out", str(tmp_path / "answers.csv"))
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "answers.csv").read_text().splitlines()) == 21


HOLD = """
import pathlib, time
def hold(event, context):
    folder = pathlib.Path(event["folder"])
    (folder / context.aws_request_id).touch()
    while not (folder / "go").exists():
        time.sleep(0.05)
"""


class Crowd:
    """Another application of the account, whose functions run until they may go."""

    def __init__(self, account: Loop, folder: Path) -> None:
        self._lambda, self._folder = account.client("lambda"), folder
        make_role(account.client("iam"), "crowd")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("crowd.py", HOLD)
        for number in range(3):
            self._lambda.create_function(
                FunctionName=f"crowd-{number}", Runtime="python3.13", Handler="crowd.hold", Timeout=900,
                Role="arn:aws:iam::123456789012:role/crowd", Code={"ZipFile": archive.getvalue()},
            )  # fmt: skip

    def grow_to(self, count: int) -> None:
        """So many of its functions run."""
        event = json.dumps({"folder": str(self._folder)}).encode()
        for number in range(len(list(self._folder.iterdir())), count):
            self._lambda.invoke(FunctionName=f"crowd-{number % 3}", InvocationType="Event", Payload=event)
        until(lambda: len(list(self._folder.iterdir())) == count, 60, f"{count} functions that run")

    def go(self) -> None:
        """None of them runs any more."""
        (self._folder / "go").touch()


@pytest.fixture
def crowd(account: Loop, tmp_path: Path) -> Iterator[Crowd]:
    found = Crowd(account, tmp_path)
    yield found
    found.go()


def test_a_run_whose_functions_are_throttled_waits_and_ends_well_without_an_alarm(
    account: Loop, second: dict, crowd: Crowd
) -> None:
    crowd.grow_to(10)
    done = account.perennial("rollback", "orders", "--why", "to see it wait", "--no-wait", "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)["run"]
    until(lambda: throttled(account, run), 60, "a state that is throttled")
    crowd.go()
    ended = until(lambda: concluded(account, run), 120, "the end of the rollback")
    assert ended["state"] == "promoted", ended["reasons"]
    alarms = account.client("cloudwatch").describe_alarms(StateValue="ALARM")["MetricAlarms"]
    names = [alarm["AlarmName"] for alarm in alarms]
    assert [name for name in names if not name.startswith("TargetTracking-")] == []  # one of them asks to scale in


def concluded(account: Loop, run: str) -> dict | None:
    """The run, once it has ended."""
    (found,) = [one for one in account.records("orders", "run#") if one["id"] == run]
    return found if found["state"] not in ("pending", "running") else None


def throttled(account: Loop, run: str) -> bool:
    """True if Lambda refused a state of the run for the account's concurrency."""
    execution = f"{account.names['state_machine'].replace(':stateMachine:', ':execution:')}:{run}"
    pages = account.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution)
    failed = [event for page in pages for event in page["events"] if event["type"].endswith("Failed")]
    return "Lambda.TooManyRequestsException" in json.dumps(failed, default=str)
