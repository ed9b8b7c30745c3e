"""Compose the training job: its plan, its data and its champion lie ready in S3, its request goes back to the state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cloud import lease, objects
from functions.preparation.job import training_job
from functions.task import HOLD, Task, task
from perennial import layout
from perennial import profile as profiles
from perennial.profile import Profile
from perennial.records import Champion, DatasetVersion

QUEUE = timedelta(hours=6)  # for an instance: how long the workflow tries again where a quota is reached


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"job": request of CreateTrainingJob}"""
    window = _window(task)
    _write_manifest(task, window)
    _write_profile(task, window)
    _write_plan(task, window, _put_champion(task))
    longest = timedelta(minutes=task.spec.training.max_minutes) * (2 if task.spec.training.spot else 1)
    lease.renew(task.ledger, task.run, task.now, HOLD + QUEUE + longest)
    rows = sum(dataset.rows or 0 for dataset in window)
    task.note(
        "training",
        (f"Trained on {rows:,} rows of {len(window)} dataset version(s).",),
        {"datasets": [dataset.id for dataset in window], "rows": rows},
    )
    return {"job": training_job(task.platform, task.spec, task.run.id)}


def _window(task: Task) -> list[DatasetVersion]:
    """The newest accepted dataset versions, oldest first, the run's own among them."""
    accepted = [d for d in task.ledger.datasets(task.run.model) if d.accepted and d.id != task.run.dataset]
    own = task.ledger.dataset(task.run.dataset)
    newest = sorted([*accepted, own], key=lease.order)[-task.spec.training.window :]
    return newest if own in newest else [*newest[1:], own]


def _parts(task: Task, dataset: DatasetVersion, name: str) -> list[str]:
    prefix = layout.dataset(dataset.model, dataset.id) + "parts/"
    return [o["Key"] for o in objects.listing(task.platform.data_bucket, prefix) if o["Key"].endswith("/" + name)]


def _write_manifest(task: Task, window: list[DatasetVersion]) -> None:
    """The list of Parquet parts, in the form that SageMaker's ManifestFile takes."""
    keys = [key for dataset in window for key in _parts(task, dataset, "rows.parquet")]
    manifest = [{"prefix": f"s3://{task.platform.data_bucket}/"}, *keys]
    objects.write_json(task.platform.models_bucket, layout.run(task.run.id) + "data.manifest", manifest)


def _write_profile(task: Task, window: list[DatasetVersion]) -> None:
    """The profile of all that will be trained on: what later data is compared with, if this model becomes champion."""
    bucket = task.platform.data_bucket
    found = [
        Profile.from_dict(objects.read_json(bucket, layout.dataset(dataset.model, dataset.id) + "profile.json"))
        for dataset in window
    ]
    newest = found[-1].grid.digest  # datasets that were counted before the columns changed are left out
    merged = profiles.merge(*(profile for profile in found if profile.grid.digest == newest))
    objects.write_json(task.platform.models_bucket, layout.run(task.run.id) + "profile.json", merged.as_dict())


def _put_champion(task: Task) -> Champion | None:
    champion = task.ledger.champion(task.run.model)
    if champion is not None:
        archive = task.ledger.version(champion.version).archive_key
        bucket = task.platform.models_bucket
        objects.copy((bucket, archive, None), bucket, layout.run(task.run.id) + "plan/champion.tar.gz")
    return champion


def _write_plan(task: Task, window: list[DatasetVersion], champion: Champion | None) -> None:
    spec = task.spec
    columns = [
        {
            "name": name,
            "type": column.type,
            "feature": spec.is_feature(name),
            "nullable": column.nullable,
            "sensitive": column.sensitive,
        }
        for name, column in spec.columns.items()
    ]
    plan = {
        "format": 1,
        "run": task.run.id,
        "model": spec.name,
        "problem": spec.problem,
        "target": spec.target,
        "positive": spec.positive,
        "columns": columns,
        "key": spec.key,
        "event_time": spec.event_time,
        "null_marks": spec.validation.null_marks,
        "held_out": spec.training.held_out,
        "seed": spec.training.seed,
        "estimator": spec.training.estimator,
        "parameters": spec.training.parameters,
        "champion": {"version": champion.version, "archive": "champion.tar.gz"} if champion else None,
        "metrics": sorted({spec.metric(), *spec.gate.floors, *spec.metrics()}),
        "confidence": spec.gate.confidence,
        "metric": spec.metric(),
        "gate": spec.gate.model_dump(mode="json"),
        "datasets": [dataset.id for dataset in window],
        "newest": window[-1].id,
        "code_digest": task.platform.code_digest,
        "spec_digest": task.run.spec_digest,
        "created_at": task.run.started_at.isoformat(),
    }
    objects.write_json(task.platform.models_bucket, layout.run(task.run.id) + "plan/plan.json", plan)
