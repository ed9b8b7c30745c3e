"""Prepares the training job: writes its plan, data and champion to S3, and returns its request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from cloud import lease, s3, sources
from cloud.handovers import HOLD, RunRequest, TrainingRequest
from functions import FunctionError
from functions.preparation.job import QUEUE, training_job
from functions.task import Task, task
from perennial import layout
from perennial import profile as profiles
from perennial.card import has_ended
from perennial.contract.plan import ChampionFile, Origin, Plan
from perennial.profile import Profile
from perennial.records import Champion, DatasetVersion

LISTED = 10  # datasets named in a sentence


class NothingToTrainOnError(FunctionError):
    """The retention of all accepted data has ended."""


@task(RunRequest)
def handler(task: Task, _request: RunRequest) -> TrainingRequest:
    """Prepares the job over the newest accepted dataset versions."""
    window, ended = _window(task)
    _write_manifest(task, window)
    _write_profile(task, window)
    source = task.run.code_digest or sources.keep(task.platform)  # a run of an older release names none
    _write_plan(task, window, _put_champion(task), source)
    hold(task)
    rows = sum(dataset.rows or 0 for dataset in window)
    task.note(
        "training",
        (f"Trains on {len(window)} dataset version(s) with {rows:,} rows.", *_left_out(ended)),
        {
            "datasets": [dataset.id for dataset in window],
            "rows": rows,
            "ended": [dataset.id for dataset in ended],
        },
        training_job=task.platform.environment.training_job(task.run.id),
        trained_on=tuple(dataset.id for dataset in window),
        code_digest=source,
    )
    return TrainingRequest("start", training_job(task.platform, task.spec, task.run.id, source))


def hold(task: Task) -> None:
    """Renews the lease for the longest time that a training may wait and take."""
    longest = timedelta(minutes=task.spec.training.max_minutes) * (2 if task.spec.training.spot else 1)
    lease.renew(task.ledger, task.run, task.now, HOLD + QUEUE + longest)


def _window(task: Task) -> tuple[list[DatasetVersion], list[DatasetVersion]]:
    """The dataset versions to train on, oldest first, with the run's own; and those whose retention has ended.

    They are the newest accepted ones by `data` in the spec; of those with the same bytes, the newest. Raises
    NothingToTrainOnError where no dataset version is left.
    """
    size, card = (1 if task.spec.data.uploads == "snapshot" else task.spec.training.window), task.spec.card
    own = task.ledger.dataset(task.run.dataset)
    known = sorted([*_earlier(task, own), own], key=lease.order)
    kept = [dataset for dataset in known if not has_ended(dataset, card, task.now)]
    newest = kept[-size:]
    if not newest:
        raise NothingToTrainOnError("the retention of all accepted data has ended", "perennial upload FILE")
    if own in kept and own not in newest:
        newest = [*newest[1:], own]
    oldest = min(map(lease.order, newest))
    return newest, [d for d in known if d not in kept and (lease.order(d) > oldest or len(newest) < size)]


def _earlier(task: Task, own: DatasetVersion) -> list[DatasetVersion]:
    """The other accepted dataset versions that may be trained on."""
    others = [dataset for dataset in task.ledger.datasets(task.run.model) if dataset.accepted and dataset.id != own.id]
    if task.spec.data.refused_runs == "leave_out":
        others = [dataset for dataset in others if dataset.state != "refused"]
    contents = {own.content} - {""}
    different = []
    for dataset in sorted(others, key=lease.order, reverse=True):
        if dataset.content not in contents:
            different.append(dataset)
        contents |= {dataset.content} - {""}
    return different


def _left_out(ended: list[DatasetVersion]) -> Iterator[str]:
    if ended:
        names = ", ".join(dataset.id for dataset in ended[:LISTED]) + (", ..." if len(ended) > LISTED else "")
        yield f"Left out, because their retention has ended: {names}."


def _write_manifest(task: Task, window: list[DatasetVersion]) -> None:
    """Writes the list of Parquet parts, as SageMaker's ManifestFile."""
    folders = [layout.parts(dataset.model, dataset.id) for dataset in window]
    found = [item["Key"] for folder in folders for item in s3.listing(task.platform.data_bucket, folder)]
    keys = [key for key in found if layout.is_named(key, layout.ROWS)]
    manifest = [{"prefix": f"s3://{task.platform.data_bucket}/"}, *keys]
    s3.write_json(task.platform.models_bucket, layout.run(task.run.id, layout.TRAINING_DATA), manifest)


def _write_profile(task: Task, window: list[DatasetVersion]) -> None:
    """Writes the profile of the training data: later data is compared with it if this model becomes champion."""
    bucket = task.platform.data_bucket
    found = [
        Profile.from_dict(s3.read_json(bucket, layout.dataset(dataset.model, dataset.id, layout.PROFILE)))
        for dataset in window
    ]
    newest = found[-1].grid.digest  # datasets that were counted before the columns changed are left out
    merged = profiles.merge(*(profile for profile in found if profile.grid.digest == newest))
    s3.write_json(task.platform.models_bucket, layout.run(task.run.id, layout.PROFILE), merged.as_dict())


def _put_champion(task: Task) -> Champion | None:
    champion = task.ledger.champion(task.run.model)
    if champion is not None:
        archive = task.ledger.version(champion.version).archive_key
        bucket = task.platform.models_bucket
        s3.copy((bucket, archive, None), bucket, layout.training_plan(task.run.id, layout.CHAMPION))
    return champion


def _write_plan(task: Task, window: list[DatasetVersion], champion: Champion | None, source: str) -> None:
    origin = Origin(
        datasets=tuple(dataset.id for dataset in window),
        newest=window[-1].id,
        code_digest=source,
        spec_digest=task.run.spec_digest,
        created_at=task.run.started_at.isoformat(),
        event_time=task.spec.event_time,
    )
    archive = ChampionFile(champion.version, layout.CHAMPION) if champion else None
    plan = Plan.of(task.spec, task.run.id, archive, origin, task.target_words(window[-1].id))
    s3.write_json(task.platform.models_bucket, layout.training_plan(task.run.id, layout.PLAN), plan.to_json())
