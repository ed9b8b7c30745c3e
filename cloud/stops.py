"""Stops of runs: a person ends an execution, and the platform ends what it had begun."""

from __future__ import annotations

from datetime import datetime

from cloud import CloudError, executions, messaging
from cloud.ledger import Ledger
from cloud.platform import Platform
from perennial.records import Run, StopRequest


class StopError(CloudError):
    """The run cannot be stopped, for the reason given."""


def request(platform: Platform, ledger: Ledger, run: Run, asked: tuple[str, str], now: datetime) -> None:
    """Records the request and stops the run's execution. `asked`: who, and why. Safe to repeat.

    The end of the execution is an event, from which the platform stops the training job, rolls a release back and
    concludes the run. An execution that has ended without that event is cleaned up by a message.

    Raises StopError for a retirement, which would leave a model half there.
    """
    if run.trigger == "retire":
        raise StopError(f"{run.id} retires {run.model}, and is not stopped half way", f"perennial explain {run.id}")
    who, why = asked
    ledger.request_stop(StopRequest(model=run.model, run=run.id, who=who, why=why, at=now))
    if not executions.stop(platform, run.id, f"{who}: {why}"):
        messaging.clean_up(platform, run.id)
