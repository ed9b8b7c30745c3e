"""Compose the training job: its plan, its data and its champion lie ready in S3, its request goes back to the state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from cloud import lease, objects
from functions.preparation.job import QUEUE, training_job
from functions.task import HOLD, Task, task
from perennial import layout
from perennial import profile as profiles
from perennial.card import has_ended
from perennial.contract.plan import ChampionFile, Origin, Plan
from perennial.profile import Profile
from perennial.records import Champion, DatasetVersion

LISTED = 10  # datasets named in a sentence


class NothingToTrainOnError(RuntimeError):
    """No dataset may be trained on any more."""


@task
def handler(task: Task) -> dict[str, Any]:
    """-> {"job": request of CreateTrainingJob}"""
    window, ended = _window(task)
    _write_manifest(task, window)
    _write_profile(task, window)
    _write_plan(task, window, _put_champion(task))
    hold(task)
    rows = sum(dataset.rows or 0 for dataset in window)
    task.note(
        "training",
        (f"Trained on {rows:,} rows of {len(window)} dataset version(s).", *_left_out(ended)),
        {
            "datasets": [dataset.id for dataset in window],
            "rows": rows,
            "ended": [dataset.id for dataset in ended],
            "job": task.run.id,
        },
    )
    return {"job": training_job(task.platform, task.spec, task.run.id)}


def hold(task: Task) -> None:
    """Keep the model for this run as long as a training may wait and take."""
    longest = timedelta(minutes=task.spec.training.max_minutes) * (2 if task.spec.training.spot else 1)
    lease.renew(task.ledger, task.run, task.now, HOLD + QUEUE + longest)


def _window(task: Task) -> tuple[list[DatasetVersion], list[DatasetVersion]]:
    """The newest accepted dataset versions, oldest first, the run's own among them; and those of the same time that

    are left out, for their retention has ended. Raises NothingToTrainOnError where nothing is left.
    """
    size, card = task.spec.training.window, task.spec.card
    accepted = [d for d in task.ledger.datasets(task.run.model) if d.accepted and d.id != task.run.dataset]
    own = task.ledger.dataset(task.run.dataset)
    known = sorted([*accepted, own], key=lease.order)
    kept = [dataset for dataset in known if not has_ended(dataset, card, task.now)]
    newest = kept[-size:]
    if not newest:
        raise NothingToTrainOnError("the retention of all accepted data has ended; next: perennial upload FILE")
    if own in kept and own not in newest:
        newest = [*newest[1:], own]
    oldest = min(map(lease.order, newest))
    return newest, [d for d in known if d not in kept and (lease.order(d) > oldest or len(newest) < size)]


def _left_out(ended: list[DatasetVersion]) -> Iterator[str]:
    if ended:
        names = ", ".join(dataset.id for dataset in ended[:LISTED]) + (", ..." if len(ended) > LISTED else "")
        yield f"Left out, for their retention has ended: {names}."


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
    origin = Origin(
        datasets=tuple(dataset.id for dataset in window),
        newest=window[-1].id,
        code_digest=task.platform.code_digest,
        spec_digest=task.run.spec_digest,
        created_at=task.run.started_at.isoformat(),
        event_time=task.spec.event_time,
    )
    archive = ChampionFile(champion.version, "champion.tar.gz") if champion else None
    plan = Plan.of(task.spec, task.run.id, archive, origin)
    objects.write_json(task.platform.models_bucket, layout.run(task.run.id) + "plan/plan.json", plan.to_json())
