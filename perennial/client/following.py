"""Follows a run from its upload to its outcome, by polling the ledger and the log of its training job."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from botocore.exceptions import ClientError as AwsError

from cloud import executions
from cloud.evaluations import metric_rows
from cloud.executions import EnteredState
from cloud.job_log import JobLog
from cloud.ledger import Ledger, MissingRecordError
from cloud.platform import Platform
from perennial.client.decision import Decision
from perennial.client.errors import ClientError
from perennial.identity import upload_run_id
from perennial.outcomes import OUTCOMES
from perennial.records import DatasetVersion, Run, Step

CLAIM_WITHIN = 120.0  # seconds within which an upload must be claimed; S3 events are faster
TRAINING = "Train"  # the state in which the training job runs


@dataclass(frozen=True)
class Progress:
    """A progress event: the state that the workflow entered, a finished step, or a line of the training job."""

    state: str = ""
    step: Step | None = None
    training: str = ""


Look = Callable[[], tuple[DatasetVersion | None, Run | None]]


@dataclass
class _Follower:
    """The events of a run, each told once."""

    platform: Platform
    look: Look
    told_steps: int = 0
    last: EnteredState = field(default_factory=lambda: EnteredState(0, ""))
    logs: dict[str, JobLog] = field(default_factory=dict)

    def events(self) -> Iterator[Progress | Decision]:
        """The events until the decision, which comes last."""
        while True:
            dataset, run = self.look()
            if run:
                yield from self._news(run)
            decision = _decision(self.platform, dataset, run)
            if decision:
                yield decision
                return
            time.sleep(pause())

    def _news(self, run: Run) -> Iterator[Progress]:
        entered = _entered_states(self.platform, run, self.last.event) if run.state == "running" else []
        yield from (Progress(state=state.name) for state in entered if not state.name.endswith("?"))
        self.last = entered[-1] if entered else self.last
        if run.state == "running" and self.last.name == TRAINING:
            job = run.training_job or self.platform.environment.training_job(run.id)
            log = self.logs.setdefault(job, JobLog(job))
            yield from (Progress(training=text) for text in log.news())
        yield from (Progress(step=step) for step in run.steps[self.told_steps :])
        self.told_steps = len(run.steps)


def follow(platform: Platform, ledger: Ledger, dataset: str) -> Iterator[Progress | Decision]:
    """The events of a dataset's run; its Decision comes last. Raises ClientError if nothing claims the upload."""
    _claimed(ledger, dataset)
    yield from _Follower(platform, lambda: (ledger.dataset(dataset), _find_run(ledger, dataset))).events()


def follow_run(platform: Platform, ledger: Ledger, run: str) -> Iterator[Progress | Decision]:
    """The events of a run without an upload; its Decision comes last. Raises ClientError if it does not begin."""
    _begun(ledger, run)
    yield from _Follower(platform, lambda: (None, ledger.run(run))).events()


def pause() -> float:
    """Seconds between two looks."""
    return 0.3 if os.environ.get("AWS_ENDPOINT_URL") else 2.0


def _claimed(ledger: Ledger, dataset: str) -> DatasetVersion:
    """Waits until the ledger has the dataset."""
    deadline = time.monotonic() + CLAIM_WITHIN
    while time.monotonic() < deadline:
        try:
            return ledger.dataset(dataset)
        except MissingRecordError:
            pass
        unknown = next((record for record in ledger.unknown_uploads() if record.id[-12:] == dataset[-12:]), None)
        if unknown:
            raise ClientError(
                f"the platform has no spec of model '{unknown.model}'; next: perennial up, or cdk deploy --all"
            )
        time.sleep(pause())
    raise ClientError(
        f"nothing has claimed the upload {dataset} within {CLAIM_WITHIN:g} s;"
        " next: check the dispatch queue and the log of the dispatch function"
    )


def _begun(ledger: Ledger, run: str) -> None:
    """Waits until the ledger has the run."""
    deadline = time.monotonic() + CLAIM_WITHIN
    while time.monotonic() < deadline:
        try:
            ledger.run(run)
        except MissingRecordError:
            time.sleep(pause())
        else:
            return
    raise ClientError(
        f"{run} did not begin within {CLAIM_WITHIN:g} s; next: perennial runs, which shows whether another one did"
    )


def _entered_states(platform: Platform, run: Run, after: int) -> list[EnteredState]:
    """The states since that event; none before the execution starts."""
    try:
        return executions.entered_states(platform, run.id, after)
    except AwsError as error:
        if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
            return []
        raise


def _find_run(ledger: Ledger, dataset: str) -> Run | None:
    try:
        return ledger.run(upload_run_id(dataset))
    except MissingRecordError:
        return None


def _decision(platform: Platform, dataset: DatasetVersion | None, run: Run | None) -> Decision | None:
    """The run's outcome, or the dataset's if it had no run."""
    if run and run.state in OUTCOMES:
        return Decision.of_run(run, metric_rows(platform, run))
    if run is None and dataset is not None and dataset.state in OUTCOMES:
        return Decision(dataset.id, None, dataset.state, (), "perennial runs", None)
    return None
