"""Follows a dataset through its run, from the upload to the outcome, by polling the ledger."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError
from rich.status import Status

from cli.output import CommandError, note, stderr
from cloud import executions
from cloud.ledger import Ledger, MissingRecordError
from cloud.platform import Platform
from perennial.identity import upload_run_id
from perennial.outcomes import OUTCOMES, Outcome
from perennial.records import DatasetVersion, Run, Step

CLAIM_WITHIN = 120.0  # seconds within which an upload must be claimed; S3 events are faster


@dataclass(frozen=True)
class Ending:
    """The outcome of a dataset's run. `run` is None if none was started."""

    dataset: str
    run: str | None
    outcome: Outcome
    reasons: tuple[str, ...]
    next_command: str
    version: str | None

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Progress:
    """A progress event: the state that the workflow entered, or a finished step."""

    state: str = ""
    step: Step | None = None


def follow(platform: Platform, ledger: Ledger, dataset: str) -> Iterator[Progress | Ending]:
    """The events of a dataset's run; an Ending comes last. Raises CommandError if nothing claims the upload."""
    _claimed(ledger, dataset, _pause())
    yield from _follow(platform, lambda: (ledger.dataset(dataset), _find_run(ledger, dataset)))


def follow_run(platform: Platform, ledger: Ledger, run: str) -> Iterator[Progress | Ending]:
    """The events of a run without an upload; an Ending comes last."""
    yield from _follow(platform, lambda: (None, ledger.run(run)))


def _follow(
    platform: Platform, read: Callable[[], tuple[DatasetVersion | None, Run | None]]
) -> Iterator[Progress | Ending]:
    steps = states = 0
    while True:
        record, run = read()
        if run:
            entered = _entered_states(platform, run) if run.state == "running" else []
            yield from (Progress(state=name) for name in entered[states:] if not name.endswith("?"))
            states = max(states, len(entered))
            yield from (Progress(step=step) for step in run.steps[steps:])
            steps = len(run.steps)
        ending = _ending(record, run)
        if ending:
            yield ending
            return
        time.sleep(_pause())


def watch(platform: Platform, ledger: Ledger, dataset: str) -> Ending:
    """Follows and shows: a status line on a terminal, plain lines elsewhere. Returns the ending."""
    return _watch(follow(platform, ledger, dataset), "waiting for the upload to be claimed ...", dataset)


def watch_run(platform: Platform, ledger: Ledger, run: str) -> Ending:
    """The same for a run without an upload."""
    return _watch(follow_run(platform, ledger, run), "waiting for the run to begin ...", run)


def _watch(event: Iterator[Progress | Ending], first: str, identity: str) -> Ending:
    with stderr().status(first) as status:
        shown_states: set[str] = set()
        try:
            for one in event:
                if isinstance(one, Ending):
                    return one
                _show(one, status, shown_states)
        except KeyboardInterrupt:
            note(f"the run continues; next: perennial explain {identity}")
            raise
    raise AssertionError("it ends with an Ending")


def _pause() -> float:
    return 0.3 if os.environ.get("AWS_ENDPOINT_URL") else 2.0


def _show(event: Progress, status: Status, shown_states: set[str]) -> None:
    if event.state:
        status.update(f"{event.state} ...")
        if not status.console.is_terminal and event.state not in shown_states:  # polling enters some states many times
            note(f"  {event.state}", status.console)
        shown_states.add(event.state)
    elif event.step:
        for sentence in event.step.sentences:
            note(f"  {event.step.name}: {sentence}", status.console)


def _claimed(ledger: Ledger, dataset: str, pause: float) -> DatasetVersion:
    """Waits until the ledger has the dataset."""
    deadline = time.monotonic() + CLAIM_WITHIN
    while time.monotonic() < deadline:
        try:
            return ledger.dataset(dataset)
        except MissingRecordError:
            pass
        unknown = next((record for record in ledger.unknown_uploads() if record.id[-12:] == dataset[-12:]), None)
        if unknown:
            raise CommandError(
                f"the platform has no spec of model '{unknown.model}'; next: perennial up, or cdk deploy --all"
            )
        time.sleep(pause)
    raise CommandError(
        f"nothing has claimed the upload {dataset} within {CLAIM_WITHIN:g} s;"
        " next: check the dispatch queue and the log of the dispatch function"
    )


def _entered_states(platform: Platform, run: Run) -> list[str]:
    """The states so far; none before the execution starts."""
    try:
        return executions.entered_states(platform, run.id)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return []
        raise


def _find_run(ledger: Ledger, dataset: str) -> Run | None:
    try:
        return ledger.run(upload_run_id(dataset))
    except MissingRecordError:
        return None


def _ending(record: DatasetVersion | None, run: Run | None) -> Ending | None:
    """The run's outcome, or the dataset's if it had no run."""
    if run and run.state in OUTCOMES:
        return Ending(run.dataset, run.id, run.state, run.reasons, run.next_command, run.version)
    if run is None and record is not None and record.state in OUTCOMES:
        return Ending(record.id, None, record.state, (), "perennial runs", None)
    return None
