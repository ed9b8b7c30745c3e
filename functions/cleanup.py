"""Ends what an execution had begun that was stopped, timed out or failed: its training job, before its release."""

from __future__ import annotations

from cloud import jobs, quotas
from cloud.handovers import PAUSE_SECONDS, Cleanup, RunRequest
from functions.task import Task, task, wait_if_busy

STOPPING = 1800 // PAUSE_SECONDS  # looks at a job that is being stopped: SageMaker gives it two minutes
UNASKED = "The execution was ended from outside of Perennial; what it had begun was ended, too."


@task(RunRequest)
def handler(task: Task, _request: RunRequest) -> Cleanup:
    """Stops the run's training job and waits until it has ended. Safe to repeat.

    Raises BusyError after six hours in which AWS throttles calls.
    """
    later = Cleanup("waiting", quotas.PAUSE.seconds)
    return wait_if_busy(task, "clean_up", lambda: _clean_up(task), later)


def _clean_up(task: Task) -> Cleanup:
    if _is_training(task) and task.may_wait("clean_up", STOPPING):
        return Cleanup("waiting")
    request = task.ledger.stop_request(task.run)
    sentence = f"{request.who} stopped the run: {request.why.rstrip('.')}." if request else UNASKED
    details = request.model_dump(mode="json", include={"who", "why", "at"}) if request else {}
    task.note("stop", (sentence,), details, approval_until=None)
    return Cleanup("roll_back" if task.run.version else "done")


def _is_training(task: Task) -> bool:
    """Asks SageMaker to stop the training job; True if the job has not ended yet."""
    name = task.run.training_job
    found = jobs.describe_training(name) if name else None
    if found is not None and found.status == "InProgress":
        jobs.stop_training(name)
    return found is not None and found.status in ("InProgress", "Stopping")
