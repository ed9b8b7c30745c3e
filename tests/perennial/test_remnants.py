"""Resources of no endpoint are deleted; an endpoint that may answer to somebody is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perennial.remnants import Findings, Resources, judge

FOUND = Resources(
    model="loans", ownership="deployed", endpoint="perennial-loans-new", pending="", champion="perennial-loans-new",
    configs=("perennial-loans-new", "perennial-loans-old"), alarms=("perennial-loans-errors",),
    wanted={"perennial-loans-new", "perennial-loans-old"},
)  # fmt: skip


def test_a_model_that_serves_as_the_ledger_says_is_left_alone() -> None:
    assert judge(FOUND) == Findings()


def test_a_configuration_that_nothing_may_serve_again_is_deleted() -> None:
    orphan = replace(FOUND, configs=(*FOUND.configs, "perennial-loans-shadow-1"))
    assert judge(orphan) == Findings(configs=("perennial-loans-shadow-1",))
    pending = replace(orphan, pending="perennial-loans-shadow-1")
    assert judge(pending) == Findings()


def test_what_belongs_to_an_endpoint_that_is_not_there_is_deleted_and_what_may_serve_again_is_kept() -> None:
    gone = replace(FOUND, endpoint=None, configs=(*FOUND.configs, "perennial-loans-shadow-1"))
    assert judge(gone) == Findings(("perennial-loans-shadow-1",), FOUND.alarms, unscale=True)
    retired = replace(gone, ownership="retired")
    assert judge(retired) == Findings(gone.configs, FOUND.alarms, unscale=True)


@pytest.mark.parametrize(("ownership", "word"), [("nobody", "no spec of this deployment"), ("retired", "is retired")])
def test_an_endpoint_that_nobody_owns_is_told_and_never_deleted(ownership: str, word: str) -> None:
    found = judge(replace(FOUND, ownership=ownership))  # type: ignore[arg-type]
    assert (found.configs, found.alarms, found.unscale) == ((), (), False)
    assert word in found.told[0]
    assert found.next_command == "perennial retire loans"


def test_a_champion_that_does_not_serve_is_told() -> None:
    found = judge(replace(FOUND, endpoint="perennial-loans-old"))
    assert "serves the configuration perennial-loans-old, and the champion's is perennial-loans-new" in found.told[0]
