"""A training job that could not be begun or did not end well: its result taken, waited for, or begun elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cloud import jobs
from cloud.jobs import Job
from functions.preparation.handler import hold
from functions.preparation.job import QUEUE
from functions.task import Task, task
from perennial.conclusion import error_sentence

TAKEN = "SageMaker.ResourceInUseException"
PAUSE = timedelta(minutes=10)  # after no type that the spec names had a machine
ROUNDS = QUEUE // PAUSE


class TrainingFailedError(RuntimeError):
    """The training job ended without a model, and another try would be no better."""


class StillTrainingError(RuntimeError):
    """The job is at work; the state machine asks again."""


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"outcome": "completed"} | {"outcome": "again", "job": request of CreateTrainingJob, "wait": seconds}

    Called with the request that failed and its error. A job of that name is there if the state was tried again after
    SageMaker had taken the request: then its result is this run's. Raises StillTrainingError, TrainingFailedError.
    """
    request, error = task.event["job"], task.event["error"]
    name = request["TrainingJobName"]
    found = jobs.describe(name)
    hold(task)
    if found is None:
        raise TrainingFailedError(error_sentence(error["Error"], error["Cause"]))
    if found.output != request["OutputDataConfig"]["S3OutputPath"]:
        raise TrainingFailedError(
            f"a training job {name} exists and is not of this run: it writes to {found.output}. "
            "next: upload the dataset again"
        )
    if found.status in ("InProgress", "Stopping"):
        raise StillTrainingError(f"{name} is {found.status}")
    if found.status == "Completed":
        _tell(task, f"The training job {name} was there already; its result was taken.")
        return {"outcome": "completed", "job": request}
    if found.lacked_capacity:
        return _elsewhere(task, request)
    if error["Error"] == TAKEN:  # an earlier try of the state began it, and never heard of its end
        return _again(task, request, f"{_reason(found)}; another one was begun.")
    raise TrainingFailedError(_reason(found))


def _elsewhere(task: Task, request: dict[str, Any]) -> dict[str, Any]:
    """The job on the next type of machine; after the last type, after a pause, on the first again."""
    training, resources = task.spec.training, request["ResourceConfig"]
    types = [training.instance, *training.fallback_instances]
    lacking = resources["InstanceType"]
    if _tries(task, request) >= ROUNDS * len(types):
        hours = QUEUE.total_seconds() / 3600
        raise TrainingFailedError(
            f"SageMaker had no machine of {', '.join(types)} for {hours:g} hours. "
            "next: name more types in training.fallback_instances, or upload the dataset again later"
        )
    chosen = types[(types.index(lacking) + 1) % len(types)]
    sentence = f"SageMaker had no machine of {lacking}; {chosen} was tried."
    pause = PAUSE if chosen == types[0] else timedelta()
    return _again(task, request | {"ResourceConfig": resources | {"InstanceType": chosen}}, sentence, pause)


def _again(task: Task, request: dict[str, Any], sentence: str, pause: timedelta = timedelta()) -> dict[str, Any]:
    """The job under the run's next name, for a name is taken for ever; where its output is found is noted."""
    name = f"{task.run.id}-{_tries(task, request) + 1}"
    _tell(task, sentence, job=name)
    return {"outcome": "again", "job": request | {"TrainingJobName": name}, "wait": pause.seconds}


def _tries(task: Task, request: dict[str, Any]) -> int:
    """How many jobs the run has begun: the first bears its id, each later one a number behind it."""
    number = str(request["TrainingJobName"]).removeprefix(task.run.id).removeprefix("-")
    return int(number or 1)


def _tell(task: Task, sentence: str, **figures: Any) -> None:
    """Add a sentence to what the preparation noted of the training."""
    step = task.ledger.run(task.run.id).step("training")
    said, known = (step.sentences, step.figures) if step else ((), {})
    if sentence not in said:
        said = (*said, sentence)
    task.note("training", said, known | figures)


def _reason(found: Job) -> str:
    return f"the training job {found.name} {found.status.lower()}: {found.failure or 'SageMaker gives no reason'}"
