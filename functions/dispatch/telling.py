"""Notices to people: that a run has ended, or that one waits for their word. Each is sent once."""

from __future__ import annotations

from cloud import notices
from functions.dispatch.uploads import Desk
from perennial import approval, conclusion


def notify(desk: Desk, run_id: str) -> None:
    """Send the notice of a run that has ended, once. A failure sends the message back to the queue."""
    run = desk.ledger.run(run_id)
    if not desk.ledger.was_notified(run):
        notices.send(desk.platform, conclusion.notice(run))
        desk.ledger.mark_notified(run)


def ask(desk: Desk, run_id: str) -> None:
    """Tell people that a run waits for their word, once, and only while it does."""
    run = desk.ledger.run(run_id)
    if approval.waits_until(run) is not None and not desk.ledger.was_notified(run, "asked"):
        notices.send(desk.platform, approval.notice(run))
        desk.ledger.mark_notified(run, "asked")
