"""Runs that nothing else ends: their execution or their conclusion was lost, or their lease has ended.

A run holds its model's lease as long as it is under way. One that is `running` without the lease has no execution that
could end it: that one was never started, has ended without a conclusion, or is fenced off.
"""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from cloud import executions, lease, recent
from cloud.handovers import ConcludeRequest, StateError
from functions.conclusion import conclude
from functions.dispatch import cleanup
from functions.dispatch.uploads import Context
from functions.task import logger
from perennial.outcomes import Outcome
from perennial.records import Run

LOST = StateError("LostRunError", "the run had no execution and no lease any more; what it had begun was ended")
NEWEST = 500  # runs that are looked at: older ones were looked at before; beside them the one with the lease
GRACE, RECENT = timedelta(minutes=15), timedelta(days=2)  # after the end of a run: its notice is under way, or is lost


def end(context: Context, model: str) -> int:
    """Ends the lost runs of a model, and completes conclusions that ended in the middle; returns how many it ended."""
    runs = recent.runs(context.ledger, model, NEWEST)
    held = lease.held(context.ledger, model)  # its run may be older, where many uploads were superseded meanwhile
    if held is not None and held.run not in {run.id for run in runs} and context.ledger.has_run(held.run):
        runs.append(context.ledger.run(held.run))
    ended = sum(_end_if_lost(context, run) for run in runs if run.state == "running")
    _free(context, model)
    for run in runs:
        fresh = run.ended_at is not None and GRACE < context.now - run.ended_at < RECENT
        if fresh and not context.ledger.was_notified(run):
            reference = executions.reference(context.platform, run, run.trigger)
            conclude(ConcludeRequest(reference, cast(Outcome, run.state)))
    return ended


def _end_if_lost(context: Context, run: Run) -> bool:
    """Ends a run that does not hold the lease: by an execution that cleans up, or in the ledger where there was one."""
    if lease.holder(context.ledger, run.model, context.now) == run.id:
        return False
    if run.trigger == "upload" and context.ledger.dataset(run.dataset).state == "pending":
        return False  # its execution was not started, and is started with the pending datasets
    logger.warning("a run was lost", run=run.id, model=run.model)
    if not cleanup.start(context, run.id, LOST):
        reference = executions.reference(context.platform, run, run.trigger)
        conclude(ConcludeRequest(reference, "failed", LOST, f"{run.id}-cleanup"))
    return True


def _free(context: Context, model: str) -> None:
    """Releases the lease of a run that has ended, so that the next one need not wait for the lease's end."""
    held = lease.held(context.ledger, model)
    if held is None or not context.ledger.has_run(held.run):
        return  # no record yet: it is being started
    run = context.ledger.run(held.run)
    if run.state != "running":
        lease.release(context.ledger, run.model_copy(update={"token": held.token}))
