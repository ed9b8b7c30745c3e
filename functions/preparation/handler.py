"""Prepares the training job: writes its plan, data and champion to S3, and returns its request."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from cloud import champions, forgettings, lease, parts, s3, signing, sources
from cloud.handovers import HOLD, RunRequest, TrainingRequest
from functions import FunctionError
from functions.preparation.job import QUEUE, training_job
from functions.task import Task, task
from perennial import imports, layout
from perennial import profile as profiles
from perennial.card import has_ended
from perennial.contract.lifecycle import IMPORTED, Update
from perennial.contract.plan import ChampionFile, ImportedFile, Origin, Plan
from perennial.profile import Profile
from perennial.records import DatasetVersion, ModelVersion
from perennial.window import Window, choose

LISTED = 10  # datasets named in a sentence


class LostImportError(FunctionError):
    """The facts about a model that was trained elsewhere are not those that the run was started with."""


class NothingToTrainOnError(FunctionError):
    """No accepted data may be used: its retention has ended, or it is excluded from training."""


@task(RunRequest)
def handler(task: Task, _request: RunRequest) -> TrainingRequest:
    """Prepares the job over the newest accepted dataset versions."""
    champion = _put_champion(task)
    obstacle = _obstacle(task, champion)
    update: Update = "full" if obstacle or champion is None or task.run.imported else task.spec.training.update
    chosen = _window(task, task.spec.training.amend.memory if update == "amend" else 0)
    window = chosen.datasets
    memory = max(0, len(window) - task.spec.training.window) if update == "amend" else 0
    _write_manifest(task, window)
    _write_profile(task, window[memory:])
    source = task.run.code_digest or sources.keep(task.platform)  # a run of an older release names none
    imported = _put_imported(task)
    _write_plan(task, window, champion, source, (update, memory), imported)
    hold(task)
    rows = sum(dataset.rows or 0 for dataset in window)
    told = f"{len(window)} dataset version(s) with {rows:,} rows."
    first = (f"Trains on {told}",) if imported is None else (f"Judges on {told}", imports.sentence(imported))
    task.note(
        "training",
        (*first, *_left_out(chosen), *obstacle),
        {
            "datasets": [dataset.id for dataset in window],
            "rows": rows,
            "ended": [dataset.id for dataset in chosen.ended],
            "excluded": [dataset.id for dataset in chosen.excluded],
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


def _window(task: Task, memory: int = 0) -> Window:
    """The run's window by `data` and `training.window` of the spec, with its own dataset, after as many as `memory`.

    Raises NothingToTrainOnError where no dataset version may be used.
    """
    own, excluded = task.run.dataset, task.ledger.exclusions(task.run.model)
    if own in excluded:
        raise NothingToTrainOnError(
            f"{own} is excluded from training: {excluded[own].why}", f"perennial withdraw {own} --undo"
        )
    known = sorted([*_earlier(task), task.ledger.dataset(own)], key=lease.order)
    ended = {dataset.id for dataset in known if has_ended(dataset, task.spec.card, task.now)}
    size = 1 if task.spec.data.uploads == "snapshot" else task.spec.training.window + memory
    window = choose(known, own, size, ended, excluded)
    if not window.datasets:
        raise NothingToTrainOnError("the retention of all accepted data has ended", "perennial upload FILE")
    return window


def _earlier(task: Task) -> list[DatasetVersion]:
    """The other accepted dataset versions that may be trained on; of those with the same bytes, the newest."""
    own = task.ledger.dataset(task.run.dataset)
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


def _left_out(window: Window) -> Iterator[str]:
    for datasets, reason in (
        (window.ended, "their retention has ended"),
        (window.excluded, "they are excluded from training"),
    ):
        if datasets:
            names = ", ".join(dataset.id for dataset in datasets[:LISTED])
            yield f"Left out, because {reason}: {names}{', ...' if len(datasets) > LISTED else ''}."


def _write_manifest(task: Task, window: Sequence[DatasetVersion]) -> None:
    """Writes the list of Parquet parts, as SageMaker's ManifestFile, and their ETags beside it, for a rebuild."""
    folders = [layout.parts(dataset.model, dataset.id) for dataset in window]
    found = [item for folder in folders for item in s3.listing(task.platform.data_bucket, folder)]
    etags = {item["Key"]: item["ETag"] for item in found if layout.is_named(item["Key"], layout.ROWS)}
    manifest = [{"prefix": f"s3://{task.platform.data_bucket}/"}, *etags]
    s3.write_json(task.platform.models_bucket, layout.run(task.run.id, layout.TRAINING_DATA), manifest)
    s3.write_json(task.platform.models_bucket, layout.run(task.run.id, layout.TRAINING_PARTS), etags)


def _write_profile(task: Task, window: Sequence[DatasetVersion]) -> None:
    """Writes the profile of the training data: later data is compared with it if this model becomes champion."""
    bucket = task.platform.data_bucket
    found = [
        Profile.from_dict(s3.read_json(bucket, layout.dataset(dataset.model, dataset.id, layout.PROFILE)))
        for dataset in window
    ]
    newest = found[-1].grid.digest  # datasets that were counted before the columns changed are left out
    merged = profiles.merge(*(profile for profile in found if profile.grid.digest == newest))
    s3.write_json(task.platform.models_bucket, layout.run(task.run.id, layout.PROFILE), merged.as_dict())


def _put_champion(task: Task) -> ModelVersion | None:
    """Copies the champion's archive beside the plan, and returns its version. Raises UnsignedError.

    The job compares the bytes with the SHA-256 that was signed.
    """
    champion = task.ledger.champion(task.run.model)
    if champion is None:
        return None
    version = task.ledger.version(champion.version)
    signing.check(task.platform, version)
    bucket = task.platform.models_bucket
    s3.copy((bucket, version.archive_key, None), bucket, layout.training_plan(task.run.id, layout.CHAMPION))
    return version


def _put_imported(task: Task) -> ImportedFile | None:
    """Copies the model that was trained elsewhere beside the plan. Raises LostImportError if its facts were changed."""
    if not task.run.imported:
        return None
    bucket = task.platform.models_bucket
    facts = ImportedFile.from_json(s3.read_json(bucket, layout.imported_facts(task.run.model, task.run.imported)))
    if imports.digest(facts) != task.run.imported:
        raise LostImportError(
            f"the facts about the imported model {task.run.imported[:12]} were changed", "perennial import mlflow URI"
        )
    source = layout.imported_file(task.run.model, facts.sha256)
    s3.copy((bucket, source, None), bucket, layout.training_plan(task.run.id, layout.IMPORTED))
    return replace(facts, file=layout.IMPORTED)


def _obstacle(task: Task, champion: ModelVersion | None) -> tuple[str, ...]:
    """A sentence if the champion may not be amended: a model that grows from it would keep what must be forgotten."""
    if champion is None or task.spec.training.update == "full":
        return ()
    grown = champions.chain(task.ledger, champion)
    learned = [task.ledger.dataset(name) for name in dict.fromkeys(name for each in grown for name in each.datasets)]
    if not forgettings.unlearnt(task.ledger, task.run.model).isdisjoint(version.id for version in grown):
        return ("The champion is not amended: it has learned from what must be forgotten.",)
    excluded = task.ledger.exclusions(task.run.model)
    barred = [one.id for one in learned if one.id in excluded or has_ended(one, task.spec.card, task.now)]
    if not barred:
        return ()
    named = ", ".join(barred[:LISTED])
    return (f"The champion is not amended: it has learned {named}, which may not be trained on any more.",)


def _write_plan(
    task: Task,
    window: Sequence[DatasetVersion],
    champion: ModelVersion | None,
    source: str,
    update: tuple[Update, int],
    imported: ImportedFile | None,
) -> None:
    origin = Origin(
        datasets=tuple(dataset.id for dataset in window),
        newest=window[-1].id,
        code_digest=source,
        spec_digest=task.run.spec_digest,
        created_at=task.run.started_at.isoformat(),
        event_time=task.spec.event_time,
    )
    archive = None
    if champion is not None:
        archive = ChampionFile(champion.id, layout.CHAMPION, champion.archive_sha256)
    plan = Plan.of(task.spec, task.run.id, archive, origin, task.target_words(window[-1].id))
    secret = task.ledger.split_secret(task.run.model, secrets.token_urlsafe(12))
    plan = replace(plan, update=update[0], memory=update[1], secret=secret, unseen=_is_unseen(task, window[-1]))
    plan = replace(plan, parts=parts.of_window(task.platform.data_bucket, window))
    if imported is not None:
        plan = replace(plan, imported=imported, estimator=IMPORTED, parameters={}, refit=False)
    s3.write_json(task.platform.models_bucket, layout.training_plan(task.run.id, layout.PLAN), plan.to_json())


def _is_unseen(task: Task, newest: DatasetVersion) -> bool:
    """True for served requests that the platform itself decided to train on; a name alone proves nothing."""
    return task.run.step("retraining") is not None and layout.served_at(newest.key) is not None
