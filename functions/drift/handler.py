"""Compare the dataset with what the champion was trained on, and say whether a training is worth its price."""

from __future__ import annotations

from typing import Any

from cloud import objects
from functions.task import Task, task
from perennial import layout
from perennial.drift import DriftReport, compare
from perennial.profile import Profile
from perennial.retraining import worth_training


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"train": bool}"""
    champion = task.ledger.champion(task.run.model)
    folder = layout.dataset(task.run.model, task.run.dataset)
    if champion is None:
        task.note("drift", ("There is no champion yet: the first model is trained.",), {"verdict": "first"})
        return {"train": True}
    version = task.ledger.version(champion.version)
    reference = objects.read_json(task.platform.models_bucket, version.profile_key)
    current = objects.read_json(task.platform.data_bucket, folder + "profile.json")
    profiles = Profile.from_dict(reference), Profile.from_dict(current)
    report = compare(*profiles, task.spec.drift, version.importance)
    objects.write_json(task.platform.data_bucket, folder + "drift.json", report.as_dict())
    train, why = worth_training(task.spec.retrain, report.verdict, (task.now - champion.since).days)
    task.note("drift", (report.sentence, why), _figures(report) | {"train": train, "reference": version.profile_key})
    return {"train": train}


def _figures(report: DriftReport) -> dict[str, Any]:
    return {"verdict": report.verdict, "moved": report.moved, "dataset_drift": round(report.dataset_drift, 4)}
