"""Shows a run while it goes on: a status line on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from rich.status import Status

from cli.output import interrupted, note, stderr
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial.client.decision import Decision
from perennial.client.following import TRAINING, Progress, follow, follow_run


def watch(platform: Platform, ledger: Ledger, dataset: str) -> Decision:
    """Follows and shows the run of a dataset. Returns its decision."""
    return _watch(follow(platform, ledger, dataset), "waiting for the upload to be claimed ...", dataset)


def watch_run(platform: Platform, ledger: Ledger, run: str) -> Decision:
    """The same for a run without an upload."""
    return _watch(follow_run(platform, ledger, run), "waiting for the run to begin ...", run)


def _watch(events: Iterator[Progress | Decision], first: str, identity: str) -> Decision:
    following = f"next: perennial explain {identity}, or to end it: perennial stop {identity}"
    with stderr().status(first) as status:
        shown_states: set[str] = set()
        with interrupted(lambda: f"only this command has ended: the run goes on in the cloud; {following}"):
            for event in events:
                if isinstance(event, Decision):
                    return event
                _show(event, status, shown_states)
    raise AssertionError("it ends with a Decision")


def _show(event: Progress, status: Status, shown_states: set[str]) -> None:
    if event.state:
        status.update(f"{event.state} ...")
        if not status.console.is_terminal and event.state not in shown_states:  # polling enters some states many times
            note(f"  {event.state}", status.console)
        shown_states.add(event.state)
    elif event.training:
        status.update(f"{TRAINING}: {event.training} ...")
        if not status.console.is_terminal:
            note(f"  training: {event.training}", status.console)
    elif event.step:
        for sentence in event.step.sentences:
            note(f"  {event.step.name}: {sentence}", status.console)
