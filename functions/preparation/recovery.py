"""Recovers a training job that could not be started or failed: uses its output, waits for it, or starts another."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cloud import jobs, quotas
from cloud.handovers import RecoverRequest, TrainingJob, TrainingRequest
from cloud.jobs import TrainingJobState
from functions import FunctionError
from functions.preparation.handler import hold
from functions.preparation.job import QUEUE
from functions.task import Task, task, wait_for_capacity
from perennial.conclusion import error_sentence

TAKEN = "SageMaker.ResourceInUseException"
PAUSE = timedelta(minutes=10)  # after no instance type of the spec had capacity
ROUNDS = QUEUE // PAUSE
LOOKS = 120  # at a job that is running; with these pauses that is more than a day
WITHOUT_QUOTA = "without_quota"  # instance types of which the account may have none
FIRST_LOOK, SLOWER, LAST_LOOK = 30.0, 1.2, 900.0  # seconds between two looks: first, factor, longest


class TrainingFailedError(FunctionError):
    """The training job ended without a model, and another job would end the same way."""


@task(RecoverRequest)
def handler(task: Task, request: RecoverRequest) -> TrainingRequest:
    """Decides about the job that failed. Raises TrainingFailedError, QuotaError, BusyError after six hours of waiting.

    A job of that name exists if the state was retried after SageMaker had accepted the request: its output is this
    run's.
    """
    job, error = request.job, request.error
    name = job.TrainingJobName
    try:
        with quotas.told():
            found = jobs.describe_training(name)
    except quotas.BusyError as busy:
        wait_for_capacity(task, "recover", busy)
        return TrainingRequest("waiting", job, quotas.PAUSE.seconds)
    hold(task)
    if found is None:
        refused = quotas.refusal(error.error, error.cause)
        if refused is not None:
            return _without_quota(task, job, refused)
        raise TrainingFailedError(error_sentence(error.error, error.cause))
    if found.output != job.OutputDataConfig["S3OutputPath"]:
        raise TrainingFailedError(
            f"a training job {name} exists and is not of this run: it writes to {found.output}.",
            "upload the dataset again",
        )
    if found.status in ("InProgress", "Stopping"):
        return _wait(task, job, found)
    if found.status == "Completed":
        _add_note(task, f"The training job {name} existed already; its output was used.")
        return TrainingRequest("completed", job)
    if found.lacked_capacity:
        return _on_another_type(task, job)
    if error.error == TAKEN:  # an earlier try of the state started it, and ended before the job did
        return _start(task, job, f"{_reason(found)}; another one was started.")
    raise TrainingFailedError(_reason(found))


def _wait(task: Task, job: TrainingJob, found: TrainingJobState) -> TrainingRequest:
    """Looks again after a pause, less and less often."""
    state = f"recover {found.name}"
    looks = task.run.waits.get(state, 0)
    if not task.may_wait(state, LOOKS):
        raise TrainingFailedError(f"the training job {found.name} is {found.status} for more than a day")
    return TrainingRequest("waiting", job, round(min(LAST_LOOK, FIRST_LOOK * SLOWER**looks)))


def _without_quota(task: Task, job: TrainingJob, refused: quotas.QuotaError | quotas.BusyError) -> TrainingRequest:
    """The job on the next instance type of the spec, or the same one again after a pause.

    A type whose quota is too small for one job is not asked for again. Raises QuotaError where that is so of all types,
    BusyError after six hours.
    """
    training, lacking = task.spec.training, job.ResourceConfig["InstanceType"]
    types = [training.instance, *training.fallback_instances]
    step = task.ledger.run(task.run.id).step("training")
    closed = set(step.details.get(WITHOUT_QUOTA, ()) if step else ())
    if isinstance(refused, quotas.QuotaError):
        closed.add(lacking)
        _add_note(task, f"{refused.message[0].upper()}{refused.message[1:]}.", {WITHOUT_QUOTA: sorted(closed)})
    after = types[types.index(lacking) + 1 :] + types[: types.index(lacking) + 1]
    chosen = next((one for one in after if one not in closed), None)
    if chosen is None:
        raise refused
    busy = refused if isinstance(refused, quotas.BusyError) else None
    if busy is not None:
        wait_for_capacity(task, "train", busy)
        _add_note(task, f"The training waits: {busy.message}.")
    moved = replace(job, ResourceConfig={**job.ResourceConfig, "InstanceType": chosen})
    return TrainingRequest(
        "start", moved, quotas.PAUSE.seconds if busy and types.index(chosen) <= types.index(lacking) else 0
    )


def _on_another_type(task: Task, job: TrainingJob) -> TrainingRequest:
    """The job on the next instance type of the spec; after the last type, on the first one again after a pause."""
    training = task.spec.training
    types = [training.instance, *training.fallback_instances]
    lacking = job.ResourceConfig["InstanceType"]
    if _number(task, job) >= ROUNDS * len(types):
        hours = QUEUE.total_seconds() / 3600
        raise TrainingFailedError(
            f"SageMaker had no machine of {', '.join(types)} for {hours:g} hours.",
            "name more types in training.fallback_instances, or upload the dataset again later",
        )
    chosen = types[(types.index(lacking) + 1) % len(types)]
    sentence = f"SageMaker had no machine of {lacking}; {chosen} was tried."
    moved = replace(job, ResourceConfig={**job.ResourceConfig, "InstanceType": chosen})
    return _start(task, moved, sentence, PAUSE if chosen == types[0] else timedelta())


def _start(task: Task, job: TrainingJob, sentence: str, pause: timedelta = timedelta()) -> TrainingRequest:
    """The job under the next name of the run: a name can be used once."""
    name = task.platform.environment.training_job(task.run.id, _number(task, job) + 1)
    _add_note(task, sentence, training_job=name)
    return TrainingRequest("start", replace(job, TrainingJobName=name), pause.seconds)


def _number(task: Task, job: TrainingJob) -> int:
    """The number of the job: later names are the first one with a number behind it."""
    first = task.platform.environment.training_job(task.run.id)
    number = job.TrainingJobName.removeprefix(first).removeprefix("-")
    return int(number or 1)


def _add_note(task: Task, sentence: str, more: dict[str, Any] | None = None, **changes: str) -> None:
    """Adds a sentence and metrics to the step of the training, and changes fields of the run."""
    step = task.ledger.run(task.run.id).step("training")
    sentences, details = (step.sentences, step.details) if step else ((), {})
    told = sentences if sentence in sentences else (*sentences, sentence)
    task.note("training", told, details | (more or {}), **changes)


def _reason(found: TrainingJobState) -> str:
    return f"the training job {found.name} {found.status.lower()}: {found.failure or 'SageMaker gives no reason'}"
