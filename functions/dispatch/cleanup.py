"""Starts the execution that cleans up after one which ended without a conclusion."""

from __future__ import annotations

from cloud import executions, lease
from cloud.handovers import HOLD, StateError
from functions.dispatch import uploads
from functions.dispatch.uploads import Context
from functions.task import logger


def start(context: Context, run_id: str, error: StateError | None) -> None:
    """Starts the cleanup of a run, once; `error` is the one by which its execution ended, None where it was stopped.

    A run that a last state has concluded meanwhile is not cleaned up: its lease, which the cleanup had taken over, is
    released.
    """
    run = context.ledger.run(run_id)
    token = lease.acquire(context.ledger, run.model, run.id, context.now, HOLD)
    if token is None:
        logger.warning("another run has the lease; nothing is cleaned up", run=run.id, model=run.model)
        return
    held = run.model_copy(update={"token": token})
    if run.state == "running":
        executions.clean_up(context.platform, held, error)
        return
    lease.release(context.ledger, held)
    uploads.start_pending(context, run.model)
