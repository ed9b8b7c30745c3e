"""Task tokens of runs that wait for a person, in the ledger's table, apart from the records that are shown.

A token is a secret: whoever has it can open the gate. It is for AWS alone, and for no log, notice or screen.
"""

from __future__ import annotations

from datetime import datetime

from cloud.ledger import Ledger
from perennial.records import Run


def keep(ledger: Ledger, run: Run, token: str, expires: datetime) -> None:
    """Keep the token of a run in place of an earlier one. The table forgets it by itself some time after `expires`."""
    ledger.table.put_item(Item={**_key(run), "token": token, "expires": int(expires.timestamp())})


def find(ledger: Ledger, run: Run) -> str | None:
    """The token of a run that waits; None where it does not."""
    item = ledger.table.get_item(Key=_key(run), ConsistentRead=True).get("Item")
    return str(item["token"]) if item else None


def forget(ledger: Ledger, run: Run) -> None:
    """The run waits no longer."""
    ledger.table.delete_item(Key=_key(run))


def _key(run: Run) -> dict[str, str]:
    return {"pk": f"model#{run.model}", "sk": f"token#{run.id}"}
