"""Compares the dataset with the champion's training data, and decides whether it is worth a training."""

from __future__ import annotations

from typing import Any

from cloud import s3
from cloud.handovers import DriftResult, RunRequest
from functions.task import Task, task
from perennial import layout
from perennial.drift import DriftReport, compare
from perennial.profile import Profile
from perennial.records import DatasetVersion, ModelVersion
from perennial.retraining import worth_training

_JUDGED = ("promoted", "refused", "unchanged")


@task(RunRequest)
def handler(task: Task, _request: RunRequest) -> DriftResult:
    """Measures the drift and applies the retraining policy. Without a champion the first model is trained."""
    champion = task.ledger.champion(task.run.model)
    if champion is None:
        task.note("drift", ("There is no champion yet: the first model is trained.",), {"verdict": "first"})
        return DriftResult(train=True)
    version = task.ledger.version(champion.version)
    reference = s3.read_json(task.platform.models_bucket, version.profile_key)
    current = s3.read_json(task.platform.data_bucket, layout.dataset(task.run.model, task.run.dataset, layout.PROFILE))
    profiles = Profile.from_dict(reference), Profile.from_dict(current)
    words = task.target_words(task.run.dataset)
    report = compare(*profiles, task.spec.drift, version.importance, words)
    key = layout.dataset(task.run.model, task.run.dataset, layout.DRIFT)
    s3.write_json(task.platform.data_bucket, key, report.as_dict())
    train, why = worth_training(task.spec.retrain, report.verdict, (task.now - champion.since).days)
    if task.run.trigger == "retrain" or task.run.step("retraining") is not None:
        train, why = True, "The policy of automatic retraining began the run, so it trains."
    same = _same_bytes(task, version)
    if same is not None:
        train, why = False, f"The upload holds the same bytes as {same.id}: there is nothing new to train on."
    summary = _summary(report) | {"train": train}
    task.note("drift", (report.sentence, why), summary, reference_profile=version.profile_key)
    return DriftResult(train)


def _same_bytes(task: Task, champion: ModelVersion) -> DatasetVersion | None:
    """An earlier dataset version of the same bytes that was judged under the same spec and the same code.

    Only an upload is compared: a retraining trains on purpose on what is known.
    """
    if task.run.trigger != "upload" or champion.code_digest != task.run.code_digest:
        return None
    own = task.ledger.dataset(task.run.dataset)
    if not own.content:
        return None
    judged = (
        dataset
        for dataset in task.ledger.datasets(task.run.model)
        if dataset.id != own.id and dataset.content == own.content and dataset.state in _JUDGED
    )
    return next((dataset for dataset in judged if dataset.spec_digest == task.run.spec_digest), None)


def _summary(report: DriftReport) -> dict[str, Any]:
    return {"verdict": report.verdict, "moved": report.moved, "dataset_drift": round(report.dataset_drift, 4)}
