"""The work of a run does not grow with the runs before it: a later upload costs the same AWS calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest

from tests.faults.account import Account, table
from tests.functions.disturbances import disturbed

UPLOADS = 6


@pytest.mark.quick
def test_no_function_makes_more_calls_for_a_later_upload(account: Account) -> None:
    calls: dict[str, Counter[str]] = defaultdict(Counter)
    call = account.call

    def counted(name: str, payload: Any, data: dict[str, Any]) -> Any:
        with disturbed(account.world.ledger, 0) as found:
            answer = call(name, payload, data)
        calls[name].update(found)
        return answer

    account.call = counted
    by_upload = []
    for number in range(UPLOADS):
        key = account.upload("apples", f"{number}.csv", table(number))
        account.settle()
        assert account.run(key).state == "promoted"
        by_upload.append({name: dict(found) for name, found in calls.items()})
        calls.clear()
    for found in by_upload:  # the first uploads have fewer old configurations to delete; endpoint_configs bounds them
        for deleted in ("DeleteEndpointConfig", "DeleteModel"):
            found["FinishRelease"].pop(deleted, None)
    assert by_upload[-1] == by_upload[2]  # the second version is the first one with a predecessor
