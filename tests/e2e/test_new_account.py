"""A new account, with its quotas in force: what is refused is told with the request to make, and then it works."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import MODELS, Loop, deployed
from tests.e2e.data import as_csv, orders

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
    """What the command says of the quotas."""
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
    requests = REQUEST.findall(doctor(account)["remedy"])
    for service, code, value in requests:
        account.client("service-quotas").request_service_quota_increase(
            ServiceCode=service, QuotaCode=code, DesiredValue=float(value)
        )
    return requests


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


def test_an_update_fits_into_what_was_asked_for(account: Loop, first: dict) -> None:
    account.put("orders/second.csv", as_csv(orders(1500, 1500, 2)))
    run = account.ended("orders", "orders/second.csv")
    assert run["state"] in ("promoted", "refused"), run["reasons"]


def test_a_batch_needs_its_own_quota_which_was_asked_for(account: Loop, first: dict, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_bytes(as_csv(orders(5000, 20, 3).drop(columns="returned")))
    done = account.perennial("batch", "orders", str(rows), "--out", str(tmp_path / "answers.csv"))
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "answers.csv").read_text().splitlines()) == 21


def test_no_alarm_on_function_errors_goes_off_for_what_was_throttled(account: Loop, first: dict) -> None:
    """Ten invocations run at once: more are throttled, waited out, and the run ends well."""
    before = time.monotonic()
    parts = {f"part-{number}.csv": as_csv(orders(9000 + 200 * number, 200, number)) for number in range(12)}
    for name, body in parts.items():
        account.put(f"orders/many/{name}", body)
    account.put("orders/many/manifest.json", json.dumps({"files": [{"name": name} for name in parts]}).encode())
    run = account.ended("orders", "orders/many/manifest.json")
    assert run["state"] in ("promoted", "refused"), (run["reasons"], time.monotonic() - before)
