"""A deployment in the middle of a run: what an earlier release left in each of its states is gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perennial.records import Run
from tests.faults.account import Account, assert_invariants, table
from tests.faults.recordings import FOLDER, read, restore, snapshot
from tests.faults.test_runs import walk_to
from tests.faults.workflow import definition

RELEASES = sorted(FOLDER.glob("*.json.xz"))
STATES = [(path, number) for path in RELEASES for number in range(len(read(path)["states"]))]
QUICK = 8  # `make test` goes on with every so many states, `make faults` with all of them
RENAMED = ("BeginRelease", "Ask", "Hear", "AskCanary", "Restore")  # functions that the deployment takes away


def names(case: Any) -> str:
    return case.name.removesuffix(".json.xz") if isinstance(case, Path) else str(case)


@pytest.mark.parametrize(
    ("path", "number"),
    [pytest.param(*state, marks=pytest.mark.quick if state[1] % QUICK == 0 else ()) for state in STATES],
    ids=names,
)
def test_a_run_under_way_ends_once_and_the_next_upload_is_promoted(account: Account, path: Path, number: int) -> None:
    """An execution goes on by the state machine that it began with, and calls this release's functions."""
    recorded = read(path)
    execution = restore(account, recorded["states"][number], recorded["definition"])
    champion = account.champion("apples")
    assert champion == account.served("apples") or execution.entered == []
    account.settle()
    run = account.world.ledger.run(execution.name)
    assert run.state in ("promoted", "failed"), run.reasons
    if run.state == "failed":
        assert any(name in run.reasons[1] for name in RENAMED), run.reasons
    assert_invariants(account)
    key = account.upload("apples", "next.csv", table(7))
    account.settle()
    assert account.run(key).state == "promoted", account.run(key).reasons
    assert_invariants(account)


@pytest.mark.quick
@pytest.mark.parametrize("path", RELEASES, ids=names)
def test_every_row_of_an_earlier_release_is_read_and_written_again(account: Account, path: Path) -> None:
    recorded = read(path)
    kinds = set()
    for state in recorded["states"]:
        for item in state["items"]:
            kinds.add(item["sk"]["S"].split("#")[0])
            if item["sk"]["S"].startswith("run#"):
                run = Run.model_validate_json(item["record"]["S"])
                assert Run.model_validate_json(run.model_dump_json()) == run
    assert {"dataset", "run", "version", "champion", "grid", "lease"} <= kinds


@pytest.mark.quick
def test_a_recording_of_this_release_is_gone_on_with_in_every_state(account: Account) -> None:
    """The recorder itself: what it keeps is enough. It makes the recording of a release before the next one."""
    account.upload("apples", "first.csv", table(0))
    account.settle()
    _, execution = walk_to(account, "second.csv", "Judge")
    kept = snapshot(account, execution)
    again = restore(account, kept, definition())
    account.settle()
    assert account.world.ledger.run(again.name).state == "promoted"
