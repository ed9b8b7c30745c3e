"""What every state of the workflow shares: its run, its spec, its lease, its log, and where it notes what it found."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics

from cloud import objects
from cloud.platform import Platform, from_environment

if (
    TYPE_CHECKING
):  # records and specs are models of pydantic's, which take a while to be built: not before they are used
    from cloud.ledger import Ledger
    from perennial.contract.model import ModelSpec
    from perennial.records import Run

HOLD = timedelta(hours=1)  # each state renews the lease; one that waits longer says for how long
logger, metrics = Logger(), Metrics(namespace="Perennial")


class EndedRunError(RuntimeError):
    """The run has ended already: a state of it came too late."""


@dataclass(frozen=True)
class Task:
    """One state of one run, at work."""

    platform: Platform
    ledger: Ledger
    run: Run
    spec: ModelSpec
    event: dict[str, Any]
    now: datetime

    def note(
        self, step: str, sentences: tuple[str, ...], figures: dict[str, Any] | None = None, **changes: Any
    ) -> None:
        """Write into the run what this state found. A state that is tried again writes over its first try."""
        from perennial.records import Step

        done = Step(name=step, at=self.now, sentences=sentences, figures=figures or {})
        run = self.ledger.run(self.run.id)
        steps = (*(other for other in run.steps if other.name != step), done)
        if not self.ledger.update_run(run.model_copy(update={"steps": steps, **changes})):
            raise EndedRunError(f"{run.id} has ended as {run.state}; {step} came too late")


def task(work: Callable[[Task], dict[str, Any]]) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Make a Lambda handler of a state's work: log, open the run, renew its lease, do the work."""

    @functools.wraps(work)
    @logger.inject_lambda_context(clear_state=True)
    @metrics.log_metrics
    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        opened = open_task(event)
        logger.append_keys(run=opened.run.id, model=opened.run.model)
        return work(opened)

    return handler


def open_task(event: dict[str, Any]) -> Task:
    """The run and spec that a state's input names. Raises LostLeaseError when another run has taken over."""
    from cloud import lease
    from cloud.ledger import Ledger
    from perennial.contract.model import ModelSpec

    platform, now = from_environment(), utc_now()
    ledger = Ledger(platform.ledger_table)
    run = ledger.run(event["run"]["id"]).model_copy(update={"token": event["run"]["token"]})
    lease.renew(ledger, run, now, HOLD)
    pointer = event["run"]["spec"]
    spec = ModelSpec.from_json(objects.read_json(pointer["bucket"], pointer["key"]))
    return Task(platform, ledger, run, spec, event, now)


def utc_now() -> datetime:
    """The one place where handlers read the clock."""
    return datetime.now(UTC)
