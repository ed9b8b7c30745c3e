"""Concludes a run, whichever way it ended: final state, notice, lease released, next pending dataset started."""

from __future__ import annotations

from cloud import executions, lease, messaging
from cloud.handovers import HOLD, ConcludedRun, ConcludeRequest
from cloud.ledger import Ledger
from cloud.platform import from_environment
from functions.task import lambda_handler, logger, metrics, utc_now
from perennial import conclusion
from perennial.environment import Environment
from perennial.records import Run

GONE = "Lambda.ResourceNotFoundException"


@lambda_handler(ConcludeRequest)
def handler(request: ConcludeRequest) -> ConcludedRun:
    """Concludes the run for a state of the workflow, or for an execution that ended without a conclusion."""
    return conclude(request)


def conclude(request: ConcludeRequest) -> ConcludedRun:
    """Concludes the run. It may be called again: the end of a run is final, and the other steps are safe to repeat.

    A run whose execution ended without a conclusion is cleaned up first, by an execution that concludes it.
    """
    platform = from_environment()
    ledger = Ledger(platform.ledger_table)
    run = ledger.run(request.run.id)
    if run.state == "running":
        if _leaves_something(ledger, run, request):
            messaging.clean_up(platform, run.id, request.error)
            return ConcludedRun(run.state)
        run = _end(platform.environment, ledger, run, request)
    if run.trigger == "upload":  # also where an earlier try ended between the two records
        ledger.change_dataset(run.dataset, state=run.state)
    executions.delete_token(ledger, run)
    lease.release(ledger, run.model_copy(update={"token": request.run.token}))
    messaging.notify(platform, run.id)
    messaging.start_pending(platform, run.model)
    return ConcludedRun(run.state)


def _leaves_something(ledger: Ledger, run: Run, request: ConcludeRequest) -> bool:
    """True if the run's own execution ended, so that a training job or a release may be under way; fences it off.

    So it does where a deployment took away a function that the execution calls: it cannot roll its release back.
    """
    held = run.model_copy(update={"token": request.run.token})
    stranded = request.error is not None and request.error.error == GONE and request.run.trigger != "cleanup"
    return (request.execution == run.id or stranded) and lease.take_over(ledger, held, utc_now(), HOLD)


def _end(environment: Environment, ledger: Ledger, run: Run, request: ConcludeRequest) -> Run:
    ended = run.model_copy(
        update={
            "state": request.outcome,
            "ended_at": utc_now(),
            "reasons": conclusion.reasons(run, request.outcome, _error(request)),
            "next_command": environment.commands(conclusion.next_command(run, request.outcome)),
        }
    )
    if not ledger.update_run(ended):
        return ledger.run(run.id)
    logger.info("run ended", run=run.id, model=run.model, outcome=request.outcome)
    metrics.add_metric(f"Run{request.outcome.capitalize()}", unit="Count", value=1)
    return ended


def _error(request: ConcludeRequest) -> str | None:
    if request.error is None:
        return None
    return conclusion.error_sentence(request.error.error, request.error.cause)
