"""Sends a run's events to a receiver of OpenLineage, such as Marquez or DataHub, by HTTP."""

from __future__ import annotations

from cloud import tracking
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial.records import Run
from perennial.tracking import openlineage
from perennial.tracking.receiver import Receiver

PATH = "api/v1/lineage"


def export(platform: Platform, ledger: Ledger, receiver: Receiver, run: Run, *, with_start: bool = False) -> list[str]:
    """Sends the event of the run's start, or of its end; with `with_start` both of one that ended.

    Returns the types of the events. A receiver takes the same event twice. Raises TrackingError.
    """
    account = tracking.account(platform, ledger, run)
    events = openlineage.events(account, with_start=with_start)
    for event in events:
        tracking.call(receiver, "POST", PATH, event)
    return [str(event["eventType"]) for event in events]
