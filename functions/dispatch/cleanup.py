"""Starts the execution that cleans up after one which ended without a conclusion."""

from __future__ import annotations

from cloud import executions, lease
from cloud.handovers import HOLD, StateError
from functions.dispatch import uploads
from functions.dispatch.uploads import Context
from functions.task import logger


def start(context: Context, run_id: str, error: StateError | None) -> bool:
    """Starts the cleanup of a run, once; `error` is the one by which its execution ended, None where it was stopped.

    A run that a last state has concluded meanwhile is not cleaned up: its lease, which the cleanup had taken over, is
    released. False where nothing ends the run: another run has the lease, or the cleanup was started before.
    """
    run = context.ledger.run(run_id)
    token = lease.acquire(context.ledger, run.model, run.id, context.now, HOLD)
    if token is None:
        logger.warning("another run has the lease; nothing is cleaned up", run=run.id, model=run.model)
        return False
    held = run.model_copy(update={"token": token})
    if run.state == "running":
        return executions.clean_up(context.platform, held, error)
    lease.release(context.ledger, held)
    uploads.start_pending(context, run.model)
    return True
