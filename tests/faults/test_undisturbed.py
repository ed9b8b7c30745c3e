"""Without a fault each ending is reached and the invariants hold: what the other tests compare with."""

from __future__ import annotations

import pytest

from tests.faults.account import Account, assert_invariants, table


@pytest.mark.quick
def test_uploads_become_champions_one_after_another(account: Account) -> None:
    first = account.upload("apples", "1.csv", table(1))
    account.settle()
    assert account.run(first).state == "promoted", account.run(first).reasons
    champion = account.champion("apples")
    second = account.upload("apples", "2.csv", table(2))
    account.settle()
    assert account.run(second).state == "promoted", account.run(second).reasons
    found = account.world.ledger.champion("apples")
    assert found is not None
    assert (found.previous, account.served("apples")) == (champion, found.version)
    assert_invariants(account)
