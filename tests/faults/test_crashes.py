"""A disturbed AWS call of the loop ends as the undisturbed run would, or in a clear failure that is resumed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.faults.account import Account, assert_invariants, table
from tests.faults.workflow import StateError
from tests.functions.disturbances import How, disturbed

NEVER_CAME_BACK = "Lambda.SdkClientException"
#: the disturbance of a call, the error that Step Functions sees then, and whether the state is tried again
WAYS: dict[str, tuple[How, str, bool]] = {
    "killed, and tried again": ("killed", NEVER_CAME_BACK, True),
    "killed": ("killed", "", False),
    "response lost": ("lost", "", False),
    "done twice": ("twice", "", True),
}
LOOP = ("Plan", "Inspect", "Merge", "Compare", "Prepare", "Judge", "Register")
RELEASE = ("StartDeployment", "CheckEndpoint", "Verify", "FinishRelease")


@dataclass
class Disturbance:
    """One call of a function's invocations, by number over all of them or by operation, and what was met."""

    account: Account
    function: str
    which: int | str
    way: str
    calls: list[str] = field(default_factory=list)

    @property
    def met(self) -> str:
        """The operation that was disturbed; '' where the function makes fewer calls."""
        if isinstance(self.which, str):
            return self.which if self.which in self.calls else ""
        return self.calls[self.which - 1] if len(self.calls) >= self.which else ""

    def __call__(self, name: str, payload: Any, data: dict[str, Any]) -> Any:
        how, error, _ = WAYS[self.way]
        if name != self.function or self.met:
            return self.undisturbed(name, payload, data)
        which = self.which if isinstance(self.which, str) else self.which - len(self.calls)
        try:
            with disturbed(self.account.world.ledger, which, how) as calls:
                return self.undisturbed(name, payload, data)
        except StateError as failed:
            if error and failed.error == "Runtime.ExitError":
                raise StateError(error, "the connection was closed") from None
            raise
        finally:
            self.calls += calls

    @contextmanager
    def under_way(self) -> Iterator[None]:
        self.undisturbed, self.account.call = self.account.call, self
        yield
        self.account.call = self.undisturbed


def every_call(account: Account, function: str, way: str) -> list[tuple[str, str]]:
    """Disturbs each call of a function in a run of its own; gives the operations and the ends of the runs."""
    found: list[tuple[str, str]] = []
    repeated = 0
    while True:
        number = len(found) + 1
        key = account.upload("apples", f"{number}.csv", table(number))
        disturbance = Disturbance(account, function, number, way)
        with disturbance.under_way():
            account.settle()
        run = account.run(key)
        if not disturbance.met:
            break
        repeated += disturbance.met == "Publish"
        assert run.state in ("promoted",) if WAYS[way][2] else ("promoted", "failed"), (disturbance.met, run.reasons)
        if run.state == "failed":
            assert "perennial explain" in run.next_command
        found.append((disturbance.met, run.state))
        assert_invariants(account, repeated)
    assert run.state == "promoted", run.reasons  # the upload after the last disturbance is a resumed one
    assert account.champion("apples") == run.version == account.served("apples")
    return found


@pytest.mark.quick
def test_every_function_of_a_promoted_run_is_disturbed(account: Account) -> None:
    called, call = set(), account.call

    def noted(name: str, payload: Any, data: dict[str, Any]) -> Any:
        called.add(name)
        return call(name, payload, data)

    account.call = noted
    key = account.upload("apples", "1.csv", table(1))
    account.settle()
    assert account.run(key).state == "promoted"
    assert called - {"Reconcile"} == {"Dispatch", *LOOP, *RELEASE, "Conclude"}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("function", [*LOOP, *RELEASE])
def test_a_state_ends_as_the_undisturbed_run_or_in_a_failure_that_is_resumed(
    account: Account, function: str, way: str
) -> None:
    found = every_call(account, function, way)
    assert len(found) > 3, "a state reads its run and renews its lease at least"


QUICK = [("Conclude", "killed, and tried again"), ("Conclude", "done twice")]
SLOW = [(function, way) for function in ("Dispatch", "Conclude") for way in WAYS if (function, way) not in QUICK]


@pytest.mark.parametrize(("function", "way"), [*QUICK, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)])
def test_dispatch_and_conclusion_are_repeated_until_they_are_done(account: Account, function: str, way: str) -> None:
    """Their message or event comes again, so no run fails for them."""
    found = every_call(account, function, way)
    expected = {"Dispatch": "StartExecution", "Conclude": "SendMessage"}[function]
    assert expected in {operation for operation, _ in found}
    assert {state for _, state in found} == {"promoted"}
