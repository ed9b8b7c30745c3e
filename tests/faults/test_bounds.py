"""More uploads or bytes in a day than the spec allows wait for the next day: one notice, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from perennial.spec import parse
from tests.faults.account import SPEC, Account, assert_invariants, table
from tests.faults.workflow import StateError


def bounded(account: Account, bounds: str) -> None:
    spec = SPEC.replace("NAME", "apples").replace("uploads: snapshot", f"uploads: snapshot, {bounds}")
    account.specs["apples"] = parse(spec)


@pytest.mark.parametrize("bounds", ["daily_uploads: 2", f"daily_gb: {2.5 * len(table(1)) / 1e9:.9f}"])
def test_further_uploads_start_the_next_day_and_are_told_once(account: Account, bounds: str) -> None:
    bounded(account, bounds)
    for number in range(5):
        account.upload("apples", f"{number}.csv", table(number))
        account.settle()
    assert len(account.world.ledger.datasets("apples")) == 2
    assert account.reconcile()["found"] == 0
    told = [notice for notice in account.read_notices() if "wait for tomorrow" in notice["subject"]]
    assert len(told) == 1
    assert "Next: raise data.daily_uploads or data.daily_gb" in told[0]["text"]
    for day, known in ((1, 4), (2, 5)):
        account.clock.forward(days=1)
        for _ in range(3):
            account.reconcile()
            account.settle()
        assert len(account.world.ledger.datasets("apples")) == known, day
    assert_invariants(account)


@pytest.mark.quick
def test_one_large_upload_is_admitted_and_a_repeated_event_counts_once(account: Account) -> None:
    bounded(account, "daily_gb: 0.000000001")
    account.upload("apples", "a.csv", table(1))
    account.deliver(*account.events, *account.events)
    account.settle()
    (dataset,) = account.world.ledger.datasets("apples")
    assert dataset.state == "promoted"
    day = f"{account.clock.now:%Y-%m-%d}"
    assert account.world.ledger.day_counts("apples", day) == (1, dataset.size)


def test_one_models_bound_holds_for_it_alone(account: Account) -> None:
    bounded(account, "daily_uploads: 1")
    for model in ("apples", "pears"):
        for number in range(2):
            account.upload(model, f"{number}.csv", table(number))
    account.settle()
    assert [len(account.world.ledger.datasets(model)) for model in ("apples", "pears")] == [1, 2]


def test_parts_that_a_manifest_names_are_counted_once_though_the_plan_is_repeated(account: Account) -> None:
    size = len(table(1))
    bounded(account, f"daily_gb: {2.5 * size / 1e9:.9f}")
    undisturbed, plans = account.call, list[str]()

    def call(name: str, payload: Any, data: dict[str, Any]) -> Any:
        found = undisturbed(name, payload, data)
        if name == "Plan" and not plans:
            plans.append(name)
            raise StateError("Lambda.SdkClientException", "the response was lost")
        return found

    account.call = call
    manifest = b'{"files": ["0.csv", "1.csv"]}'
    for number in range(2):
        account.upload("apples", f"a/{number}.csv", table(number))
    account.upload("apples", "a/manifest.json", manifest)
    account.settle()
    assert plans
    day = f"{account.clock.now:%Y-%m-%d}"
    assert account.world.ledger.day_counts("apples", day) == (1, 2 * size + len(manifest))
    account.upload("apples", "b.csv", table(2))
    account.settle()
    assert len(account.world.ledger.datasets("apples")) == 1
    assert [one for one in account.read_notices() if "wait for tomorrow" in one["subject"]]
    account.clock.forward(days=1)
    account.reconcile()
    account.settle()
    assert len(account.world.ledger.datasets("apples")) == 2
