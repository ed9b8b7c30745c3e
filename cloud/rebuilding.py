"""The sources of a registered model, fetched as its training job had them; and the job that makes it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud import CloudError, archives, jobs, quotas, s3, signing
from cloud.ledger import Ledger, MissingRecordError
from cloud.platform import Platform, client
from perennial import layout
from perennial.rebuilding import Built, digest_of_source
from perennial.records import ModelVersion, Run
from perennial.unpacking import UnpackError, unpack

_MEMBERS = (layout.MODEL_MANIFEST, layout.GOLDEN_ROWS)
#: of DescribeTrainingJob, what CreateTrainingJob takes again
_OF_REQUEST = (
    "HyperParameters", "AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig",
    "StoppingCondition", "Environment", "EnableNetworkIsolation",
)  # fmt: skip


class RebuildError(CloudError):
    """A model cannot be made again: something that it was made from is not there or was changed."""


@dataclass(frozen=True)
class Part:
    """An object with rows, and the version of it that was trained on; '' for the current one."""

    key: str
    version_id: str = ""


@dataclass(frozen=True)
class Recipe:
    """The sources of a version: code by digest, plan (with spec, seed and champion), and the parts of its datasets.

    `unproven` are sentences about parts of which it is not known whether they are those that were trained on.
    """

    version: ModelVersion
    run: Run
    plan: Mapping[str, Any]
    parts: tuple[Part, ...]
    unproven: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The key of the archive of code."""
        return layout.training_source(self.version.code_digest)


def recipe(platform: Platform, ledger: Ledger, version: ModelVersion) -> Recipe:
    """Finds everything that a version was made from. Raises RebuildError, which names all that is missing.

    Raises UnsignedError where the ledger's record is not the signed one.
    """
    signing.check(platform, version)
    try:
        run = ledger.run(version.run)
        plan = s3.read_json(platform.models_bucket, layout.training_plan(run.id, layout.PLAN))
        listed = s3.read_json(platform.models_bucket, layout.run(run.id, layout.TRAINING_DATA))
    except (MissingRecordError, s3.MissingObjectError) as error:
        raise RebuildError(f"{version.id} cannot be made again: {error}") from None
    keys = [layout.training_source(version.code_digest)]
    keys += [layout.training_plan(run.id, plan["champion"]["archive"])] if plan.get("champion") else []
    heads = s3.heads(platform.models_bucket, keys)
    missing = [key for key, head in zip(keys, heads, strict=True) if head is None]
    parts, unproven, lost = _parts(platform, run, listed[1:])
    if missing or lost:
        raise RebuildError(f"{version.id} cannot be made again: {', '.join([*missing, *lost])} is not there any more")
    return Recipe(version, run, plan, parts, unproven)


def fetch(platform: Platform, recipe: Recipe, code: Path, base: Path) -> None:
    """Writes the code to `code`, and plan and rows to SageMaker's folders below `base`. Raises RebuildError."""
    archive = base / "code.tar.gz"
    base.mkdir(parents=True)
    s3.download(platform.models_bucket, recipe.code, archive)
    try:
        unpack(archive, code)
    except UnpackError as error:
        raise RebuildError(f"{recipe.code}: {error}") from None
    archive.unlink()
    _check_digest(recipe, code)
    plan = base / "input" / "data" / "plan"
    plan.mkdir(parents=True)
    for item in s3.listing(platform.models_bucket, layout.training_plan(recipe.run.id)):
        s3.download(platform.models_bucket, item["Key"], plan / item["Key"].rsplit("/", 1)[-1])
    for part in recipe.parts:
        path = base / "input" / "data" / "data" / part.key
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download(platform.data_bucket, part.key, path, part.version_id or None)


def registered(platform: Platform, version: ModelVersion) -> Built:
    """The registered model's manifest and golden rows."""
    return Built(*archives.read_json(platform, version.archive_key, _MEMBERS))


def output(platform: Platform, recipe: Recipe, job: str) -> Built:
    """The manifest and golden rows of the model that a job made."""
    return Built(*archives.read_json(platform, _archive(recipe, job), _MEMBERS))


def start(recipe: Recipe, job: str) -> None:
    """Starts the job of the run once more, under another name. Raises RebuildError, QuotaError or BusyError.

    Its request is that of the first job as SageMaker describes it: image, role, instance, channels.
    """
    changed = [part.key for part in recipe.parts if part.version_id]
    if changed:
        raise RebuildError(
            f"a job reads the current objects, and {changed[0]} was changed since: make it again with --local"
        )
    first = recipe.run.training_job or recipe.run.id
    if jobs.describe_training(first) is None:
        raise RebuildError(f"SageMaker describes no training job {first} any more: make it again with --local")
    described = client("sagemaker").describe_training_job(TrainingJobName=first)
    request = {name: described[name] for name in _OF_REQUEST if described.get(name) is not None}
    request["ResourceConfig"].pop("KeepAlivePeriodInSeconds", None)
    tags = {"perennial:model": recipe.version.model, "perennial:rebuild": recipe.version.id}
    with quotas.told():
        client("sagemaker").create_training_job(
            **request, TrainingJobName=job, Tags=[{"Key": name, "Value": value} for name, value in tags.items()]
        )


def _archive(recipe: Recipe, job: str) -> str:
    return layout.training_archive(recipe.run.id, job, layout.MODEL_ARCHIVE)


def _check_digest(recipe: Recipe, code: Path) -> None:
    files = {path.relative_to(code).as_posix(): path.read_bytes() for path in code.rglob("*") if path.is_file()}
    found = digest_of_source(files)
    if found != recipe.version.code_digest:
        raise RebuildError(
            f"{recipe.code} holds the code {found[:12]}, {recipe.version.id} was made with "
            f"{recipe.version.code_digest[:12]}: it was changed, and is not run"
        )


def _parts(platform: Platform, run: Run, keys: list[str]) -> tuple[tuple[Part, ...], tuple[str, ...], list[str]]:
    """The parts of a run's datasets in the version that was trained on; sentences of doubt; the parts that are lost."""
    try:
        etags: dict[str, str] = s3.read_json(platform.models_bucket, layout.run(run.id, layout.TRAINING_PARTS))
    except s3.MissingObjectError:
        etags = {}
    current: dict[str, str] = {}
    for dataset in run.trained_on:
        folder = layout.parts(run.model, dataset)
        current |= {item["Key"]: item["ETag"] for item in s3.listing(platform.data_bucket, folder)}
    parts, lost = [], []
    for key in keys:
        if key in current and etags.get(key, current[key]) == current[key]:
            parts.append(Part(key))
        elif earlier := _earlier(platform, key, etags.get(key)):
            parts.append(Part(key, earlier))
        else:
            lost.append(key)
    unproven = () if etags else ("the run recorded no ETags of its rows: the current objects are taken",)
    return tuple(parts), unproven, lost


def _earlier(platform: Platform, key: str, etag: str | None) -> str | None:
    """The version id of an object with that ETag, which is no longer the current one."""
    found = s3.version_listing(platform.data_bucket, key)
    return next((item["VersionId"] for item in found if item["Key"] == key and item["ETag"] == etag), None)
