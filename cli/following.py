"""Follows a dataset through its run, from the upload to the outcome, by looking at the ledger."""

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
from perennial.records import OUTCOMES, DatasetVersion, Outcome, Run, Step

CLAIM_WITHIN = 120.0  # seconds until an upload must have been noticed; S3's events may be slow, but not so slow


@dataclass(frozen=True)
class Ending:
    """How a dataset's run ended. `run` is None where none was started."""

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
    """Something new: the state that the workflow has entered, or what a step has found."""

    state: str = ""
    step: Step | None = None


def follow(platform: Platform, ledger: Ledger, dataset: str) -> Iterator[Progress | Ending]:
    """What happens, as it happens; an Ending comes last. CommandError when nothing notices the upload."""
    _claimed(ledger, dataset, _pause())
    yield from _follow(platform, lambda: (ledger.dataset(dataset), _find_run(ledger, dataset)))


def follow_run(platform: Platform, ledger: Ledger, run: str) -> Iterator[Progress | Ending]:
    """What happens in a run that no upload has started; an Ending comes last."""
    yield from _follow(platform, lambda: (None, ledger.run(run)))


def _follow(
    platform: Platform, look: Callable[[], tuple[DatasetVersion | None, Run | None]]
) -> Iterator[Progress | Ending]:
    steps = states = 0
    while True:
        record, run = look()
        if run:
            entered = _entered(platform, run) if run.state == "running" else []
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
    """Follow and show: a moving line on a terminal, plain lines elsewhere. Returns the ending."""
    return _watch(follow(platform, ledger, dataset), "waiting for the upload to be noticed ...", dataset)


def watch_run(platform: Platform, ledger: Ledger, run: str) -> Ending:
    """The same of a run that no upload has started."""
    return _watch(follow_run(platform, ledger, run), "waiting for the run to begin ...", run)


def _watch(news: Iterator[Progress | Ending], first: str, identity: str) -> Ending:
    with stderr().status(first) as status:
        told: set[str] = set()
        try:
            for one in news:
                if isinstance(one, Ending):
                    return one
                _show(one, status, told)
        except KeyboardInterrupt:
            note(f"the run goes on by itself; next: perennial explain {identity}")
            raise
    raise AssertionError("it ends with an Ending")


def _pause() -> float:
    return 0.3 if os.environ.get("AWS_ENDPOINT_URL") else 2.0


def _show(news: Progress, status: Status, told: set[str]) -> None:
    if news.state:
        status.update(f"{news.state} ...")
        if not status.console.is_terminal and news.state not in told:  # some are entered many times, to wait
            note(f"  {news.state}", status.console)
        told.add(news.state)
    elif news.step:
        for sentence in news.step.sentences:
            note(f"  {news.step.name}: {sentence}", status.console)


def _claimed(ledger: Ledger, dataset: str, pause: float) -> DatasetVersion:
    """Wait until the ledger knows the dataset."""
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
        f"nothing has noticed the upload {dataset} within {CLAIM_WITHIN:g} s;"
        " next: look at the dispatch queue and its function's log"
    )


def _entered(platform: Platform, run: Run) -> list[str]:
    """The states so far; none between a run's entry in the ledger and the start of its execution."""
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
    """The run's outcome, or the dataset's where it never came to a run."""
    if run and run.state in OUTCOMES:
        return Ending(run.dataset, run.id, run.state, run.reasons, run.next_command, run.version)
    if run is None and record is not None and record.state in OUTCOMES:
        return Ending(record.id, None, record.state, (), "perennial runs", None)
    return None
